//! What is secret in a configuration is in nothing that is said of it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use nano_config::parse;

#[test]
fn env_values_are_in_no_message_and_no_debug_output() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/index.js"), "").unwrap();
    let text = r#"{"apps":[{"hostname":"h","path":"a","env":{"TOKEN":"hunter2","PIN":HOLE}}]}"#;
    let config = parse(&text.replace("HOLE", "\"hunter2\""), Path::new("nano.json"), dir.path()).unwrap();
    let debug = format!("{config:?}");
    assert!(debug.contains("TOKEN") && debug.contains("PIN") && !debug.contains("hunter2"), "{debug}");
    fs::write(dir.path().join("pin"), "4711").unwrap();
    for hole in ["4711", "[\"4711\"]", "{\"x\":\"4711\"}", "{\"file\":\"pin\"}"] {
        let config = parse(&text.replace("HOLE", hole), Path::new("nano.json"), dir.path()).unwrap();
        assert!(!format!("{config:?}").contains("4711"), "{hole}");
    }
    // A file's name is no secret.
    for hole in ["\"4711", "\"4711\\q\"", "4711x"] {
        let error = parse(&text.replace("HOLE", hole), Path::new("nano.json"), dir.path()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("4711"), "{error}");
    }
}
