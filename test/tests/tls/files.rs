//! Certificates that are exchanged while nano serves.

use crate::client::{Authority, ask, careless, connect, head, shown};
use crate::{put, serve, site, usual};
use nano_test::{Site, until};
use serde_json::json;
use std::io::Read;
use std::sync::Arc;

#[test]
fn a_reload_exchanges_certificates_and_leaves_a_download_alone() {
    let authority = Authority::new();
    let (site, front) = usual(&authority);
    let config = Arc::new(authority.config());
    let mut download = connect(front.address, &config, "a.example").unwrap();
    ask(&mut download, "a.example", "/pieces?n=64");
    let (_, mut body) = head(&mut download);
    let before = shown(&download);
    put(&site, &authority);
    let report = front.nano.ctl_json(&["reload"]);
    assert_eq!((&report["server"], &report["unchanged"]), (&json!(["tls"]), &json!(["a"])), "{report}");
    // With sessions of its own: one that is resumed goes on with the certificate that it began with.
    assert_ne!(shown(&connect(front.address, &Arc::new(authority.config()), "a.example").unwrap()), before);
    let mut piece = [0; 16 * 1024];
    while !body.ends_with(b"\r\n0\r\n\r\n") {
        let count = download.read(&mut piece).unwrap();
        assert!(count > 0, "cut after {} bytes", body.len());
        body.extend_from_slice(&piece[..count]);
    }
    assert_eq!(body.iter().filter(|byte| **byte == b'a').count() / 16384, 64);
    let nothing = front.nano.ctl_json(&["reload"]);
    assert_eq!(nothing["server"], json!([]));
}

#[test]
fn watched_files_are_taken_over_as_they_change() {
    let authority = Authority::new();
    let own = Site::new();
    own.app("a", crate::APP);
    put(&own, &authority);
    own.config(json!({
        "listen": ["127.0.0.1:0", { "address": "127.0.0.1:0", "tls": true }],
        "watch": true,
        "tls": crate::entries(),
        "apps": [{ "hostname": "*", "name": "a", "path": "a" }],
    }));
    let front = serve(&own);
    let before = shown(&connect(front.address, &careless(), "a.example").unwrap());
    until("the files to be watched", || {
        front.nano.ctl_json(&["status"])["watch"]["paths"].as_u64().filter(|paths| *paths > 4)
    });
    // A key without its certificate in between is refused, and what serves stays.
    put(&own, &authority);
    until("the new certificate", || {
        let now = connect(front.address, &careless(), "a.example").unwrap();
        (shown(&now) != before).then_some(())
    });
}

#[test]
fn tls_needs_certificates_and_a_server_without_keeps_its_port() {
    let own = site(json!({ "certificates": [{ "hostnames": ["a.example"], "cert": "a.pem", "key": "a.key" }] }));
    own.config(json!({ "listen": [{ "address": "127.0.0.1:0", "tls": true }], "apps": [{ "hostname": "*", "name": "a", "path": "a" }] }));
    let check = nano_test::finish(&mut own.command("nano", &["check", "nano.json"]), "");
    assert!(check.code == Some(1) && check.stderr.contains("listen[0].tls: there are no certificates"), "{check:?}");
}
