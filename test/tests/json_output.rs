//! What `nanoctl --json` prints, by kinds: a number is a number and no text, a path is absolute.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Site, app_path, until};
use serde_json::{Value, json};

/// Keys whose values are texts, whatever stands in them.
const TEXTS: [&str; 4] = ["detail", "message", "nano", "version"];

/// What is wrong in a value, with the way to it.
fn faults(value: &Value, way: &str, found: &mut Vec<String>) {
    let key = way.rsplit('.').next().unwrap_or_default();
    match value {
        Value::String(text) => {
            let number = text.trim().parse::<f64>().is_ok_and(f64::is_finite);
            if number && !TEXTS.contains(&key) {
                found.push(format!("{way}: {text:?} is a number"));
            }
            let path = ["path", "file", "config", "config_path", "module", "control_socket"].contains(&key);
            if path && !text.starts_with('/') {
                found.push(format!("{way}: {text:?} is no absolute path"));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| faults(item, way, found)),
        Value::Object(members) => {
            for (name, member) in members {
                // The value of a setting is what was written.
                if name != "value" {
                    faults(member, &format!("{way}.{name}"), found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn numbers_are_numbers_and_paths_are_absolute() {
    let site = Site::new();
    site.app("b", "export default { fetch: () => new Response('b') };");
    site.config(json!({ "apps": [
        { "name": "a", "hostname": "a.local", "path": app_path("faults"), "max_buffer_size_mb": 0.5, "env": { "N": 1 } },
        { "name": "b", "hostname": "b.local", "path": "b" },
    ]}));
    // It is started with a relative path.
    let nano = site.serve();
    assert_ne!(nano.get("a.local", "/heap").status, 200);
    until("the death is known", || {
        let records = nano.ctl_json(&["why", "a"]);
        (!records["records"].as_array()?.is_empty()).then_some(())
    });
    for command in [
        "status",
        "apps",
        "explain a",
        "explain b.local",
        "why a",
        "log-level",
        "reload --dry-run",
        "reload",
        "stop b",
        "start b",
        "restart b",
        "version",
        "top --once --interval 0.2",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let answer = nano.ctl_json(&words);
        assert!(answer.is_object(), "{command}: {answer}");
        let mut found = Vec::new();
        faults(&answer, command, &mut found);
        assert_eq!(found, Vec::<String>::new(), "{answer}");
    }
    assert_eq!(nano.ctl_json(&["apps"])["apps"][0]["max_buffer_size_mb"], json!(0.5));
    let lines = nano.ctl(&["logs", "--json"]).stdout;
    assert!(lines.lines().count() > 5);
    for line in lines.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let mut found = Vec::new();
        faults(&record, "logs", &mut found);
        found.retain(|fault| !fault.contains("client") && !fault.contains("path"));
        assert_eq!(found, Vec::<String>::new(), "{line}");
    }
}

#[test]
fn a_number_as_a_text_and_a_relative_path_turn_it_red() {
    let mut found = Vec::new();
    faults(&json!({ "a": [{ "limit": "64" }], "config": "nano.json", "version": "1.5", "value": "3" }), "", &mut found);
    assert_eq!(found.len(), 2, "{found:?}");
}
