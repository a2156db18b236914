//! Fleets: real nanos, a real etcd, `nanoctl`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod balancer;
mod crons;
mod deploying;
mod faults;
mod front;
mod hostile;
mod page;
mod placement;
mod roles;
mod rollouts;
mod secrets;
mod tls;

use nano_test::process::descendants;
use nano_test::{Etcd, Finished, Nano, Site, until};
use serde_json::{Value, json};

/// A node of a fleet in a site of its own.
pub fn site(etcd: &Etcd, node: &str, more: Value) -> Site {
    let site = Site::new();
    let mut fleet = json!({ "endpoints": [etcd.endpoint()], "node": node, "prefix": "/nano/test" });
    for (key, value) in more.as_object().unwrap() {
        fleet[key] = value.clone();
    }
    site.config(json!({ "fleet": fleet, "state_dir": "state" }));
    site
}

/// The code of an app that answers with this word.
pub fn code(word: &str) -> String {
    format!("export default {{ fetch: () => new Response({word:?}) }};")
}

pub const PREFIX: &[&str] = &["--prefix", "/nano/test"];

/// Deploys code as an app.
pub fn deploy(etcd: &Etcd, site: &Site, app: &str, word: &str, more: &[&str]) -> Finished {
    site.app(&format!("code/{app}"), &code(word));
    etcd.deploy(&site.path(&format!("code/{app}")), app, &[PREFIX, more].concat())
}

/// The same; it must succeed.
pub fn deployed(etcd: &Etcd, site: &Site, app: &str, word: &str) {
    let done = deploy(etcd, site, app, word, &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
}

pub fn await_body(nano: &Nano, host: &str, word: &str) {
    until(&format!("{host} says {word}"), || (nano.get(host, "/").text() == word).then_some(()));
}

/// Waits until the node follows the table, and is known to those who deploy.
pub fn await_connected(nano: &Nano) {
    nano.await_metric("nano_fleet_connected", &[], 1.0);
    let node = nano.ctl_json(&["status"])["fleet"]["node"].as_str().unwrap().to_owned();
    until("the node's key", || {
        let nodes: Value = serde_json::from_str(&nano.ctl(&["--json", "fleet", "nodes"]).stdout).ok()?;
        nodes["nodes"][&node].is_object().then_some(())
    });
}

/// The process of the node's agent.
pub fn agent(nano: &Nano) -> Option<i32> {
    let is_agent = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).next().is_some_and(|program| program.ends_with(b"nano-fleet"))
    };
    descendants(nano.pid()).into_iter().find(is_agent)
}
