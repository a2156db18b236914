//! ES modules of an app: relative imports, cycles, top-level await, dynamic import, and code that outlives the files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Site, app_path, finish};
use serde_json::json;

#[test]
fn imports_are_evaluated_once_and_in_order() {
    let site = Site::new();
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": app_path("modules") }]));
    let nano = site.serve();
    let seen = nano.get("a.local", "/").json();
    assert_eq!(
        seen,
        json!({ "order": ["order", "answer", "index"], "answer": 42, "started": "top-level await", "cycle": "ab sees a" })
    );
    assert_eq!(nano.get("a.local", "/dynamic").json(), json!({ "loaded": "lazy.js" }));
    let missing = nano.get("a.local", "/missing").json();
    assert!(missing["message"].as_str().unwrap().contains("nowhere.js"), "{missing}");
    // Nothing of where the app lies on the host.
    assert!(!missing.to_string().contains(app_path("modules").to_str().unwrap()), "{missing}");
}

#[test]
fn a_single_file_is_an_app_too() {
    let site = Site::new();
    site.file("one.mjs", "export default { fetch: () => new Response('one file') };");
    site.file("two.js", "import { text } from './beside.js'; export default { fetch: () => new Response(text) };");
    site.file("beside.js", "export const text = 'beside';");
    site.apps(json!([
        { "hostname": "one.local", "path": "one.mjs" },
        { "hostname": "two.local", "path": "two.js" },
    ]));
    let nano = site.serve();
    assert_eq!(nano.get("one.local", "/").text(), "one file");
    assert_eq!(nano.get("two.local", "/").text(), "beside");
}

#[test]
fn two_apps_share_nothing() {
    let site = Site::new();
    let source = "globalThis.count = (globalThis.count ?? 0); export default { fetch() { return new Response(String(++globalThis.count)); } };";
    site.app("code", source);
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "code" },
        { "name": "b", "hostname": "b.local", "path": "code" },
    ]));
    let nano = site.serve();
    for count in ["1", "2", "3"] {
        assert_eq!(nano.get("a.local", "/").text(), count);
    }
    assert_eq!(nano.get("b.local", "/").text(), "1");
}

#[test]
fn every_import_that_leads_nowhere_is_named_at_once() {
    let site = Site::new();
    site.app(
        "a",
        "import './gone.js';\nimport fs from 'node:fs';\nimport './b.js';\nimport { Hono } from 'hono';\n\
         import s from 'cloudflare:pipelines';\nexport default { fetch() {} };",
    );
    site.file("a/b.js", "import './gone.js';\nimport './also-gone.js';\n");
    for start in ["eager", "on-demand"] {
        site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "start": start }]));
        let checked = finish(&mut site.command("nano", &["check", "nano.json"]), "");
        assert_eq!(checked.code, Some(1), "{checked:?}");
        for told in [
            "a/index.js:1:8",
            "The module gone.js cannot be loaded: no such file",
            "it needs `\"compatibility_flags\": [\"nodejs_compat\"]`",
            "Cannot import \"hono\"",
            "nano has no cloudflare:pipelines",
            "The module also-gone.js cannot be loaded: no such file",
            "a/b.js:2:8",
        ] {
            assert_eq!(checked.stderr.matches(told).count(), 1, "{start}: {told}: {}", checked.stderr);
        }
        assert!(!checked.stderr.contains("SIGKILL"), "{}", checked.stderr);
    }
}
