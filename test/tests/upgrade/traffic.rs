//! Upgrades under load.

use crate::{command, end, main_pid, serve, site, upgrade};
use nano_test::{Nano, Site, Target, Traffic, Way, certify, until};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The addresses of HTTP that were announced first.
pub(crate) fn addresses(nano: &Nano, count: usize) -> Vec<SocketAddr> {
    let records = nano.log.records().into_iter().filter(|record| record["message"] == "listening");
    records.take(count).map(|record| record["address"].as_str().unwrap().parse().unwrap()).collect()
}

/// Clients of each kind.
pub(crate) fn traffic(site: &Site, serve: impl FnOnce(&Site) -> Nano) -> (Nano, Vec<(String, Traffic)>) {
    let [http2, http1] = certify(site, "a", "a.local");
    site.config(json!({
        "listen": ["127.0.0.1:0", { "address": "127.0.0.1:0", "tls": true }],
        "log": { "access": false },
        "tls": { "certificates": [{ "hostnames": ["a.local"], "cert": "a.pem", "key": "a.key" }], "redirect_http": false },
        "apps": [{ "hostname": "a.local", "name": "a", "path": "a" }],
    }));
    let nano = serve(site);
    let ports = addresses(&nano, 2);
    let target = |address, tls| Target { address, tls, host: "a.local".to_owned(), answer: "hello".to_owned() };
    let (plain, secure2, secure1) =
        (target(ports[0], None), target(ports[1], Some(http2)), target(ports[1], Some(http1)));
    let mut all = Vec::new();
    for (name, target, way) in [
        ("h1", &plain, Way::KeepAlive),
        ("h1, new connections", &plain, Way::Fresh),
        ("h2", &plain, Way::Http2),
        ("TLS h1", &secure1, Way::KeepAlive),
        ("TLS h1, new connections", &secure1, Way::Fresh),
        ("TLS h2", &secure2, Way::Http2),
    ] {
        all.push((name.to_owned(), Traffic::start(target, way, 2)));
    }
    (nano, all)
}

pub(crate) fn flows(all: &[(String, Traffic)]) {
    for (name, traffic) in all {
        let before = traffic.served();
        until(&format!("requests by {name}"), || (traffic.served() > before + 3).then_some(()));
    }
}

pub(crate) fn nothing_failed(all: Vec<(String, Traffic)>) {
    for (name, traffic) in all {
        let tally = traffic.stop();
        eprintln!("{name}: {} requests", tally.served);
        assert_eq!(tally.failures, Vec::<String>::new(), "{name}, of {}", tally.served);
    }
}

#[test]
fn twenty_upgrades_under_load_lose_no_request() {
    let site = site();
    let (nano, all) = traffic(&site, serve);
    flows(&all);
    let mut before = i64::from(nano.pid());
    for number in 1..=20 {
        let report = upgrade(&nano);
        let (old, new) = (&report["old_pid"], &report["new_pid"]);
        assert_eq!(old.as_i64(), Some(before), "upgrade {number}: {report}");
        assert_ne!(new.as_i64(), Some(before), "upgrade {number}: {report}");
        before = new.as_i64().unwrap();
        assert!(report["seconds"].as_f64().is_some() && report["new_version"].is_string(), "{report}");
        flows(&all);
    }
    nothing_failed(all);
    assert_eq!(i64::from(main_pid(&nano)), before);
    end(nano);
}

#[test]
fn several_shards_lose_nothing() {
    let site = site();
    let (nano, all) = traffic(&site, |site| {
        let mut command = command(site);
        command.env("NANO_SHARDS", "3");
        site.serve_with(command)
    });
    flows(&all);
    for number in 1..=3 {
        upgrade(&nano);
        flows(&all);
        let shards = nano.ctl_json(&["status"])["shards"].clone();
        assert_eq!(shards, Value::from(3), "upgrade {number}");
    }
    nothing_failed(all);
    end(nano);
}
