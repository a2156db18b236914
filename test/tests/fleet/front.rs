//! HAProxy and Envoy in front of three nodes, under load that never pauses, while apps are deployed: good versions and bad ones.
//! The short form runs with the other tests, 100 good and 20 bad ones with `make fleet-load`.
//!
//! Sabotage control: the bad versions, whose answers the clients must see as lost.

use crate::balancer::{Balancer, Front, quiet_site};
use crate::{PREFIX, await_body, await_connected, code, deployed};
use nano_test::{Etcd, Finished, Load, Nano, Site, Tally, sized};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// Apps that are deployed, at the same time; and those that are not.
const APPS: usize = 5;
const NEIGHBOURS: usize = 5;
const CLIENTS: usize = 8;

/// Each step is watched for so long; the new numbers are there each second. A slow version is 4 s slower.
const ROLLOUT: &str =
    r#"rollout={"steps": ["1", "100%"], "pause_s": 3, "fail_on": {"error_rate": 0.02, "p99_factor": 20}}"#;

/// What can be wrong with a version: its name, its code, what the rollout says of it.
const BAD: [(&str, &str, &str); 5] = [
    ("does not compile", "export default {{{", "does not serve it"),
    ("throws at its start", "throw new Error('not today');", "does not serve it"),
    ("dies", "export default { fetch() { for (;;); } };", "5xx"),
    (
        "is slow",
        "export default { async fetch() { await new Promise((go) => setTimeout(go, 4000)); return new Response('bad'); } };",
        "p99",
    ),
    ("answers 500", "export default { fetch: () => new Response('bad', { status: 500 }) };", "5xx"),
];

/// What the clients saw, and how long it took until a bad version was gone again.
#[derive(Debug, Default)]
struct Seen {
    good: Tally,
    good_count: usize,
    bad: Tally,
    bad_count: usize,
    halted_after: Vec<(&'static str, Duration)>,
}

fn deploy(etcd: &Etcd, app: &str, text: &str) -> Finished {
    let site = Site::new();
    site.file("code/index.js", text);
    etcd.deploy(&site.path("code"), app, PREFIX)
}

fn version(app: &str, number: usize) -> String {
    code(&format!("version {number} of {app}"))
}

/// Deploys good and bad versions of one app, and has it asked through the front all the while.
fn deployments(etcd: &Etcd, front: &Front, nodes: &[Nano], app: usize) -> Seen {
    let name = format!("shop{app}.local");
    let (good, bad) = (sized(1, 20), sized(1, 4));
    let mut seen = Seen::default();
    for round in 0..good {
        let load = front.load(&name, CLIENTS);
        let done = deploy(etcd, &name, &version(&name, round + 1));
        assert_eq!(done.code, Some(0), "{name}: {done:?}");
        nodes.iter().for_each(|node| await_body(node, &name, &format!("version {} of {name}", round + 1)));
        let tally = load.stop();
        seen.good.served += tally.served;
        seen.good.failures.extend(tally.failures);
        seen.good_count += 1;
        // Every few good ones a bad one.
        if (round + 1) % (good / bad) != 0 {
            continue;
        }
        let (what, text, why) = BAD[(app + seen.bad_count) % BAD.len()];
        let load = front.load(&name, 2 * CLIENTS);
        let begun = Instant::now();
        let done = deploy(etcd, &name, text);
        seen.halted_after.push((what, begun.elapsed()));
        assert_eq!(done.code, Some(1), "{name} {what}: {done:?}");
        let halted = done.stdout.contains("rolled back at step 1 of 2") && done.stdout.contains(why);
        assert!(halted, "{name} {what}: {done:?}");
        nodes.iter().for_each(|node| await_body(node, &name, &format!("version {} of {name}", round + 1)));
        let tally = load.stop();
        seen.bad.served += tally.served;
        seen.bad.failures.extend(tally.failures);
        seen.bad_count += 1;
    }
    seen
}

#[test]
fn deployments_behind_haproxy_lose_nothing_and_bad_versions_are_halted() {
    deployments_lose_nothing_and_bad_versions_are_halted(Balancer::Haproxy);
}

#[test]
fn deployments_behind_envoy_lose_nothing_and_bad_versions_are_halted() {
    deployments_lose_nothing_and_bad_versions_are_halted(Balancer::Envoy);
}

fn deployments_lose_nothing_and_bad_versions_are_halted(balancer: Balancer) {
    let Some(etcd) = Etcd::start() else { return };
    let sites: Vec<Site> = (1..=3).map(|node| quiet_site(&etcd, &format!("node{node}"))).collect();
    let nodes: Vec<Nano> = sites.iter().map(Site::serve).collect();
    nodes.iter().for_each(await_connected);
    for neighbour in 0..NEIGHBOURS {
        deployed(&etcd, &sites[0], &format!("still{neighbour}.local"), &format!("version 0 of {neighbour}"));
    }
    for app in 0..APPS {
        let site = Site::new();
        let name = format!("shop{app}.local");
        site.file("code/index.js", &version(&name, 0));
        let settings = ["--set", ROLLOUT, "--set", "cpu_ms=500"];
        let first = etcd.deploy(&site.path("code"), &name, &[PREFIX, &settings].concat());
        assert_eq!(first.code, Some(0), "{first:?}");
    }
    let Some(front) = Front::start(balancer, &nodes) else { return };
    let neighbours: Vec<Load> =
        (0..NEIGHBOURS).map(|neighbour| front.load(&format!("still{neighbour}.local"), 2)).collect();
    let all = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for app in 0..APPS {
            let (etcd, front, nodes, all) = (&etcd, &front, &nodes, &all);
            scope.spawn(move || {
                let seen = deployments(etcd, front, nodes, app);
                all.lock().unwrap().push(seen);
            });
        }
    });
    let mut quiet = Tally::default();
    for load in neighbours {
        let tally = load.stop();
        quiet.served += tally.served;
        quiet.failures.extend(tally.failures);
    }
    let all = all.into_inner().unwrap();
    let (mut good, mut bad, mut lost_by_bad) = ((0, 0), (0, 0), 0);
    for seen in &all {
        good = (good.0 + seen.good_count, good.1 + seen.good.served);
        bad = (bad.0 + seen.bad_count, bad.1 + seen.bad.served);
        lost_by_bad += seen.bad.failures.len();
        assert!(seen.good.failures.is_empty(), "{:?}", &seen.good.failures[..seen.good.failures.len().min(5)]);
    }
    eprintln!("{balancer:?}: apps that were not deployed: {} requests, {} lost", quiet.served, quiet.failures.len());
    eprintln!("good versions: {}, {} requests of their apps, 0 lost", good.0, good.1);
    eprintln!("bad versions: {}, {} good answers of their apps, {lost_by_bad} others", bad.0, bad.1);
    for (what, ..) in BAD {
        let times: Vec<f64> = all
            .iter()
            .flat_map(|seen| &seen.halted_after)
            .filter(|(own, _)| *own == what)
            .map(|(_, after)| after.as_secs_f64())
            .collect();
        eprintln!("{what}: halted and back after {times:.1?} s");
    }
    assert!(quiet.failures.is_empty(), "{:?}", &quiet.failures[..quiet.failures.len().min(5)]);
    assert!(quiet.served > 0 && good.1 > 0);
    // The clients do see what is lost.
    assert!(lost_by_bad > 0);
}
