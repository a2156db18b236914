//! Control groups: each worker in one of its own, with the limits that follow from `memory_mb`, and none left behind
//! however nano and its workers end. Where nano gets no groups, there is nothing to test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use nano_test::{Nano, Site, app_path, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const APP: &str = "export default { fetch: () => new Response('hello') };";

fn site(apps: &Value) -> Site {
    let site = Site::new();
    site.app("a", APP).app("b", APP);
    site.config(json!({ "sandbox": "best-effort", "apps": apps }));
    site
}

fn two_apps() -> Site {
    site(&json!([
        { "name": "a", "hostname": "a.local", "path": "a", "workers": 2 },
        { "name": "b", "hostname": "b.local", "path": "b", "memory_mb": 16 },
    ]))
}

/// Whether its workers have groups with limits.
fn has_groups(nano: &Nano) -> bool {
    let has = nano.ctl_json(&["status"])["sandbox"]["layers"]["cgroup"] == json!(true);
    if !has {
        eprintln!("not tested: nano has no control groups here");
    }
    has
}

/// Where the hierarchy is mounted that has this controller, as v1 or v2 has it, and a process's group in it.
fn group_of(pid: i32, controller: &str) -> Option<PathBuf> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let group = |wanted: &str| {
        groups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            controllers.split(',').any(|name| name == wanted).then(|| path.trim_start_matches('/').to_owned())
        })
    };
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    let mount = |kind: &str, option: &str| {
        mounts.lines().find_map(|line| {
            let fields: Vec<_> = line.split(' ').collect();
            let has = fields[2] == kind && (option.is_empty() || fields[3].split(',').any(|own| own == option));
            has.then(|| PathBuf::from(fields[1]))
        })
    };
    match (mount("cgroup", controller), group(controller)) {
        (Some(mount), Some(path)) => Some(mount.join(path)),
        _ => Some(mount("cgroup2", "")?.join(group("")?)),
    }
}

fn memory_group(pid: i32) -> PathBuf {
    group_of(pid, "memory").expect("a worker has a group")
}

/// The group of all that belongs to this nano.
fn instance(nano: &Nano) -> PathBuf {
    memory_group(nano.pid_of("b")).parent().and_then(Path::parent).unwrap().to_owned()
}

fn number(group: &Path, files: [&str; 2]) -> u64 {
    let text = files.iter().find_map(|file| fs::read_to_string(group.join(file)).ok()).expect("a limit");
    text.trim().parse().unwrap_or(u64::MAX)
}

/// The workers' groups that there are.
fn groups_in(instance: &Path) -> BTreeSet<PathBuf> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    };
    folders(instance)
        .iter()
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("app-"))
        .flat_map(|app| folders(app))
        .collect()
}

/// Waits until there is one group for each worker and no other.
fn groups_match_workers(nano: &Nano, instance: &Path, count: usize) {
    until("one group for each worker and no other", || {
        let pids: Vec<i32> = ["a", "b"].iter().flat_map(|app| nano.pids(app)).collect();
        let group = |pids: &[i32]| pids.iter().filter_map(|pid| group_of(*pid, "memory")).collect::<BTreeSet<_>>();
        let (own, spares) = (group(&pids), group(&nano.spares()));
        (own.len() == count && groups_in(instance) == &own | &spares).then_some(())
    });
}

#[test]
fn each_worker_has_a_group_with_its_limits() {
    let nano = two_apps().serve();
    if !has_groups(&nano) {
        return;
    }
    let mut all = BTreeSet::new();
    for (app, limit) in [("a", 288 << 20), ("b", 148 << 20)] {
        for pid in nano.pids(app) {
            let group = memory_group(pid);
            assert_eq!(number(&group, ["memory.max", "memory.limit_in_bytes"]), limit, "{}", group.display());
            assert!(group.parent().unwrap().ends_with(format!("app-{app}")), "{}", group.display());
            let used = number(&group, ["memory.current", "memory.usage_in_bytes"]);
            assert!((1 << 20..limit / 2).contains(&used), "{used}");
            let pids = group_of(pid, "pids").unwrap();
            assert_eq!(number(&pids, ["pids.max", "pids.max"]), 8);
            all.insert(group);
        }
    }
    assert_eq!(all.len(), 3);
    groups_match_workers(&nano, &instance(&nano), 3);
}

#[test]
fn groups_come_and_go_with_workers() {
    let site = two_apps();
    let mut nano = site.serve();
    if !has_groups(&nano) {
        return;
    }
    let instance = instance(&nano);
    groups_match_workers(&nano, &instance, 3);
    for _ in 0..3 {
        let pid = nano.pid_of("b");
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        until("another worker", || Some(nano.pids("b")).filter(|pids| !pids.is_empty() && pids[0] != pid));
        groups_match_workers(&nano, &instance, 3);
    }
    assert_eq!(nano.ctl(&["restart", "a"]).code, Some(0));
    groups_match_workers(&nano, &instance, 3);
    site.config(json!({ "sandbox": "best-effort", "apps": [
        { "name": "a", "hostname": "a.local", "path": "a", "workers": 1, "memory_mb": 64 },
        { "name": "b", "hostname": "b.local", "path": "b", "memory_mb": 16 },
    ] }));
    let reload = nano.ctl(&["reload"]);
    assert_eq!(reload.code, Some(0), "{reload:?}");
    groups_match_workers(&nano, &instance, 2);
    let group = memory_group(nano.pid_of("a"));
    assert_eq!(number(&group, ["memory.max", "memory.limit_in_bytes"]), (64 + 16 + 128) << 20);
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    assert!(!instance.exists(), "nano stopped and left {}", instance.display());
}

#[test]
fn a_killed_supervisor_leaves_no_group() {
    let mut nano = two_apps().serve();
    if !has_groups(&nano) {
        return;
    }
    let instance = instance(&nano);
    nano.signal(Signal::SIGKILL);
    nano.wait();
    until("its groups are gone", || (!instance.exists()).then_some(()));
}

#[test]
fn what_nobody_could_remove_the_next_nano_removes() {
    let site = two_apps();
    let mut nano = site.serve();
    if !has_groups(&nano) {
        return;
    }
    let left = instance(&nano);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", nano.pid())).unwrap();
    let spawner: i32 = children.split_whitespace().next().unwrap().parse().unwrap();
    // It is the one that would remove them. Without it nano ends, and the kernel ends the workers.
    kill(Pid::from_raw(spawner), Signal::SIGKILL).unwrap();
    assert_ne!(nano.wait().code(), Some(0));
    // Any nano that starts here may do it, that of another test too.
    let next = site.serve();
    assert!(has_groups(&next));
    until("what was left is gone", || (!left.exists()).then_some(()));
}

#[test]
fn one_that_takes_too_much_is_ended_for_memory_and_all_its_requests_are_told() {
    let site = Site::new();
    site.app(
        "bomb",
        "export default { async fetch(request) {
        if (request.url.endsWith('/wait')) await new Promise(() => {});
        // V8 looks at what such a buffer has when the call is over.
        if (request.url.endsWith('/bomb')) for (;;) { const buffer = new ArrayBuffer(0, { maxByteLength: 2 ** 30 }); buffer.resize(2 ** 30); new Uint8Array(buffer).fill(1); }
        return new Response('hello');
    } };",
    );
    site.config(json!({ "apps": [
        { "name": "a", "hostname": "a.local", "path": "bomb", "memory_mb": 16, "cpu_ms": 60_000 },
        { "name": "b", "hostname": "b.local", "path": app_path("faults") },
    ] }));
    let nano = site.serve();
    let beside = nano.pid_of("b");
    let mut waiting = nano.connect();
    waiting.send(b"POST /wait HTTP/1.1\r\nHost: a.local\r\nContent-Length: 0\r\n\r\n").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    for answer in [nano.post("a.local", "/bomb", b""), waiting.receive().unwrap()] {
        assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("memory_limit")), "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "memory")], 1.0);
    let record = nano.log.wait_for("the flight record", |record| record["message"] == "flight record");
    assert_eq!((&record["reason"], &record["in_flight"]), (&json!("memory"), &json!(2)), "{record}");
    until("the app's answer after it", || (nano.get("a.local", "/").status == 200).then_some(()));
    assert_eq!(nano.pid_of("b"), beside);
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "b")]), 0.0);
}
