//! etcd over TLS: who has no certificate that it trusts is not let in, and whose certificate nobody vouches for is not asked.

use crate::{PREFIX, await_body, await_connected, code};
use nano_test::{Etcd, Finished, Site, finish, until};
use serde_json::{Value, json};
use std::fs;

fn node(etcd: &Etcd, tls: &Value) -> Site {
    let site = Site::new();
    for name in ["ca.pem", "client.pem", "client.key", "stranger.pem", "stranger.key"] {
        site.file(name, &fs::read_to_string(etcd.certificates().join(name)).unwrap());
    }
    site.config(json!({
        "fleet": { "endpoints": [etcd.endpoint()], "node": "a", "prefix": "/nano/test", "tls": tls }, "state_dir": "state",
    }));
    site
}

fn nanoctl(etcd: &Etcd, ca: &str, own: &str) -> Finished {
    let site = Site::new();
    let file = |name: &str| etcd.certificates().join(name).display().to_string();
    let mut command = site.command("nanoctl", &["fleet", "status", "--endpoints", &etcd.endpoint()]);
    command.args(PREFIX).args(["--ca", &file(ca), "--cert", &file(&format!("{own}.pem"))]);
    command.args(["--key", &file(&format!("{own}.key"))]);
    finish(&mut command, "")
}

#[test]
fn with_certificates_on_both_sides() {
    let Some(mut etcd) = Etcd::start_with_tls() else { return };
    let site = node(&etcd, &json!({ "ca": "ca.pem", "cert": "client.pem", "key": "client.key" }));
    let nano = site.serve();
    await_connected(&nano);
    site.app("code", &code("one"));
    let done = etcd.deploy(&site.path("code"), "shop.local", PREFIX);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    // nanoctl beside a nano has its files from it.
    let status = nano.ctl(&["fleet", "status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    // Away and back.
    etcd.kill();
    nano.await_metric("nano_fleet_connected", &[], 0.0);
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    assert!(etcd.resume());
    await_connected(&nano);
    site.app("code", &code("two"));
    assert_eq!(etcd.deploy(&site.path("code"), "shop.local", PREFIX).code, Some(0));
    await_body(&nano, "shop.local", "two");
    let stranger = nanoctl(&etcd, "ca.pem", "stranger");
    assert!(stranger.code == Some(1) && stranger.stderr.contains("no etcd answers"), "{stranger:?}");
    let distrusting = nanoctl(&etcd, "stranger.pem", "client");
    assert!(distrusting.code == Some(1) && distrusting.stderr.contains("certificate"), "{distrusting:?}");
    assert_eq!(nanoctl(&etcd, "ca.pem", "client").code, Some(0));
}

#[test]
fn a_node_that_etcd_does_not_know_is_told_and_asks_on() {
    let Some(etcd) = Etcd::start_with_tls() else { return };
    let wrong = json!({ "ca": "ca.pem", "cert": "stranger.pem", "key": "stranger.key" });
    let site = node(&etcd, &wrong);
    let nano = site.serve();
    let error = until("why it is not connected", || {
        let status = nano.ctl_json(&["status"])["fleet"]["status"].clone();
        let error = status["error"].as_str()?.to_owned();
        (error != "not connected yet" && !error.is_empty()).then_some(error)
    });
    assert!(error.contains("no etcd answers") || error.contains("connection"), "{error}");
    nano.await_metric("nano_fleet_connected", &[], 0.0);
    // A certificate that is renewed is taken at the next attempt.
    for kind in ["pem", "key"] {
        let text = fs::read_to_string(site.path(&format!("client.{kind}"))).unwrap();
        site.file(&format!("stranger.{kind}"), &text);
    }
    await_connected(&nano);
}
