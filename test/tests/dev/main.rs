//! `nano dev`: projects as developers have them, served from their sources, and their changes as they are saved.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod changes;
mod hostile;
mod packages;
mod server;
mod stacks;
mod typescript;

use nano_test::{Site, finish};
use serde_json::json;
use server::DevServer;

#[test]
fn a_project_of_wrangler_is_served_with_what_it_has() {
    let site = Site::new();
    site.file(
        "project/wrangler.jsonc",
        r#"{
  "name": "shop", "main": "src/index.ts", // not built
  "compatibility_flags": ["nodejs_compat"],
  "vars": { "PLACE": "vars", "LIST": [1, 2], },
  "assets": { "directory": "./public", "binding": "FILES" },
  "kv_namespaces": [{ "binding": "CACHE", "id": "x" }],
  "d1_databases": [{ "binding": "DB", "database_id": "x" }],
  "rules": [{ "type": "Text", "globs": ["**/*.md"] }],
  "define": { "VERSION": "\"1.2\"" },
  "env": { "staging": { "vars": { "PLACE": "staging" }, "define": { "VERSION": "2" } } },
}"#,
    );
    site.file("project/.dev.vars", "SECRET=hidden\n");
    site.file("project/public/page.txt", "a page");
    site.file("project/src/note.md", "# a note");
    site.file("project/src/data.json", r#"{ "a": [1] }"#);
    site.file("project/src/words.txt", "words");
    // The smallest module: magic and version.
    std::fs::write(site.path("project/src/empty.wasm"), b"\0asm\x01\0\0\0").unwrap();
    std::fs::write(site.path("project/src/three.bin"), [1, 2, 3]).unwrap();
    site.file(
        "project/src/index.ts",
        r#"
import { EventEmitter } from 'node:events';
import { join } from 'path';
import note from './note.md';
import data from './data.json';
import words from './words.txt';
import wasm from './empty.wasm';
import bytes from './three.bin';
declare const VERSION: string;
export default {
  async fetch(request: Request, env: Record<string, unknown>): Promise<Response> {
    return Response.json([
      env.PLACE, env.LIST, env.SECRET, typeof env.FILES, typeof env.CACHE,
      typeof EventEmitter, join('a', 'b'), note, data, words,
      wasm instanceof WebAssembly.Module, bytes.byteLength, VERSION, process.env.NODE_ENV, request.headers.get('host'),
    ]);
  },
} satisfies ExportedHandler;
"#,
    );
    let dev = DevServer::start(&site, &["project"]);
    let expected = json!([
        "vars", [1, 2], "hidden", "object", "undefined", "function", "a/b", "# a note", { "a": [1] }, "words", true, 3,
        "1.2", "development", "any.example"
    ]);
    assert_eq!(dev.get("any.example", "/x").json(), expected);
    assert_eq!(dev.get("other.example", "/page.txt").text(), "a page");
    for told in ["kv_namespaces: nano has no KV (`env.CACHE`)", "d1_databases: nano has no D1 (`env.DB`)"] {
        dev.await_line(told);
    }
    let staging = DevServer::start(&site, &["project", "--env", "staging", "--set", "memory_mb=64"]);
    assert_eq!(staging.get("any.example", "/x").json()[0], "staging");
}

#[test]
fn a_directory_with_a_module_is_served() {
    let site = Site::new();
    site.file("app/index.js", "export default { fetch: () => new Response('plain') };");
    assert_eq!(DevServer::start(&site, &["app"]).get("a.local", "/").text(), "plain");
    site.file("app/index.ts", "const text: string = 'typed'; export default { fetch: () => new Response(text) };");
    assert_eq!(DevServer::start(&site, &["app"]).get("a.local", "/").text(), "typed");
    assert_eq!(DevServer::start(&site, &["app/index.js"]).get("a.local", "/").text(), "plain");
}

#[test]
fn what_is_no_project_is_refused() {
    let site = Site::new();
    site.file("empty/readme.txt", "");
    site.file("broken/wrangler.jsonc", "{ \"name\": }");
    site.file("mainless/wrangler.toml", "name = \"a\"\n");
    for (arguments, told) in [
        (&["empty"][..], "there is no wrangler.jsonc"),
        (&["gone"], "gone: No such file"),
        (&["broken"], "wrangler.jsonc"),
        (&["mainless"], "neither `main` nor `assets.directory`"),
        (&["empty", "--set", "x"], "there is no wrangler.jsonc"),
    ] {
        let ended = finish(&mut site.command("nano", &[&["dev"], arguments].concat()), "");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(told), "{told}: {ended:?}");
    }
}

#[test]
fn it_ends_with_its_server_and_leaves_nothing() {
    let site = Site::new();
    site.file("app/index.js", "export default { fetch: () => new Response('plain') };");
    let mut dev = DevServer::start(&site, &["app"]);
    assert_eq!(dev.get("a.local", "/").text(), "plain");
    assert_eq!(dev.files().len(), 1, "{:?}", dev.files());
    dev.stop();
    assert_eq!(dev.files(), Vec::<std::path::PathBuf>::new());
    // The port is taken: the server says why, and it is the end of both.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = finish(&mut site.command("nano", &["dev", "app", "--port", &port]), "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&port), "{ended:?}");
}
