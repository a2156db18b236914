//! Specifiers that are resolved, and those that are refused.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn js(referrer: &str, specifier: &str) -> Result<String, Refusal> {
    resolve(referrer, specifier, false).map(|(path, kind)| {
        assert_eq!(kind, ModuleKind::JavaScript);
        path
    })
}

#[test]
fn relative_specifiers_stay_in_the_app() {
    assert_eq!(js("index.js", "./a.js").unwrap(), "a.js");
    assert_eq!(js("lib/b.js", "../a.mjs").unwrap(), "a.mjs");
    assert_eq!(js("lib/b.js", "./deep/./c.js").unwrap(), "lib/deep/c.js");
    assert_eq!(js("index.js", "./a%20b.js").unwrap(), "a b.js");
}

#[test]
fn everything_else_is_refused() {
    for (specifier, refusal) in [
        ("lodash", Refusal::Bare("lodash".into(), "index.js".into())),
        ("@scope/x", Refusal::Bare("@scope/x".into(), "index.js".into())),
        ("node:fs", Refusal::Node("node:fs".into())),
        ("fs/promises", Refusal::Node("fs/promises".into())),
        ("cloudflare:pipelines", Refusal::Cloudflare("cloudflare:pipelines".into())),
        ("bun:ffi", Refusal::Platform("Bun's")),
        ("npm:lodash", Refusal::Registry("index.js".into())),
        ("https://evil.example/x.js", Refusal::Url),
        ("file:///etc/passwd", Refusal::Url),
        ("data:text/javascript,1", Refusal::Url),
        ("/etc/passwd.js", Refusal::Absolute),
        ("../x.js", Refusal::Outside),
        ("./lib/../../x.js", Refusal::Outside),
        ("./%2e%2e/x.js", Refusal::NotAPath),
        ("./..%2fx.js", Refusal::NotAPath),
        ("./x.js%00.js", Refusal::NotAPath),
        ("./x.js?1", Refusal::NotAPath),
        ("./%zz.js", Refusal::NotAPath),
        ("./x", Refusal::Extension),
        ("./x.ts", Refusal::Extension),
        ("./wasm", Refusal::Extension),
        ("./x.wasm?init", Refusal::NotAPath),
        ("./x.js?module", Refusal::NotAPath),
        ("x.wasm?module", Refusal::Bare("x.wasm".into(), "index.js".into())),
    ] {
        assert_eq!(js("index.js", specifier), Err(refusal), "{specifier}");
    }
    for specifier in ["./x.js", "./x.txt", "./x.wasm"] {
        assert_eq!(resolve("index.js", specifier, true), Err(Refusal::JsonExtension), "{specifier}");
    }
}

#[test]
fn a_file_is_what_its_name_says() {
    for (specifier, path, kind) in [
        ("./a.json", "lib/a.json", ModuleKind::Json),
        ("./a.txt", "lib/a.txt", ModuleKind::Text),
        ("../page.html", "page.html", ModuleKind::Text),
        ("./1.sql", "lib/1.sql", ModuleKind::Text),
        ("./a.svg", "lib/a.svg", ModuleKind::Text),
        ("./font.woff2", "lib/font.woff2", ModuleKind::Bytes),
        ("./a.js.bin", "lib/a.js.bin", ModuleKind::Bytes),
        ("./a.wasm", "lib/a.wasm", ModuleKind::Wasm),
        ("./a.wasm?module", "lib/a.wasm", ModuleKind::Wasm),
        ("cloudflare:workers", "cloudflare:workers", ModuleKind::BuiltIn),
    ] {
        assert_eq!(resolve("lib/index.js", specifier, false), Ok((path.into(), kind)), "{specifier}");
    }
    assert_eq!(resolve("index.js", "./a.json", true), Ok(("a.json".into(), ModuleKind::Json)));
}

#[test]
fn urls_and_paths_go_both_ways() {
    let base = Url::parse("file:///app/").unwrap();
    for path in ["index.js", "lib/a b.js", "ü/%.js"] {
        let url = url_of(&base, path);
        assert!(url.starts_with("file:///app/"), "{url}");
        assert_eq!(path_of(&base, &url).as_deref(), Some(path), "{url}");
    }
    assert_eq!(path_of(&base, "file:///etc/x.js"), None);
}
