//! For which names of a configuration certificates are ordered.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use nano_config::load;
use tempfile::TempDir;

use super::*;

fn config(apps: &str, certificates: &str) -> Config {
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("a")).unwrap();
    fs::write(place.path().join("a/index.js"), "").unwrap();
    for file in ["a.pem", "a.key"] {
        fs::write(place.path().join(file), "").unwrap();
    }
    let acme = r#""acme": {"directory": "https://acme.example/dir", "storage": "acme", "agree": true}"#;
    let text = format!(r#"{{"tls": {{{acme}{certificates}}}, "apps": [{apps}]}}"#);
    let file = place.path().join("nano.json");
    fs::write(&file, text).unwrap();
    load(&file).unwrap()
}

fn app(name: &str, hostnames: &str) -> String {
    format!(r#"{{"name": "{name}", "path": "a", "hostname": {hostnames}}}"#)
}

#[test]
fn exact_names_that_no_file_has() {
    let apps = [
        app("a", r#"["A.Example.", "*.a.example", "127.0.0.1", "[::1]", "localhost", "x.localhost"]"#),
        app("b", r#"["b.example", "www.b.example", "x.www.b.example", "c.example"]"#),
        app("c", r#""*""#),
    ];
    let apps = apps.join(",");
    let (names, left_out) = wanted(&config(&apps, ""));
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(names, ["a.example", "b.example", "c.example", "www.b.example", "x.www.b.example"]);
    assert_eq!(left_out, 0);
    // A wildcard of a certificate stands for one label.
    let entry = r#", "certificates": [{"hostnames": ["c.example", "*.b.example"], "cert": "a.pem", "key": "a.key"}]"#;
    let (names, _) = wanted(&config(&apps, entry));
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(names, ["a.example", "b.example", "x.www.b.example"]);
}

#[test]
fn names_are_bounded() {
    let names: Vec<_> = (0..MAX_NAMES + 5).map(|index| format!(r#""a{index}.example""#)).collect();
    let (names, left_out) = wanted(&config(&app("a", &format!("[{}]", names.join(","))), ""));
    assert_eq!((names.len(), left_out), (MAX_NAMES, 5));
}
