//! Deploying, going back, taking out; labels and limits; a copy of all.

use crate::{PREFIX, await_connected, code, deploy, deployed, site};
use nano_test::{Etcd, Site};
use serde_json::{Value, json};

#[test]
fn an_app_is_deployed_changed_rolled_back_and_removed() {
    let Some(etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    site.app("code/shop", &code("one"));
    let place = site.path("code/shop");
    // By the node's control socket: no endpoint is named.
    let done = nano.ctl(&["deploy", place.to_str().unwrap(), "--app", "shop.local"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("a: ready"), "{done:?}");
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    deployed(&etcd, &site, "shop.local", "two");
    assert_eq!(nano.get("shop.local", "/").text(), "two");
    let history = nano.ctl_json(&["history", "shop.local"]);
    assert_eq!(history["present"], 2, "{history}");
    let back = nano.ctl(&["rollback", "shop.local"]);
    assert_eq!(back.code, Some(0), "{back:?}");
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    let metrics = nano.metrics();
    assert_eq!(metrics.get("nano_fleet_connected", &[]), Some(1.0));
    assert!(metrics.get("nano_fleet_revision", &[]).unwrap() > 1.0);
    nano.await_metric("nano_fleet_lag_seconds", &[], 0.0);
    let status = nano.ctl(&["fleet", "status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert_eq!(nano.ctl(&["fleet", "remove", "shop.local"]).code, Some(0));
    assert_eq!(nano.get("shop.local", "/").status, 404);
    assert_eq!(nano.ctl(&["rollback", "shop.local"]).code, Some(0), "its history stays");
    assert_eq!(nano.get("shop.local", "/").text(), "one");
}

#[test]
fn what_one_node_refuses_serves_on_the_other() {
    let Some(etcd) = Etcd::start() else { return };
    let (one, other) = (site(&etcd, "one", json!({ "limits": { "memory_mb": 150 } })), site(&etcd, "other", json!({})));
    let (small, large) = (one.serve(), other.serve());
    for nano in [&small, &large] {
        await_connected(nano);
    }
    let done = deploy(&etcd, &one, "big.local", "first", &["--set", "memory_mb=100"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let done = deploy(&etcd, &one, "big.local", "second", &["--set", "memory_mb=200"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stdout.contains("one: refused") && done.stdout.contains("memory_mb"), "{done:?}");
    assert!(done.stdout.contains("other: ready"), "{done:?}");
    assert_eq!(small.get("big.local", "/").text(), "first");
    assert_eq!(large.get("big.local", "/").text(), "second");
    deployed(&etcd, &one, "small.local", "fine");
    assert_eq!(small.get("small.local", "/").text(), "fine");
    let status = etcd.nanoctl(&[&["fleet", "status"], PREFIX].concat());
    assert_eq!(status.code, Some(1), "{status:?}");
    assert!(status.stdout.contains("one: big.local refused"), "{status:?}");
}

#[test]
fn code_that_does_not_compile_is_refused_and_the_rest_goes_on() {
    let Some(etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "good");
    site.file("bad/index.js", "export default {{{");
    let done = etcd.deploy(&site.path("bad"), "shop.local", PREFIX);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stdout.contains("a: refused") && done.stdout.contains("index.js"), "{done:?}");
    let fresh = etcd.deploy(&site.path("bad"), "new.local", PREFIX);
    assert_eq!(fresh.code, Some(1), "{fresh:?}");
    assert_eq!(nano.get("shop.local", "/").text(), "good");
    assert_eq!(nano.get("new.local", "/").status, 404);
    // A start reads the version that serves, not the one that was refused.
    drop(nano);
    let nano = site.serve();
    assert_eq!(nano.get("shop.local", "/").text(), "good");
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "better");
    assert_eq!(nano.get("shop.local", "/").text(), "better");
}

#[test]
fn labels_choose_the_nodes() {
    let Some(etcd) = Etcd::start() else { return };
    let eu = site(&etcd, "eu", json!({ "labels": { "zone": "eu-1" } }));
    let us = site(&etcd, "us", json!({ "labels": { "zone": "us-1" } }));
    let (in_eu, in_us) = (eu.serve(), us.serve());
    for nano in [&in_eu, &in_us] {
        await_connected(nano);
    }
    let done = deploy(&etcd, &eu, "shop.local", "here", &["--set", r#"nodes={"zone":"eu-1"}"#]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("eu: ready") && !done.stdout.contains("us:"), "{done:?}");
    assert_eq!(in_eu.get("shop.local", "/").text(), "here");
    assert_eq!(in_us.get("shop.local", "/").status, 404);
}

#[test]
fn a_rehearsal_changes_nothing_and_a_wrong_setting_is_told_before_anything_is_uploaded() {
    let Some(etcd) = Etcd::start() else { return };
    let site = Site::new();
    let done = deploy(&etcd, &site, "shop.local", "x", &["--dry-run", "--json", "--set", "memory_mb=64"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(said["generation"], 1);
    assert_eq!(said["files"], json!(["index.js"]));
    let wrong = deploy(&etcd, &site, "shop.local", "x", &["--set", "memory=64"]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.stderr.contains("memory_mb"), "{wrong:?}");
    assert_eq!(etcd.ctl(&["get", "--prefix", "--keys-only", "/nano"], "").stdout, "");
}

#[test]
fn of_two_who_deploy_at_once_one_is_told() {
    let Some(etcd) = Etcd::start() else { return };
    let site = Site::new();
    let first = deploy(&etcd, &site, "shop.local", "0", &["--timeout", "0"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let one = |at: usize| {
            let (etcd, site) = (&etcd, &site);
            scope.spawn(move || {
                site.file(&format!("v{at}/index.js"), &code(&at.to_string()));
                etcd.deploy(&site.path(&format!("v{at}")), "shop.local", &[PREFIX, &["--timeout", "0"]].concat())
            })
        };
        let threads: Vec<_> = (1..=6).map(one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let won = outcomes.iter().filter(|done| done.code == Some(0)).count();
    for lost in outcomes.iter().filter(|done| done.code != Some(0)) {
        assert!(lost.stderr.contains("someone else changed"), "{lost:?}");
    }
    assert!(won >= 1);
    let history = etcd.nanoctl(&[&["--json", "history", "shop.local"], PREFIX].concat());
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    assert_eq!(history["present"], 1 + won, "each that won is a generation: {history}");
    assert_eq!(history["generations"].as_array().unwrap().len(), 1 + won);
}

#[test]
fn a_copy_of_the_fleet_is_served_by_one_machine_and_goes_back_into_a_fleet() {
    let Some(etcd) = Etcd::start() else { return };
    let site = Site::new();
    site.file("app/src/main.js", &code("copied")).file("app/public/a.txt", "a file");
    let settings = [
        r#"path="src/main.js""#,
        r#"assets={"directory":"public"}"#,
        r#"env={"KEY":"hush"}"#,
        r#"nodes={"zone":"eu"}"#,
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|set| ["--set", set]).collect();
    let done = etcd.deploy(&site.path("app"), "shop.local", &[PREFIX, &settings, &["--timeout", "0"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    let shown = etcd.nanoctl(&[&["--json", "fleet", "apps"], PREFIX].concat()).stdout;
    assert!(shown.contains("KEY") && !shown.contains("hush"), "{shown}");
    let copy = site.path("copy");
    let exported = etcd.nanoctl(&[&["fleet", "export", copy.to_str().unwrap()], PREFIX].concat());
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let text = std::fs::read_to_string(copy.join("nano.json")).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["apps"][0]["path"] = json!("copy/apps/shop.local/src/main.js");
    config["apps"][0]["assets"]["directory"] = json!("copy/apps/shop.local/public");
    let nano = site.config(config).serve();
    assert_eq!(nano.get("shop.local", "/").text(), "copied");
    assert_eq!(nano.get("shop.local", "/a.txt").text(), "a file");
    let other = ["--prefix", "/nano/other", "--timeout", "0"];
    let back = etcd.nanoctl(&[&["fleet", "import", copy.to_str().unwrap()][..], &other].concat());
    assert_eq!(back.code, Some(0), "{back:?}");
    let of = |prefix: &str| {
        let key = format!("{prefix}/apps/shop.local");
        let value: Value = serde_json::from_str(&etcd.ctl(&["get", "--print-value-only", &key], "").stdout).unwrap();
        (value["bundle"].clone(), value["settings"].clone(), value["nodes"].clone())
    };
    assert_eq!(of("/nano/test"), of("/nano/other"));
}
