//! `nanoctl explain`: each effective setting and where it comes from, with a nano that runs and without.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Site, app_path, finish};
use serde_json::{Value, json};

fn site() -> Site {
    let site = Site::new();
    site.config(json!({
        "defaults": { "timeout_ms": 4321 },
        "apps": [
            { "name": "a", "hostname": ["a.local", "*.a.local"], "path": app_path("faults"), "memory_mb": 64,
              "env": { "TOKEN": "hunter2", "PLAIN": "hunter3" } },
        ],
    }));
    site
}

/// The line of the file that has this text.
fn line(site: &Site, text: &str) -> usize {
    let config = std::fs::read_to_string(site.config_path()).unwrap();
    config.lines().position(|line| line.contains(text)).unwrap() + 1
}

fn setting<'b>(body: &'b Value, key: &str) -> &'b Value {
    body["settings"].as_array().unwrap().iter().find(|each| each["key"] == key).unwrap()
}

#[test]
fn the_running_nano_says_what_serves_also_when_the_file_is_broken() {
    let site = site();
    let nano = site.serve();
    let (memory, timeout) = (line(&site, "memory_mb"), line(&site, "timeout_ms"));
    site.file("nano.json", "{ broken");
    let body = nano.ctl_json(&["explain", "x.a.local"]);
    assert_eq!((&body["app"], &body["matched"]), (&json!("a"), &json!("*.a.local")));
    let own = setting(&body, "memory_mb");
    assert_eq!((&own["value"], &own["origin"], &own["place"]["line"]), (&json!(64), &json!("own"), &json!(memory)));
    let default = setting(&body, "timeout_ms");
    assert_eq!((&default["value"], &default["origin"]), (&json!(4321), &json!("defaults")));
    assert_eq!(default["place"]["line"], timeout);
    assert_eq!(setting(&body, "cpu_ms")["origin"], "built in");
    assert_eq!((&body["running"]["state"], body["running"]["sandbox"]["layers"].is_object()), (&json!("ready"), true));
    let shown = nano.ctl(&["explain", "a"]);
    for text in ["PLAIN", "TOKEN", "(values are not shown)", &format!("nano.json:{timeout}:"), "built in", "ready"] {
        assert!(shown.stdout.contains(text), "lacks {text}: {}", shown.stdout);
    }
    for text in [&shown.stdout, &body.to_string()] {
        assert!(!text.contains("hunter"), "{text}");
    }
    let unknown = nano.ctl(&["explain", "nobody.local"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("requests for it get 404"), "{unknown:?}");
}

#[test]
fn a_file_is_explained_when_no_nano_serves_it() {
    let site = site();
    let offline =
        |words: &[&str]| finish(&mut site.command("nanoctl", &[&["--config", "nano.json"], words].concat()), "");
    let shown = offline(&["explain", "a.local"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.contains("no nano serves this file") && shown.stdout.contains("4321"), "{shown:?}");
    assert!(!shown.stdout.contains("hunter"), "{shown:?}");
    site.file("nano.json", r#"{ "apps": [{ "hostnam": "x" }] }"#);
    let broken = offline(&["explain", "a.local"]);
    assert!(broken.code == Some(1) && broken.stderr.contains("nano.json:1:"), "{broken:?}");
    // Without a file there is nothing to explain.
    let nobodys = site.path("nobody.sock");
    let nobody = finish(&mut site.command("nanoctl", &["--socket", nobodys.to_str().unwrap(), "explain", "a"]), "");
    assert_eq!(nobody.code, Some(3), "{nobody:?}");
}

#[test]
fn a_file_is_explained_when_another_is_served_at_its_socket() {
    let (site, other) = (site(), site());
    let nano = other.serve();
    site.config(json!({
        "control_socket": nano.control_socket(),
        "apps": [{ "name": "b", "hostname": "b.local", "path": app_path("faults") }],
    }));
    let shown = finish(&mut site.command("nanoctl", &["--config", "nano.json", "explain", "b.local"]), "");
    assert!(shown.code == Some(0) && shown.stdout.contains("no nano serves this file"), "{shown:?}");
}
