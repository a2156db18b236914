//! Crons in a fleet: of all nodes that have the app one runs it. Expressions have minutes, so these tests wait for the next one.

use crate::{PREFIX, await_connected, site};
use nano_test::{Etcd, Nano, Site, finish, tool, until, until_within};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// Until the next minute, with what a cron's start is spread over, on a crowded machine.
const MINUTE: Duration = Duration::from_secs(60 + 7 + 60);
const APPS: usize = 12;
const CODE: &str =
    "export default { fetch: () => new Response('x'), scheduled(event) { console.log('ran', event.scheduledTime); } };";

fn name(app: usize) -> String {
    format!("cron{app}.local")
}

fn runs(nano: &Nano, app: &str, result: &str) -> f64 {
    nano.metrics().get("nano_cron_runs_total", &[("app", app), ("result", result)]).unwrap_or(0.0)
}

/// Of all apps and these nodes.
fn total(nanos: &[Nano], result: &str) -> f64 {
    nanos.iter().map(|nano| (0..APPS).map(|app| runs(nano, &name(app), result)).sum::<f64>()).sum()
}

fn deploy_all(etcd: &Etcd) {
    let site = Site::new();
    let rows: Vec<Value> = (0..APPS)
        .map(|app| {
            site.app(&name(app), CODE);
            json!({ "name": name(app), "hostname": name(app), "path": name(app), "crons": ["* * * * *"] })
        })
        .collect();
    site.apps(Value::from(rows));
    let done = etcd.nanoctl(&[&["fleet", "import", site.folder().to_str().unwrap()], PREFIX].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
}

/// The times that were run, each with its app, of all nodes.
fn times(nanos: &[Nano]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for nano in nanos {
        for line in nano.log.records().into_iter().filter(|line| line["message"] == "cron" && line["result"] == "ok") {
            all.push((line["app"].to_string(), line["scheduled_time"].to_string()));
        }
    }
    all.sort();
    all
}

/// Waits until each app has run and each other node knows it; no time of an app is there twice.
fn each_ran_once(nanos: &[Nano]) {
    let count = APPS as f64;
    until_within(MINUTE, "a run of each app", || {
        let settled = total(nanos, "ok") + total(nanos, "elsewhere");
        (total(nanos, "ok") >= count && settled >= count * nanos.len() as f64).then_some(())
    });
    let mut seen = times(nanos);
    let all = seen.len();
    assert!(all >= APPS, "{seen:?}");
    seen.dedup();
    assert_eq!(seen.len(), all, "a time was run twice: {seen:?}");
}

#[test]
fn each_time_is_run_by_one_node() {
    let Some(etcd) = Etcd::start() else { return };
    let sites: Vec<Site> = (0..3).map(|node| site(&etcd, &format!("n{node}"), json!({}))).collect();
    let nanos: Vec<Nano> = sites.iter().map(Site::serve).collect();
    nanos.iter().for_each(await_connected);
    deploy_all(&etcd);
    each_ran_once(&nanos);
    // Not all by the same node.
    let own = |nano: &&Nano| (0..APPS).any(|app| runs(nano, &name(app), "ok") > 0.0);
    assert!(nanos.iter().filter(own).count() > 1);
    for result in ["missed", "failed", "refused"] {
        assert!(total(&nanos, result) < 0.5, "{result}");
    }
}

#[test]
fn without_etcd_a_run_waits_for_it() {
    let Some(mut etcd) = Etcd::start() else { return };
    let sites: Vec<Site> = (0..2).map(|node| site(&etcd, &format!("n{node}"), json!({}))).collect();
    let nanos: Vec<Nano> = sites.iter().map(Site::serve).collect();
    nanos.iter().for_each(await_connected);
    deploy_all(&etcd);
    etcd.kill();
    nanos.iter().for_each(|nano| nano.await_metric("nano_fleet_connected", &[], 0.0));
    let next = |nano: &Nano| nano.ctl_json(&["apps"])["apps"][0]["crons"][0]["next_at_unix"].as_i64();
    let due: Vec<Option<i64>> = nanos.iter().map(next).collect();
    // What was due has had its turn.
    until_within(MINUTE, "the minute", || nanos.iter().zip(&due).all(|(nano, due)| next(nano) > *due).then_some(()));
    let before = total(&nanos, "ok");
    assert!(etcd.resume());
    each_ran_once(&nanos);
    assert!(before < 1.0, "it ran, and nobody could say whose it was");
    assert!(total(&nanos, "missed") < 0.5);
}

/// One node's clock is an hour ahead, another's an hour behind.
#[test]
fn clocks_that_differ_by_an_hour_cost_nothing_but_crons_that_are_early() {
    let Some(etcd) = Etcd::start() else { return };
    let Some(faketime) = tool("faketime") else { return };
    // The program itself stays between a test and what it starts.
    let library = finish(Command::new(faketime).args(["-f", "+0", "printenv", "LD_PRELOAD"]), "").stdout;
    let mut sites = Vec::new();
    let mut nanos = Vec::new();
    for (node, offset) in [("n0", "+0h"), ("n1", "+1h"), ("n2", "-1h")] {
        let site = site(&etcd, node, json!({}));
        let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
        command.env("LD_PRELOAD", library.trim()).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        nanos.push(site.serve_with(command));
        sites.push(site);
    }
    nanos.iter().for_each(await_connected);
    let hour = |nano: &Nano| {
        nano.log.records().first().and_then(|line| line["timestamp"].as_str().map(|at| at[11..13].to_owned()))
    };
    assert_ne!(hour(&nanos[0]), hour(&nanos[1]), "the clocks do not differ");
    deploy_all(&etcd);
    each_ran_once(&nanos);
    let rollout = r#"rollout={"steps": ["1", "2", "100%"], "pause_s": 1}"#;
    let code = Site::new();
    for word in ["old", "new"] {
        code.app("code", &crate::code(word));
        let done = etcd.deploy(&code.path("code"), "shop.local", &[PREFIX, &["--set", rollout]].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
        nanos.iter().for_each(|nano| crate::await_body(nano, "shop.local", word));
    }
    until("each is connected", || {
        let known = etcd.nanoctl(&[&["fleet", "status"], PREFIX].concat());
        (known.code == Some(0)).then_some(())
    });
}
