//! A save, and what follows.

use nano_test::{Site, until};

use crate::server::DevServer;

const CONFIG: &str = r#"{ "name": "a", "main": "index.ts", "vars": { "WORD": "one" } }"#;

fn app(text: &str) -> String {
    format!(
        "import {{ word }} from './word';\nexport default {{ fetch: (_: Request, env: any) => new Response(`{text} ${{word}} ${{env.WORD}}`) }};\n"
    )
}

fn site() -> Site {
    let site = Site::new();
    site.file("p/wrangler.json", CONFIG)
        .file("p/index.ts", &app("hello"))
        .file("p/word.ts", "export const word = 'w';");
    site
}

#[test]
fn what_is_saved_is_served() {
    let site = site();
    let dev = DevServer::start(&site, &["p"]);
    dev.await_text("hello w one");
    site.file("p/index.ts", &app("goodbye"));
    dev.await_text("goodbye w one");
    dev.await_line("reloaded in ");
    // A module that it imports, the configuration, secrets, and a file that comes and goes.
    site.file("p/word.ts", "export const word = 'x';");
    dev.await_text("goodbye x one");
    site.file("p/wrangler.json", &CONFIG.replace("one", "two"));
    dev.await_text("goodbye x two");
    site.file("p/.dev.vars", "WORD=secret");
    dev.await_text("goodbye x secret");
    std::fs::remove_file(site.path("p/.dev.vars")).unwrap();
    dev.await_text("goodbye x two");
    // Written in place, and not renamed to.
    std::fs::write(site.path("p/word.ts"), "export const word = 'y';").unwrap();
    dev.await_text("goodbye y two");
}

#[test]
fn a_save_that_changes_nothing_starts_nothing() {
    let site = site();
    let dev = DevServer::start(&site, &["p"]);
    dev.await_text("hello w one");
    site.file("p/word.ts", "export const word: string = 'w';");
    site.file("p/index.ts", &app("other"));
    dev.await_text("other w one");
    assert!(dev.log.count("reloaded in ") <= 2, "{:#?}", dev.log.lines());
}

#[test]
fn an_error_is_shown_and_the_version_before_it_served() {
    let site = site();
    let dev = DevServer::start(&site, &["p"]);
    dev.await_text("hello w one");
    site.file("p/index.ts", "const a = <b>'c'\nexport default { fetch( };\n");
    dev.await_line("error: p/index.ts:2:");
    dev.await_line("waiting for a change; the version before it is still served");
    let page = until("the page", || Some(dev.navigate("/")).filter(|page| page.status == 500));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("p/index.ts:2:") && page.text().contains("export default { fetch( };"), "{page:?}");
    assert!(!page.text().contains("<b>"), "{page:?}");
    assert_eq!(dev.get("localhost", "/").text(), "hello w one");

    site.file("p/index.ts", "throw new Error('at the top <i>');\n");
    let thrown = dev.await_line("at the top");
    assert!(thrown.contains("p/index.ts:1:7"), "{thrown}");
    until("the page", || dev.navigate("/").text().contains("at the top &lt;i&gt;").then_some(()));
    assert_eq!(dev.get("localhost", "/").text(), "hello w one");

    site.file("p/wrangler.json", "{ \"name\": }");
    dev.await_line("wrangler.json: ");
    site.file("p/wrangler.json", CONFIG).file("p/index.ts", &app("mended"));
    dev.await_text("mended w one");
    until("no page", || (dev.navigate("/").text() == "mended w one").then_some(()));
}

#[test]
fn a_project_that_is_broken_at_first_is_waited_for() {
    let site = site();
    site.file("p/word.ts", "export const other = 1;");
    let dev = DevServer::start(&site, &["p"]);
    dev.await_line("waiting for a change");
    assert_eq!(dev.get("localhost", "/").json()["code"], "not_built");
    assert_eq!(dev.navigate("/").status, 500);
    site.file("p/word.ts", "export const word = 'mended';");
    dev.await_text("hello mended one");
}

#[test]
fn imports_that_lead_nowhere_are_named_at_once_and_looked_for() {
    let site = site();
    // One that is used for its type alone is none, as TypeScript has it.
    let index = "import { a } from './later';\nimport fs from 'node:fs';\nimport { Hono } from 'hono/tiny';\n\
                 import s from 'cloudflare:pipelines';\nimport { T } from 'only-types';\nimport './word';\nlet t: T;\n\
                 export default { fetch: () => new Response(a + fs + Hono + s) };\n";
    site.file("p/index.ts", index).file("p/word.ts", "import '@x/y/z';");
    let dev = DevServer::start(&site, &["p"]);
    for told in [
        "p/index.ts:1:19: Cannot import \"./later\": there is no such file",
        "p/index.ts:2:16: Cannot import \"node:fs\": it needs \"nodejs_compat\" in `compatibility_flags`",
        "p/index.ts:3:22: Cannot import \"hono/tiny\": the package is not installed: npm install hono",
        "p/index.ts:4:15: Cannot import \"cloudflare:pipelines\": nano has no cloudflare:pipelines",
        "p/word.ts:1:8: Cannot import \"@x/y/z\": the package is not installed: npm install @x/y",
    ] {
        dev.await_line(told);
    }
    assert_eq!(dev.log.count("only-types"), 0);
    // One after the other they are there; nothing else changes.
    site.file(
        "p/index.ts",
        "import { a } from './later';\nimport './word';\nexport default { fetch: () => new Response(a) };\n",
    );
    until("one less", || (dev.log.count("Cannot import \"@x/y/z\"") == 2).then_some(()));
    site.file("p/node_modules/@x/y/package.json", r#"{ "name": "@x/y", "exports": { "./z": "./z.js" } }"#);
    site.file("p/node_modules/@x/y/z.js", "");
    until("the package is seen", || (dev.log.count("Cannot import \"./later\"") >= 3).then_some(()));
    site.file("p/later.ts", "export const a: string = 'there';");
    dev.await_text("there");
}

#[test]
fn static_files_are_served_as_they_are_now() {
    let site = Site::new();
    site.file("p/wrangler.toml", "name = \"a\"\n[assets]\ndirectory = \"public\"\n").file("p/public/index.html", "one");
    let dev = DevServer::start(&site, &["p"]);
    dev.await_text("one");
    site.file("p/public/index.html", "two");
    dev.await_text("two");
}
