//! Tests of `nano import`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use serde_json::json;

use super::*;

/// What is imported of a file with this text, its paths from its own directory.
fn imported(name: &str, text: &str, environment: Option<&str>) -> Result<(Value, Vec<String>), String> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(name), text).unwrap();
    fs::write(directory.path().join("plain.js"), "import a from './a.js';\nexport default {};\n").unwrap();
    fs::write(directory.path().join("packages.js"), "import { Hono } from 'hono';\nexport default {};\n").unwrap();
    let here = format!("{}/", directory.path().display());
    let told = import(directory.path(), environment).map_err(|error| error.to_string().replace(&here, ""))?;
    let entry = serde_json::from_str(&told.entry.to_string().replace(&here, "")).unwrap();
    Ok((entry, told.notes.iter().map(|note| note.replace(&here, "")).collect()))
}

const JSONC: &str = r#"{
  // A project of wrangler.
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "shop", "main": "src/index.ts", "compatibility_date": "2026-01-01",
  "compatibility_flags": ["nodejs_compat", "nodejs_compat_v2", "global_navigator", "no_such_flag"],
  "routes": ["shop.example/*", { "pattern": "*.shop.example/api/*", "zone_name": "shop.example" }, "*other.example"],
  "vars": { "CURRENCY": "EUR", "LIST": [1, { "a": null }] },
  "assets": { "directory": "./public", "binding": "FILES", "not_found_handling": "404-page", "run_worker_first": ["/api/*"] },
  "kv_namespaces": [{ "binding": "CACHE", "id": "x" }], "d1_databases": [],
  "durable_objects": { "bindings": [{ "name": "ROOM", "class_name": "Room" }] },
  "triggers": { "crons": ["0 * * * *"] }, "limits": { "cpu_ms": 100, "subrequests": 5 },
  "observability": { "enabled": true }, "something_new": 1,
  "env": { "staging": { "vars": { "CURRENCY": "USD" }, "route": "staging.example" } },
}"#;

#[test]
fn a_project_becomes_an_entry() {
    let (entry, notes) = imported("wrangler.jsonc", JSONC, None).unwrap();
    assert_eq!(
        entry,
        json!({
            "name": "shop",
            "hostname": ["shop.example", "*.shop.example", "other.example", "*.other.example"],
            "path": "dist/index.js",
            "env": { "CURRENCY": "EUR", "LIST": [1, { "a": null }] },
            "compatibility_flags": ["eval_at_start", "nodejs_compat"],
            "assets": { "directory": "public", "binding": "FILES", "not_found": "404-page", "run_worker_first": ["/api/*"] },
            "cpu_ms": 100,
            "crons": ["0 * * * *"],
        })
    );
    for told in [
        "routes: *.shop.example/api/*: ",
        "main: src/index.ts has to be built: `npx wrangler deploy --dry-run --outdir dist`",
        "compatibility_flags: no_such_flag: ",
        "kv_namespaces: nano has no KV (`env.CACHE`)",
        "durable_objects: nano has no Durable Objects (`env.ROOM`)",
        "limits.subrequests: ",
        "observability: ",
        "something_new: it is not known",
    ] {
        assert!(notes.iter().any(|note| note.starts_with(told)), "{told}: {notes:#?}");
    }
    assert_eq!(notes.len(), 8, "{notes:#?}");
}

#[test]
fn an_environment_has_its_own() {
    let (entry, notes) = imported("wrangler.jsonc", JSONC, Some("staging")).unwrap();
    assert_eq!(entry["name"], "shop-staging");
    assert_eq!(
        (&entry["env"], &entry["hostname"]),
        (
            &json!({ "CURRENCY": "USD" }),
            &json!(["staging.example", "shop.example", "*.shop.example", "other.example", "*.other.example"])
        )
    );
    assert!(!notes.iter().any(|note| note.contains("KV")), "{notes:#?}");
    let refused = imported("wrangler.jsonc", JSONC, Some("none")).unwrap_err();
    assert_eq!(refused, "wrangler.jsonc: there is no environment \"none\"; it has \"staging\"");
}

#[test]
fn the_older_form_is_read_as_well() {
    let text = "name = \"a\"\nmain = \"plain.js\"\n[vars]\nA = \"b\"\nN = 1\n[[kv_namespaces]]\nbinding = \"KV\"\nid = \"x\"\n";
    let (entry, notes) = imported("wrangler.toml", text, None).unwrap();
    assert_eq!(
        entry,
        json!({ "name": "a", "hostname": "a.localhost", "path": "plain.js", "env": { "A": "b", "N": 1 } })
    );
    assert!(notes.len() == 2 && notes[0].starts_with("hostname: "), "{notes:#?}");
    let (entry, notes) = imported("wrangler.toml", "name = \"a\"\nmain = \"./packages.js\"\n", None).unwrap();
    assert_eq!(entry["path"], "dist/packages.js");
    assert!(notes.iter().any(|note| note.contains("has to be built")), "{notes:#?}");
}

#[test]
fn what_cannot_be_read_says_where() {
    for (name, text, told) in [
        ("wrangler.json", "{ \"name\": }", "wrangler.json: "),
        ("wrangler.json", "[]", "wrangler.json: it is no object"),
        ("wrangler.toml", "name = ", "wrangler.toml: TOML parse error at line 1"),
        ("other.json", "{}", "has no wrangler.json"),
    ] {
        let error = imported(name, text, None).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}
