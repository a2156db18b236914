//! What people read when `assets` of an app is wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use nano_config::parse;

fn faults(text: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/index.js"), "export default {}").unwrap();
    match parse(text, Path::new("nano.json"), dir.path()) {
        Ok(config) => panic!("taken: {config:?}"),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

/// A document with an app that has a worker and these keys.
fn own(keys: &str) -> String {
    format!("{{\"apps\":[{{\"hostname\":\"h\",\"path\":\"a\",{keys}}}]}}")
}

#[test]
fn faults_of_assets_are_told() {
    let app = |assets: &str| faults(&format!("{{\"apps\":[{{\"name\":\"x\",\"assets\":{assets}}}]}}"));
    for (assets, fault) in [
        ("1", "expected an object such as {\"directory\": \"public\"}, found the number 1"),
        ("{}", "`directory` is missing: where the files are"),
        (r#"{"directry":"a","directory":"a"}"#, "directry: unknown key (did you mean `directory`?)"),
        (r#"{"directory":"a","not_found":"404"}"#, "not_found: expected \"none\" or \"404-page\""),
        (r#"{"directory":"a","run_worker_first":true}"#, "the app has no worker that could run first"),
    ] {
        let found = app(assets);
        assert!(found.len() == 1 && found.concat().contains(fault), "{assets}: {found:?}");
    }
    let missing = app(r#"{"directory":"pubic"}"#).concat();
    assert!(missing.contains("apps[0].assets.directory: there is no"), "{missing}");
    for (keys, fault) in [
        (r#""binding":"x""#, "apps[0].assets.binding: the app has no worker that could use it"),
        (r#""binding":7"#, "apps[0].assets.binding: expected"),
    ] {
        let found = app(&format!("{{\"directory\":\"a\",{keys}}}"));
        assert!(found.len() == 1 && found.concat().contains(fault), "{keys}: {found:?}");
    }
    let taken = faults(&own(r#""env":{"FILES":1},"assets":{"directory":"a","binding":"FILES"}"#)).concat();
    assert!(taken.contains("apps[0].assets.binding: `env` has the key \"FILES\" already"), "{taken}");
    let long = format!(r#""assets":{{"directory":"a","binding":"{}"}}"#, "x".repeat(257));
    assert!(faults(&own(&long)).concat().contains("a name has 1 to 256 bytes"));
}
