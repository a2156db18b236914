//! `nano import`: what it prints is an entry that `nano check` takes, and that is served.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use nano_test::{Site, finish};
use serde_json::{Value, json};

#[test]
fn what_is_imported_is_served() {
    let site = Site::new();
    site.file(
        "project/wrangler.jsonc",
        r#"{
  "name": "shop", "main": "./worker.mjs", // built already
  "compatibility_flags": ["nodejs_als"],
  "vars": { "WORDS": ["a", "b"], },
  "assets": { "directory": "./public", "binding": "FILES", "html_handling": "none", "not_found_handling": "none", "run_worker_first": ["/w"] },
  "kv_namespaces": [{ "binding": "CACHE" }],
  "triggers": { "crons": ["0 4 * * mon"] },
}"#,
    );
    site.file("project/public/page.html", "a page");
    site.file(
        "project/worker.mjs",
        "import { AsyncLocalStorage } from 'node:async_hooks';\n\
         export default { fetch: (_, env) => Response.json([env.WORDS, typeof env.FILES.fetch, typeof AsyncLocalStorage]), scheduled() {} };",
    );
    let imported = finish(&mut site.command("nano", &["import", "project"]), "");
    assert_eq!(imported.code, Some(0), "{imported:?}");
    for told in ["hostname: ", "kv_namespaces: nano has no KV (`env.CACHE`)"] {
        assert!(imported.stderr.contains(told), "{imported:?}");
    }
    let mut entry: Value = serde_json::from_str(&imported.stdout).unwrap();
    assert_eq!(entry["crons"], json!(["0 4 * * mon"]));
    entry["hostname"] = json!("shop.local");
    site.apps(json!([entry]));
    let checked = finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let nano = site.serve();
    assert_eq!(nano.get("shop.local", "/w").json(), json!([["a", "b"], "function", "function"]));
    assert_eq!(nano.get("shop.local", "/page.html").text(), "a page");

    let refused = finish(&mut site.command("nano", &["import", "project", "--env", "none"]), "");
    assert!(refused.code == Some(1) && refused.stderr.contains("it has none"), "{refused:?}");
    let refused = finish(&mut site.command("nano", &["import", "project/public"]), "");
    assert!(refused.code == Some(1) && refused.stderr.contains("has no wrangler.json"), "{refused:?}");
}
