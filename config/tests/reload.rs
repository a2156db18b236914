//! What a reload finds changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use nano_config::{Config, ReloadPlan, parse};
use tempfile::TempDir;

fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for app in ["a", "b"] {
        fs::create_dir(dir.path().join(app)).unwrap();
        fs::write(dir.path().join(app).join("index.js"), "export default {}").unwrap();
        fs::write(dir.path().join(app).join("other.js"), "export default {}").unwrap();
    }
    dir
}

fn config(dir: &TempDir, text: &str) -> Config {
    parse(text, Path::new("nano.json"), dir.path()).unwrap()
}

#[test]
fn apps_come_go_change_and_stay() {
    let dir = directory();
    let old = config(
        &dir,
        r#"{"apps":[{"hostname":"stays","path":"a"},{"hostname":"goes","path":"a"},{"hostname":"changes","path":"a"}]}"#,
    );
    let new = config(
        &dir,
        r#"{"apps":[

            {"hostname":"comes","path":"a"},
            {"hostname":"changes","path":"a","workers":2,"env":{"A":"1"}},
            {"hostname":"stays","path":"a","workers":1}]}"#,
    );
    let plan = ReloadPlan::between(&old, &new);
    assert_eq!(plan.added, ["comes"]);
    assert_eq!(plan.removed, ["goes"]);
    assert_eq!(plan.unchanged, ["stays"], "another place and a default written out are no change");
    let [change] = plan.changed.as_slice() else { unreachable!() };
    assert_eq!((change.name.as_str(), change.keys.as_slice()), ("changes", ["env", "workers"].as_slice()));
    assert!(change.needs_workers());
    assert!(plan.server.is_empty());
    assert!(!plan.is_empty());
    assert!(ReloadPlan::between(&new, &new).is_empty());
}

#[test]
fn each_key_of_an_app_counts() {
    let dir = directory();
    let with = |keys: &str| {
        config(&dir, &format!("{{\"apps\":[{{\"name\":\"x\",\"hostname\":\"x\",\"path\":\"a\"{keys}}}]}}"))
    };
    let base = with("");
    for (key, value) in [
        ("env", r#"{"A":"1"}"#),
        ("env", r#"{"A":{"b":1}}"#),
        ("max_buffer_size_mb", "1"),
        ("max_total_buffer_mb", "1"),
        ("memory_mb", "64"),
        ("timeout_ms", "1"),
        ("cpu_ms", "1"),
        ("workers", "2"),
        ("max_concurrent", "1"),
        ("max_body_mb", "1"),
        ("assets", "{\"directory\":\"b\"}"),
        ("start", "\"on-demand\""),
        ("idle_ms", "1"),
        ("egress", "\"off\""),
        ("request_accessors", "\"method\""),
        ("compatibility_flags", "[\"nodejs_als\"]"),
        ("crons", "[\"* * * * *\"]"),
    ] {
        let plan = ReloadPlan::between(&base, &with(&format!(",\"{key}\":{value}")));
        assert_eq!(plan.changed.iter().map(|change| change.keys.clone()).collect::<Vec<_>>(), [vec![key]]);
        assert!(plan.changed.iter().all(nano_config::AppChange::needs_workers), "{key}");
    }
    let moved = config(&dir, r#"{"apps":[{"name":"x","hostname":"x","path":"b"}]}"#);
    assert_eq!(ReloadPlan::between(&base, &moved).changed.first().unwrap().keys, ["path"]);
    let module = config(&dir, r#"{"apps":[{"name":"x","hostname":"x","path":"a/other.js"}]}"#);
    assert_eq!(ReloadPlan::between(&base, &module).changed.first().unwrap().keys, ["path"]);
    let hosts = config(&dir, r#"{"apps":[{"name":"x","hostname":["x","y"],"path":"a"}]}"#);
    let plan = ReloadPlan::between(&base, &hosts);
    assert_eq!(plan.changed.first().unwrap().keys, ["hostname"]);
    assert!(!plan.changed.first().unwrap().needs_workers(), "new routes do");
}

#[test]
fn the_servers_own_keys() {
    let dir = directory();
    let with = |keys: &str| config(&dir, &format!("{{\"apps\":[{{\"hostname\":\"x\",\"path\":\"a\"}}]{keys}}}"));
    let base = with("");
    for (keys, key, restart) in [
        (r#","port":81"#, "port", true),
        (r#","listen":["127.0.0.1:8080"]"#, "listen", true),
        (r#","listen":[{"address":"[::]:8080","proxy_protocol":true}]"#, "listen", true),
        (r#","trusted_proxies":["10.0.0.0/8"]"#, "trusted_proxies", false),
        (r#","metrics":"off""#, "metrics", true),
        (r#","metrics":"127.0.0.1:9464""#, "metrics", true),
        (r#","control_socket":"/x""#, "control_socket", true),
        (r#","control_group":"x""#, "control_group", true),
        (r#","log":{"format":"json"}"#, "log.format", true),
        (r#","log":{"level":"warn"}"#, "log.level", false),
        (r#","log":{"access":false}"#, "log.access", false),
        (r#","log":{"access":"combined"}"#, "log.access", false),
        (r#","drain_ms":1"#, "drain_ms", false),
        (r#","otlp":{"endpoint":"http://a"}"#, "otlp", true),
        (r#","sandbox":"required""#, "sandbox", true),
        (r#","uid_base":1000"#, "uid_base", true),
        (r#","watch":true"#, "watch", false),
        (r#","spares":2"#, "spares", false),
    ] {
        let plan = ReloadPlan::between(&base, &with(keys));
        let [change] = plan.server.as_slice() else { panic!("{keys}: {plan:?}") };
        assert_eq!((change.key, change.needs_restart), (key, restart));
        assert_eq!(
            plan.needs_restart().map(|change| change.key).collect::<Vec<_>>(),
            if restart { vec![key] } else { vec![] }
        );
        assert!(change.location.to_string().starts_with("nano.json:1:"), "{keys}: {}", change.location);
        assert_eq!(plan.unchanged, ["x"]);
    }
    // A key that is gone stands nowhere.
    let plan = ReloadPlan::between(&with(r#","port":81"#), &base);
    let gone: Vec<_> = plan.needs_restart().map(|change| (change.key, change.location.to_string())).collect();
    assert_eq!(gone, [("port", "nano.json".to_owned())]);
    for same in [r#","port":8080"#, r#","listen":["[::]:8080"]"#, r#","log":{}"#, r#","defaults":{"workers":1}"#] {
        assert!(ReloadPlan::between(&base, &with(same)).is_empty(), "{same}");
    }
}
