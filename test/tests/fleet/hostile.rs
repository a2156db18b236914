//! Who may write to etcd means harm: a node takes only what it can check, and stays in its directory.

use crate::{PREFIX, await_connected, deployed, site};
use nano_test::{Etcd, until};
use serde_json::{Value, json};
use std::process::Command;

const MANIFEST_OF: &str = "/nano/test/bundles/";

/// Writes a bundle of this manifest and one chunk as a hostile deployer would; its hash.
fn bundle(etcd: &Etcd, manifest: &Value, data: &str) -> String {
    let text = manifest.to_string();
    let sum = nano_test::finish(Command::new("sha256sum").arg("-"), &text).stdout;
    let hash = format!("sha256:{}", sum.split_whitespace().next().unwrap());
    etcd.put(&format!("{MANIFEST_OF}{hash}/manifest"), &text);
    if !data.is_empty() {
        etcd.put(&format!("{MANIFEST_OF}{hash}/0000"), data);
    }
    hash
}

fn app(etcd: &Etcd, name: &str, hash: &str, settings: &Value) {
    let value = json!({ "settings": settings, "bundle": hash, "generation": 1 });
    etcd.put(&format!("/nano/test/apps/{name}"), &value.to_string());
}

#[test]
fn what_is_not_sound_is_refused_by_itself() {
    let Some(etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "good.local", "one");
    let good: Value =
        serde_json::from_str(&etcd.ctl(&["get", "--print-value-only", "/nano/test/apps/good.local"], "").stdout)
            .unwrap();
    let good = good["bundle"].as_str().unwrap();
    let evil = "export default{}";
    let sum = nano_test::finish(Command::new("sha256sum").arg("-"), evil).stdout;
    let sum = sum.split_whitespace().next().unwrap();
    let file = |path: &str| json!({ "version": 1, "files": [{ "path": path, "bytes": evil.len(), "sha256": sum }] });
    // Paths that leave the bundle, wrong checksums, sizes that overflow.
    app(&etcd, "climbs", &bundle(&etcd, &file("../../../evil.js"), evil), &json!({}));
    app(&etcd, "roots", &bundle(&etcd, &file("/tmp/evil.js"), evil), &json!({}));
    app(&etcd, "lies", &bundle(&etcd, &file("index.js"), "export default{ }"), &json!({}));
    let huge = json!({ "version": 1, "files": [{ "path": "index.js", "bytes": u64::MAX, "sha256": sum }] });
    app(&etcd, "huge", &bundle(&etcd, &huge, evil), &json!({}));
    // Settings that name what is the node's.
    app(&etcd, "path", good, &json!({ "path": "../../../../etc" }));
    app(&etcd, "absolute", good, &json!({ "path": "/etc" }));
    app(&etcd, "secret", good, &json!({ "env": { "KEY": { "file": "/etc/shadow" } } }));
    app(&etcd, "other-bundle", "sha256:../../x", &json!({}));
    app(&etcd, "stolen", good, &json!({ "hostname": "good.local" }));
    // Values and names that are none.
    etcd.put("/nano/test/apps/noise", "{{{");
    etcd.put("/nano/test/apps/../../x", "{}");
    etcd.put("/nano/test/apps/", "{}");
    let unready = until("every one has its reason", || {
        let nodes = etcd.nanoctl(&[&["--json", "fleet", "nodes"], PREFIX].concat());
        let nodes: Value = serde_json::from_str(&nodes.stdout).ok()?;
        let unready = nodes["nodes"]["a"]["unready"].clone();
        let known = unready.as_object()?;
        (known.len() == 10
            && !known.values().any(|one| one["why"].as_str().unwrap().starts_with("its bundle is being")))
        .then_some(unready)
    });
    for (name, why) in [
        ("climbs", "no path"),
        ("roots", "no path"),
        ("lies", "wrong size"),
        ("huge", "too many"),
        ("path", "within the bundle"),
        ("absolute", "within the bundle"),
        ("secret", "not for apps of a fleet"),
        ("other-bundle", "no bundle"),
        ("stolen", "duplicate hostname"),
        ("noise", "not an app"),
    ] {
        assert!(unready[name]["why"].as_str().unwrap().contains(why), "{name}: {}", unready[name]);
    }
    assert_eq!(nano.get("good.local", "/").text(), "one");
    deployed(&etcd, &site, "good.local", "two");
    assert_eq!(nano.get("good.local", "/").text(), "two");
    assert!(!site.path("evil.js").exists() && !site.path("state/evil.js").exists());
    let start = std::path::Path::new("/tmp/evil.js");
    assert!(!start.exists());
}
