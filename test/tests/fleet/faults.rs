//! etcd goes and comes back, forgets, or has forgotten all; agents, caches and disks fail.

use crate::{PREFIX, agent, await_body, await_connected, deploy, deployed, site};
use nano_test::{Disk, Etcd, binary, tool, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

#[test]
fn without_etcd_it_serves_on_and_starts() {
    let Some(mut etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "one");
    etcd.kill();
    nano.await_metric("nano_fleet_connected", &[], 0.0);
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    until("a lag", || (nano.metrics().get("nano_fleet_lag_seconds", &[])? > 0.0).then_some(()));
    assert_eq!(nano.ctl_json(&["status"])["fleet"]["status"]["connected"], false);
    drop(nano);
    let nano = site.serve();
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    assert!(etcd.resume());
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "two");
    assert_eq!(nano.get("shop.local", "/").text(), "two");
    nano.await_metric("nano_fleet_lag_seconds", &[], 0.0);
}

#[test]
fn an_etcd_that_hangs_is_noticed() {
    let Some(etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "one");
    etcd.signal(Signal::SIGSTOP);
    nano.await_metric("nano_fleet_connected", &[], 0.0);
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    etcd.signal(Signal::SIGCONT);
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "two");
    assert_eq!(nano.get("shop.local", "/").text(), "two");
}

#[test]
fn a_node_that_missed_a_compaction_reads_the_table_anew() {
    let Some(mut etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "one");
    deployed(&etcd, &site, "gone.local", "one");
    let pid = Pid::from_raw(agent(&nano).unwrap());
    kill(pid, Signal::SIGSTOP).unwrap();
    for word in ["two", "three"] {
        assert_eq!(deploy(&etcd, &site, "shop.local", word, &["--timeout", "0"]).code, Some(0));
    }
    let removed = etcd.nanoctl(&[&["fleet", "remove", "gone.local", "--timeout", "0"], PREFIX].concat());
    assert_eq!(removed.code, Some(0), "{removed:?}");
    let written = etcd.ctl(&["put", "anything", "x", "-w", "json"], "").stdout;
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    let compacted = etcd.ctl(&["compact", &written["header"]["revision"].to_string()], "");
    assert_eq!(compacted.code, Some(0), "{compacted:?}");
    // The connection must not bring what was sent before.
    etcd.kill();
    assert!(etcd.resume());
    kill(pid, Signal::SIGCONT).unwrap();
    await_body(&nano, "shop.local", "three");
    until("gone.local is gone", || (nano.get("gone.local", "/").status == 404).then_some(()));
}

#[test]
fn an_etcd_that_was_set_up_anew_takes_nothing_away() {
    let Some(mut etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "one");
    deployed(&etcd, &site, "blog.local", "one");
    drop(nano);
    etcd.kill();
    let Some(fresh) = Etcd::start() else { return };
    let text = fs::read_to_string(site.config_path()).unwrap().replace(&etcd.endpoint(), &fresh.endpoint());
    site.file("nano.json", &text);
    let nano = site.serve();
    await_connected(&nano);
    until("it is said", || {
        nano.log.message("fleet: the fleet's table is empty, and this node has apps: it keeps them until there is one")
    });
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    // The first app that comes back does not take the others away.
    assert_eq!(deploy(&fresh, &site, "shop.local", "two", &[]).code, Some(0));
    assert_eq!(nano.get("shop.local", "/").text(), "two");
    assert_eq!(nano.get("blog.local", "/").text(), "one");
}

#[test]
fn an_agent_that_is_killed_comes_back() {
    let Some(etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "one");
    let first = agent(&nano).unwrap();
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    until("another agent", || agent(&nano).filter(|pid| *pid != first));
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    deployed(&etcd, &site, "shop.local", "two");
    assert_eq!(nano.get("shop.local", "/").text(), "two");
}

#[test]
fn the_agent_ends_with_nano() {
    let Some(etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    let pid = agent(&nano).unwrap();
    drop(nano);
    until("the agent's end", || kill(Pid::from_raw(pid), None).is_err().then_some(()));
}

#[test]
fn a_damaged_bundle_is_not_served_and_is_fetched_anew() {
    let Some(mut etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "sound");
    deployed(&etcd, &site, "blog.local", "fine");
    drop(nano);
    let mut bundles =
        fs::read_dir(site.path("state/bundles")).unwrap().flatten().map(|entry| entry.path().join("index.js"));
    let own = bundles.find(|file| fs::read_to_string(file).is_ok_and(|text| text.contains("sound"))).unwrap();
    fs::remove_file(&own).unwrap();
    fs::write(&own, "export default { fetch: () => new Response('evil!') };").unwrap();
    etcd.kill();
    let nano = site.serve();
    assert_eq!(nano.get("blog.local", "/").text(), "fine");
    assert_eq!(nano.get("shop.local", "/").status, 404);
    assert!(etcd.resume());
    await_body(&nano, "shop.local", "sound");
}

#[test]
fn a_full_disk_delays_a_deployment_and_nothing_else() {
    let Some(etcd) = Etcd::start() else { return };
    let site = nano_test::Site::new();
    let Some(disk) = Disk::under(&site, 500) else { return };
    site.config(json!({
        "fleet": { "endpoints": [etcd.endpoint()], "node": "a", "prefix": "/nano/test" }, "state_dir": "state",
    }));
    let nano = site.serve();
    await_connected(&nano);
    deployed(&etcd, &site, "shop.local", "one");
    let code = nano_test::Site::new();
    disk.fill();
    let done = deploy(&etcd, &code, "shop.local", "two", &["--timeout", "3"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    disk.empty();
    await_body(&nano, "shop.local", "two");
}

/// Longer than the lease of a node lasts, which is renewed meanwhile: so the deployment is only late.
#[test]
fn a_disk_that_hangs_takes_no_node_out_of_the_fleet() {
    let Some(strace) = tool("strace") else { return };
    let Some(etcd) = Etcd::start() else { return };
    let site = site(&etcd, "a", json!({}));
    // Of each thread every other call: those of a bundle's file and of the table, which come one behind the other.
    let (strace, agent) = (strace.display().to_string(), binary("nano-fleet").display().to_string());
    let delay = "-e trace=fdatasync -e inject=fdatasync:delay_enter=18s:when=1+2";
    site.file("agent", &format!("#!/bin/sh\nexec {strace} -f -o /dev/null {delay} -- {agent} \"$@\"\n"));
    fs::set_permissions(site.path("agent"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("NANO_FLEET", site.path("agent"));
    let nano = site.serve_with(command);
    await_connected(&nano);
    let begun = Instant::now();
    let done = deploy(&etcd, &site, "shop.local", "one", &["--timeout", "80"]);
    assert_eq!(done.code, Some(0), "{done:?}\n{}", nano.log.lines().join("\n"));
    assert!(begun.elapsed() > Duration::from_secs(30), "the disk did not hang: {:?}", begun.elapsed());
    assert_eq!(nano.get("shop.local", "/").text(), "one");
    // The agent is the one that it was, and its connection, too.
    assert_eq!(nano.log.count("the fleet's agent ended"), 0);
}
