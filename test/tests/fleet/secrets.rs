//! Secrets: encrypted where they are deployed, opened by nodes, nowhere to be seen between the two.

use crate::{PREFIX, await_connected, site};
use nano_test::{Etcd, Finished, Site, until};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const SECRET: &str = "hush-5e1f0c";
const TELLS: &str = "export default { fetch: (request, env) => new Response(String(env.KEY)) };";

/// A key pair: the private key's file in the site, and the public key.
fn key(etcd: &Etcd, site: &Site, name: &str) -> String {
    let made = etcd.nanoctl(&["fleet", "secrets-key", "--new", site.path(name).to_str().unwrap()]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let mode = std::fs::metadata(site.path(name)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // nano gives root up where it has it.
    std::fs::set_permissions(site.path(name), Permissions::from_mode(0o644)).unwrap();
    made.stdout.trim().to_owned()
}

fn publish(etcd: &Etcd, key: &str) {
    let done = etcd.nanoctl(&[&["fleet", "secrets-key", "--publish", key], PREFIX].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
}

/// Deploys the app with a secret from a file.
fn deploy(etcd: &Etcd, app: &str, more: &[&str]) -> Finished {
    let site = Site::new();
    site.file("code/index.js", TELLS).file("secret", &format!("{SECRET}\n"));
    let secret = format!("KEY=@{}", site.path("secret").display());
    etcd.deploy(&site.path("code"), app, &[PREFIX, &["--secret", &secret], more].concat())
}

fn everything(etcd: &Etcd) -> String {
    etcd.ctl(&["get", "--prefix", ""], "").stdout
}

#[test]
fn a_secret_is_read_by_the_app_and_by_nobody_on_the_way() {
    let Some(etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({ "secret_keys": ["fleet.key"] }));
    let public = key(&etcd, &site, "fleet.key");
    let nano = site.serve();
    await_connected(&nano);
    let none = deploy(&etcd, "shop.local", &[]);
    assert_eq!(none.code, Some(1), "{none:?}");
    assert!(none.stderr.contains("secrets-key"), "{none:?}");
    publish(&etcd, &public);
    let done = deploy(&etcd, "shop.local", &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(nano.get("shop.local", "/").text(), SECRET);
    // The same by the spelling of nano.json, from DIR/nano.app.json.
    let other = Site::new();
    other.file("code/index.js", TELLS).file("secret", SECRET);
    other.file("code/nano.app.json", r#"{ "env": { "KEY": { "file": "../secret" } } }"#);
    let done = etcd.deploy(&other.path("code"), "file.local", PREFIX);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(nano.get("file.local", "/").text(), SECRET);
    other.file("code/secret", SECRET);
    other.file("code/nano.app.json", r#"{ "env": { "KEY": { "file": "secret" } } }"#);
    let inside = etcd.deploy(&other.path("code"), "file.local", PREFIX);
    assert_eq!(inside.code, Some(1), "{inside:?}");
    assert!(inside.stderr.contains(".nanoignore"), "{inside:?}");
    // It stays when the code changes.
    other.file("code/nano.app.json", "").file("more/index.js", &format!("{TELLS}//"));
    assert_eq!(etcd.deploy(&other.path("more"), "shop.local", PREFIX).code, Some(0));
    assert_eq!(nano.get("shop.local", "/").text(), SECRET);
    let copy = site.path("copy");
    assert_eq!(etcd.nanoctl(&[&["fleet", "export", copy.to_str().unwrap()], PREFIX].concat()).code, Some(0));
    let mut shown = vec![everything(&etcd), std::fs::read_to_string(copy.join("nano.json")).unwrap()];
    for command in [&["fleet", "apps"][..], &["fleet", "status"], &["fleet", "nodes"], &["history", "shop.local"]] {
        shown.push(etcd.nanoctl(&[&["--json"], command, PREFIX].concat()).stdout);
    }
    shown.push(nano.ctl(&["explain", "shop.local"]).stdout);
    shown.push(nano.log.lines().join("\n"));
    shown.push(format!("{done:?} {inside:?}"));
    for text in shown {
        assert!(!text.contains(SECRET) && !text.is_empty(), "{text}");
    }
    // A start without etcd has it.
    drop(etcd);
    drop(nano);
    let nano = site.serve();
    assert_eq!(nano.get("shop.local", "/").text(), SECRET);
}

#[test]
fn what_a_node_cannot_open_is_refused_there() {
    let Some(etcd) = Etcd::start() else { return };
    let node = site(&etcd, "a", json!({ "secret_keys": ["fleet.key"] }));
    let public = key(&etcd, &node, "fleet.key");
    publish(&etcd, &public);
    let without = site(&etcd, "b", json!({}));
    let (nano, other) = (node.serve(), without.serve());
    await_connected(&nano);
    await_connected(&other);
    let done = deploy(&etcd, "shop.local", &[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stdout.contains("a: ready") && done.stdout.contains("b: refused"), "{done:?}");
    assert!(done.stdout.contains("env.KEY") && done.stdout.contains("secret_keys"), "{done:?}");
    drop(other);
    until("it is gone", || etcd.ctl(&["get", "/nano/test/nodes/b"], "").stdout.is_empty().then_some(()));
    // A deployer who copies what it cannot read into an app of its own.
    let text = etcd.ctl(&["get", "--print-value-only", "/nano/test/apps/shop.local"], "").stdout;
    etcd.put("/nano/test/apps/thief.local", text.trim());
    let mut renamed: Value = serde_json::from_str(&text).unwrap();
    let sealed = renamed["settings"]["env"]["KEY"].take();
    renamed["settings"]["env"] = json!({ "OTHER": sealed });
    renamed["settings"]["hostname"] = json!("renamed.local");
    etcd.put("/nano/test/apps/renamed.local", &renamed.to_string());
    renamed["settings"]["env"] = json!({ "KEY": { "encrypted": "nano1.0123456789abcdef.00" } });
    etcd.put("/nano/test/apps/short.local", &renamed.to_string());
    until("each has its reason", || {
        let nodes = etcd.nanoctl(&[&["--json", "fleet", "nodes"], PREFIX].concat()).stdout;
        let nodes: Value = serde_json::from_str(&nodes).ok()?;
        let why = |app: &str| nodes["nodes"]["a"]["unready"][app]["why"].as_str().map(str::to_owned);
        let forged = |app: &str| why(app).is_some_and(|why| why.contains("cannot be decrypted"));
        let short = why("short.local").is_some_and(|why| why.contains("no encrypted value"));
        (forged("thief.local") && forged("renamed.local") && short).then_some(())
    });
    for host in ["thief.local", "renamed.local", "short.local"] {
        assert_eq!(nano.get(host, "/").status, 404);
    }
    assert_eq!(nano.get("shop.local", "/").text(), SECRET);
}

#[test]
fn keys_are_changed_and_pinned() {
    let Some(etcd) = Etcd::start() else { return };
    let node = site(&etcd, "a", json!({ "secret_keys": ["new.key", "old.key"] }));
    let [old, new] = ["old.key", "new.key"].map(|name| key(&etcd, &node, name));
    publish(&etcd, &old);
    let nano = node.serve();
    await_connected(&nano);
    assert_eq!(deploy(&etcd, "old.local", &[]).code, Some(0));
    publish(&etcd, &new);
    assert_eq!(deploy(&etcd, "new.local", &[]).code, Some(0));
    for host in ["old.local", "new.local"] {
        assert_eq!(nano.get(host, "/").text(), SECRET);
    }
    // Who may write etcd puts a key of his own there: who has named one is not deceived.
    let thief = Site::new();
    publish(&etcd, &key(&etcd, &thief, "thief.key"));
    let pinned = deploy(&etcd, "pinned.local", &["--secrets-key", &new]);
    assert_eq!(pinned.code, Some(0), "{pinned:?}");
    assert_eq!(nano.get("pinned.local", "/").text(), SECRET);
    let deceived = deploy(&etcd, "deceived.local", &[]);
    assert_eq!(deceived.code, Some(1), "no node has that key: {deceived:?}");
    assert!(deceived.stdout.contains("from etcd"), "{deceived:?}");
    etcd.put("/nano/test/secrets/key", "noise");
    let noise = deploy(&etcd, "noise.local", &[]);
    assert_eq!(noise.code, Some(1), "{noise:?}");
    assert!(noise.stderr.contains("public key"), "{noise:?}");
    // A value in the command line would be in the list of processes.
    let plain = etcd.nanoctl(&["deploy", ".", "--app", "x", "--secret", "KEY=plain"]);
    assert!(plain.code == Some(1) && !plain.stderr.contains("plain;"), "{plain:?}");
    let keyless = Command::new(nano_test::binary("nanoctl"))
        .args(["fleet", "secrets-key", "--new", thief.path("more.key").to_str().unwrap()])
        .env_remove("NANO_FLEET_ENDPOINTS")
        .output()
        .unwrap();
    assert!(keyless.status.success(), "a key is made without a fleet: {keyless:?}");
}
