//! Staged rollouts on two or three nodes: through the steps, halted, paused, aborted; leaders and nodes that go.

use crate::{PREFIX, agent, await_body, await_connected, code, deployed, site};
use nano_test::process::descendants;
use nano_test::{Etcd, Finished, Load, Nano, Site, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::thread;

const APP: &str = "shop.local";

/// Nodes that serve the first version of the app, which has a rollout.
struct Fleet {
    etcd: Etcd,
    sites: Vec<Site>,
    nanos: Vec<Nano>,
}

fn fleet(count: usize, rollout: &Value) -> Option<Fleet> {
    let etcd = Etcd::start()?;
    let sites: Vec<Site> = (0..count).map(|node| site(&etcd, &format!("n{node}"), json!({}))).collect();
    let nanos: Vec<Nano> = sites.iter().map(Site::serve).collect();
    nanos.iter().for_each(await_connected);
    let fleet = Fleet { etcd, sites, nanos };
    let first = fleet.deploy(&code("old"), &["--set", &format!("rollout={rollout}")]);
    assert_eq!(first.code, Some(0), "{first:?}");
    // There is nothing before it that could go on, so it is everywhere at once.
    assert!(!first.stdout.contains("step"), "{first:?}");
    Some(fleet)
}

impl Fleet {
    fn deploy(&self, text: &str, more: &[&str]) -> Finished {
        let site = Site::new();
        site.file("code/index.js", text);
        self.etcd.deploy(&site.path("code"), APP, &[PREFIX, more].concat())
    }

    fn ctl(&self, arguments: &[&str]) -> Finished {
        self.etcd.nanoctl(&[arguments, PREFIX].concat())
    }

    /// `rollouts/NAME`, if it is there.
    fn rollout(&self) -> Option<Value> {
        let text = self.etcd.ctl(&["get", "--print-value-only", &format!("/nano/test/rollouts/{APP}")], "").stdout;
        serde_json::from_str(&text).ok()
    }

    fn bodies(&self) -> Vec<String> {
        self.nanos.iter().map(|nano| nano.get(APP, "/").text()).collect()
    }

    fn count(&self, word: &str) -> usize {
        self.bodies().iter().filter(|body| *body == word).count()
    }

    /// How the rollout of a generation ended.
    fn ended(&self, generation: u64) -> Value {
        let history: Value = serde_json::from_str(&self.ctl(&["--json", "history", APP]).stdout).unwrap();
        let all = history["generations"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["generation"] == generation).unwrap()["ended"].clone()
    }

    /// Requests to every node while it is deployed.
    fn load(&self) -> Vec<Load> {
        self.nanos.iter().map(|nano| Load::start(nano.address, APP, "/", 24, |_| Ok(()))).collect()
    }

    /// The node whose agent leads.
    fn leader(&self) -> usize {
        let oldest = ["--print-value-only", "--sort-by=CREATE", "--order=ASCEND", "--limit=1"];
        let get = [&["get", "--prefix", "/nano/test/leader/"], &oldest[..]].concat();
        until("the leader", || self.etcd.ctl(&get, "").stdout.trim().strip_prefix('n')?.parse().ok())
    }
}

/// Every step in its order, and no request lost.
#[test]
fn a_good_version_goes_through_its_steps() {
    let steps = json!({ "steps": ["1", "2", "100%"], "pause_s": 1 });
    let Some(fleet) = fleet(3, &steps) else { return };
    let loads: Vec<Load> = fleet.nanos.iter().map(|nano| nano.load(APP, "/")).collect();
    let mut seen = Vec::new();
    let done = thread::scope(|scope| {
        let deployment = scope.spawn(|| fleet.deploy(&code("new"), &[]));
        while !deployment.is_finished() {
            let count = fleet.count("new");
            if seen.last() != Some(&count) {
                seen.push(count);
            }
        }
        deployment.join().unwrap()
    });
    assert_eq!(done.code, Some(0), "{done:?}");
    for line in ["step 1 of 3 (1): 1 of 3 nodes", "step 2 of 3 (2): 2 of 3 nodes", "step 3 of 3 (100%): 3 of 3 nodes"] {
        assert!(done.stdout.contains(line), "{line}: {done:?}");
    }
    assert!(seen.contains(&1) && seen.contains(&2) && seen.is_sorted(), "{seen:?}");
    assert_eq!(fleet.count("new"), 3);
    assert_eq!(fleet.rollout(), None);
    assert_eq!(fleet.ended(2)["how"], "done");
    for nano in &fleet.nanos {
        nano.await_metric("nano_fleet_rollouts_ended_total", &[("result", "done")], 1.0);
        nano.await_metric("nano_fleet_rollouts", &[("state", "running")], 0.0);
    }
    for load in loads {
        let tally = load.stop();
        assert!(tally.failures.is_empty(), "{:?}", tally.failures.first());
    }
    // Its settings are the app's still, and nobody leads when there is nothing to lead.
    until("the leader has resigned", || {
        fleet.etcd.ctl(&["get", "--prefix", "/nano/test/leader/"], "").stdout.is_empty().then_some(())
    });
    let back = fleet.ctl(&["rollback", APP]);
    assert_eq!(back.code, Some(0), "{back:?}");
    assert_eq!(fleet.count("old"), 3);
}

/// Deploys a bad version under load: halted at its first step, and the old one serves everywhere when the command returns.
fn halted(fleet: &Fleet, text: &str, why: &str) {
    let loads = fleet.load();
    let done = fleet.deploy(text, &[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stdout.contains("rolled back at step 1 of 2") && done.stdout.contains(why), "{done:?}");
    assert_eq!(fleet.count("old"), fleet.nanos.len(), "{done:?}");
    assert_eq!(fleet.rollout(), None);
    drop(loads.into_iter().map(Load::stop).collect::<Vec<_>>());
}

#[test]
fn bad_versions_are_halted_at_the_first_step() {
    // What waits for answers is watched for longer than that.
    let steps = json!({ "steps": ["1", "100%"], "pause_s": 20, "fail_on": { "p99_factor": 4 } });
    let Some(fleet) = fleet(2, &steps) else { return };
    let small = fleet.deploy(&code("old"), &["--set", "memory_mb=32", "--at-once"]);
    assert_eq!(small.code, Some(0), "{small:?}");
    halted(&fleet, "export default {{{", "does not serve it");
    halted(&fleet, "export default { fetch: () => new Response('no', { status: 500 }) };", "error_rate");
    halted(
        &fleet,
        "export default { fetch() { for (;;) Promise.resolve().then([].push(new Array(1e7).fill(1.5))); } };",
        "5xx",
    );
    // It waits for longer than any machine takes for the old one.
    let slow = "export default { async fetch() { await new Promise((go) => setTimeout(go, 1500)); return new Response('new'); } };";
    halted(&fleet, slow, "p99");
    let history = fleet.ctl(&["history", APP]);
    assert_eq!(history.stdout.matches("rolled back at step 1 of 2").count(), 4, "{history:?}");
    for nano in &fleet.nanos {
        nano.await_metric("nano_fleet_rollouts_ended_total", &[("result", "taken_back")], 4.0);
    }
    // Back to what was before means back to what was good, and then there is nothing good before that.
    assert_eq!(fleet.ctl(&["rollback", APP]).code, Some(0));
    assert_eq!(fleet.count("old"), 2);
    deployed(&fleet.etcd, &fleet.sites[0], "other.local", "fine");
}

#[test]
fn it_is_paused_resumed_and_aborted_and_a_second_deployment_is_told() {
    let steps = json!({ "steps": ["1", "100%"], "pause_s": 1 });
    let Some(fleet) = fleet(2, &steps) else { return };
    assert_eq!(fleet.ctl(&["rollout", "pause", APP]).code, Some(1), "there is none");
    assert_eq!(
        fleet.deploy(&code("old"), &["--set", "rollout.pause_s=1"]).code,
        Some(1),
        "members of env and assets only"
    );
    let long = json!({ "steps": ["1", "100%"], "pause_s": 3600 });
    let begun = fleet.deploy(&code("new"), &["--set", &format!("rollout={long}"), "--timeout", "0"]);
    assert_eq!(begun.code, Some(0), "{begun:?}");
    until("one has the new version", || (fleet.count("new") == 1).then_some(()));
    let second = fleet.deploy(&code("other"), &[]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.stderr.contains("rollout abort"), "{second:?}");
    let status = fleet.ctl(&["fleet", "status"]);
    assert!(status.stdout.contains("rollout of generation 2 running, step 1 of 2 (1): n"), "{status:?}");
    let paused = fleet.ctl(&["fleet", "rollout", "pause", APP]);
    assert_eq!(paused.code, Some(0), "{paused:?}");
    assert!(fleet.ctl(&["fleet", "status"]).stdout.contains("paused"));
    fleet.nanos[0].await_metric("nano_fleet_rollouts", &[("state", "paused")], 1.0);
    until("one leads", || {
        let leads = |nano: &&Nano| nano.metrics().get("nano_fleet_leads_rollouts", &[]) == Some(1.0);
        (fleet.nanos.iter().filter(leads).count() == 1).then_some(())
    });
    assert_eq!(fleet.ctl(&["rollout", "resume", APP]).code, Some(0));
    let aborted = fleet.ctl(&["rollout", "abort", APP]);
    assert_eq!(aborted.code, Some(0), "{aborted:?}");
    assert_eq!(fleet.count("old"), 2);
    assert_eq!(fleet.ended(2)["how"], "aborted");
    assert_eq!(fleet.ctl(&["rollout", "abort", APP]).code, Some(1), "there is none any more");
    // While one goes on, going back means to end it; going back to a generation ends it first.
    let long = format!("rollout={long}");
    assert_eq!(fleet.deploy(&code("new"), &["--set", &long, "--timeout", "0"]).code, Some(0));
    until("one has the new version", || (fleet.count("new") == 1).then_some(()));
    assert_eq!(fleet.ctl(&["rollback", APP]).code, Some(0));
    assert_eq!((fleet.count("old"), fleet.rollout()), (2, None));
    assert_eq!(fleet.deploy(&code("new"), &["--set", &long, "--timeout", "0"]).code, Some(0));
    until("one has the new version", || (fleet.count("new") == 1).then_some(()));
    assert_eq!(fleet.ctl(&["rollback", APP, "3"]).code, Some(0), "one that was aborted, by its name");
    assert_eq!((fleet.count("new"), fleet.rollout()), (2, None));
    // Past the rollout, when there is no time.
    assert_eq!(fleet.deploy(&code("now"), &["--set", &long, "--at-once"]).code, Some(0));
    assert_eq!(fleet.count("now"), 2);
}

#[test]
fn of_two_who_begin_a_rollout_one_is_told() {
    let steps = json!({ "steps": ["1", "100%"], "pause_s": 3600 });
    let Some(fleet) = fleet(1, &steps) else { return };
    let outcomes: Vec<Finished> = thread::scope(|scope| {
        let one = |at: usize| {
            let fleet = &fleet;
            scope.spawn(move || fleet.deploy(&code(&at.to_string()), &["--timeout", "0"]))
        };
        let threads: Vec<_> = (1..=4).map(one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|done| done.code == Some(0)).count(), 1, "{outcomes:?}");
}

#[test]
fn an_end_that_comes_at_any_moment_leaves_no_split() {
    let Some(fleet) = fleet(2, &json!({ "steps": ["1", "100%"], "pause_s": 0 })) else { return };
    let mut last = "old".to_owned();
    for (round, wait) in [0, 300, 700, 1200, 1800].into_iter().enumerate() {
        let word = format!("v{round}");
        assert_eq!(fleet.deploy(&code(&word), &["--timeout", "0"]).code, Some(0));
        // Another moment of the rollout each time, whichever that is.
        thread::sleep(std::time::Duration::from_millis(wait));
        let aborted = fleet.ctl(&["rollout", "abort", APP]);
        assert_eq!(fleet.rollout(), None);
        let how = fleet.ended(u64::try_from(round).unwrap() + 2)["how"].clone();
        assert_eq!(how == "aborted", aborted.code == Some(0), "{how} {aborted:?}");
        if how == "done" {
            last = word;
        }
        fleet.nanos.iter().for_each(|nano| await_body(nano, APP, &last));
    }
}

#[test]
fn a_leader_that_is_killed_is_followed_by_another() {
    let steps = json!({ "steps": ["1", "2", "100%"], "pause_s": 2 });
    let Some(fleet) = fleet(3, &steps) else { return };
    let done = thread::scope(|scope| {
        let deployment = scope.spawn(|| fleet.deploy(&code("new"), &[]));
        for step in 0..2 {
            until("the step", || (fleet.rollout()?["step"] == step).then_some(()));
            let pid = agent(&fleet.nanos[fleet.leader()]);
            // It may be on its way back still.
            if let Some(pid) = pid {
                kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
            }
        }
        deployment.join().unwrap()
    });
    assert_eq!(done.code, Some(0), "{done:?}");
    for nano in &fleet.nanos {
        await_body(nano, APP, "new");
    }
    assert_eq!(fleet.ended(2)["how"], "done");
}

#[test]
fn a_node_that_is_away_comes_back_to_where_the_rollout_is() {
    let steps = json!({ "steps": ["1", "100%"], "pause_s": 3600 });
    let Some(mut fleet) = fleet(2, &steps) else { return };
    assert_eq!(fleet.deploy(&code("new"), &["--timeout", "0"]).code, Some(0));
    until("one has the new version", || (fleet.count("new") == 1).then_some(()));
    let bodies = fleet.bodies();
    // Without etcd each serves what it had, after a start, too.
    fleet.etcd.kill();
    fleet.nanos.clear();
    fleet.nanos = fleet.sites.iter().map(Site::serve).collect();
    assert_eq!(fleet.bodies(), bodies);
    assert!(fleet.etcd.resume());
    fleet.nanos.iter().for_each(await_connected);
    assert_eq!(fleet.bodies(), bodies, "the same node is in the step");
    // One is away while the rollout ends.
    let away = bodies.iter().position(|body| body == "new").unwrap();
    let pid = Pid::from_raw(until("its agent", || agent(&fleet.nanos[away])));
    kill(pid, Signal::SIGSTOP).unwrap();
    let aborted = fleet.ctl(&["rollout", "abort", APP, "--timeout", "0"]);
    assert_eq!(aborted.code, Some(0), "{aborted:?}");
    assert_eq!(fleet.nanos[away].get(APP, "/").text(), "new");
    kill(pid, Signal::SIGCONT).unwrap();
    await_body(&fleet.nanos[away], APP, "old");
}

#[test]
fn without_etcd_nothing_moves() {
    let steps = json!({ "steps": ["1", "100%"], "pause_s": 2 });
    let Some(mut fleet) = fleet(2, &steps) else { return };
    assert_eq!(fleet.deploy(&code("new"), &["--timeout", "0"]).code, Some(0));
    until("one has the new version", || (fleet.count("new") == 1).then_some(()));
    fleet.etcd.kill();
    for nano in &fleet.nanos {
        nano.await_metric("nano_fleet_connected", &[], 0.0);
    }
    assert!(fleet.count("new") <= 1, "{:?}", fleet.bodies());
    assert!(fleet.etcd.resume());
    until("it goes on to its end", || (fleet.count("new") == 2 && fleet.rollout().is_none()).then_some(()));
}

/// A node hangs as a whole while a rollout goes on: it counts until its lease is over, and finds its way when it wakes.
#[test]
fn a_node_that_hangs_holds_up_a_rollout_for_its_lease_and_comes_back_to_the_new_version() {
    let steps = json!({ "steps": ["1", "100%"], "pause_s": 1 });
    let Some(fleet) = fleet(3, &steps) else { return };
    let long = r#"rollout={"steps": ["1", "100%"], "pause_s": 1, "fail_on": {"not_ready": 1}}"#;
    assert_eq!(fleet.deploy(&code("new"), &["--set", long, "--timeout", "0"]).code, Some(0));
    until("one has the new version", || (fleet.count("new") == 1).then_some(()));
    let hung = fleet.bodies().iter().position(|body| body == "old").unwrap();
    let processes: Vec<i32> = [vec![fleet.nanos[hung].pid()], descendants(fleet.nanos[hung].pid())].concat();
    let signal = |signal| {
        for pid in &processes {
            // A worker may have ended.
            let _ = kill(Pid::from_raw(*pid), signal);
        }
    };
    signal(Signal::SIGSTOP);
    let others = || fleet.nanos.iter().enumerate().filter(|(at, _)| *at != hung).map(|(_, nano)| nano);
    until("the others have it", || others().all(|nano| nano.get(APP, "/").text() == "new").then_some(()));
    until("the rollout has ended", || fleet.rollout().is_none().then_some(()));
    assert_eq!(fleet.ended(2)["how"], "done");
    signal(Signal::SIGCONT);
    await_body(&fleet.nanos[hung], APP, "new");
}

/// Three members: the one that leads them is killed, then there is no quorum, then there is.
#[test]
fn members_of_etcd_that_go_halt_nothing_until_there_is_no_quorum() {
    let Some(mut members) = Etcd::start_three() else { return };
    let endpoints: Vec<String> = members.iter().map(Etcd::endpoint).collect();
    let fleet = json!({ "endpoints": endpoints, "node": "a", "prefix": "/nano/test" });
    let (one, other) = (Site::new(), Site::new());
    one.config(json!({ "fleet": fleet, "state_dir": "state" }));
    let mut second = fleet.clone();
    second["node"] = json!("b");
    other.config(json!({ "fleet": second, "state_dir": "state" }));
    let nanos = [one.serve(), other.serve()];
    nanos.iter().for_each(await_connected);
    let count = |word: &str| nanos.iter().filter(|nano| nano.get(APP, "/").text() == word).count();
    let code_of = Site::new();
    let deploy = |word: &str, member: &Etcd, more: &[&str]| {
        code_of.app("code", &code(word));
        let done = member.deploy(&code_of.path("code"), APP, &[PREFIX, more].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
    };
    deploy("old", &members[0], &["--set", r#"rollout={"steps": ["1", "100%"], "pause_s": 4}"#]);
    deploy("new", &members[0], &["--timeout", "0"]);
    until("one has the new version", || (count("new") == 1).then_some(()));
    let leader = until("a leader", || members.iter().position(Etcd::leads));
    members[leader].kill();
    // Of three members two are enough.
    until("it goes on to its end", || (count("new") == 2).then_some(()));
    let next = until("another leader", || members.iter().position(|member| member.is_running() && member.leads()));
    let long = r#"rollout={"steps": ["1", "100%"], "pause_s": 8}"#;
    until("the rollout has ended", || {
        members[next].ctl(&["get", "--prefix", "/nano/test/rollouts/"], "").stdout.is_empty().then_some(())
    });
    deploy("newer", &members[next], &["--set", long, "--timeout", "0"]);
    until("one has it", || (count("newer") == 1).then_some(()));
    members[next].kill();
    nanos.iter().for_each(|nano| nano.await_metric("nano_fleet_connected", &[], 0.0));
    // A minute of it in the long form.
    thread::sleep(std::time::Duration::from_secs(nano_test::sized(0, 60)));
    assert_eq!(count("newer"), 1, "without a quorum nothing moves");
    members.iter_mut().filter(|member| !member.is_running()).for_each(|member| assert!(member.resume()));
    until("it goes on to its end", || (count("newer") == 2).then_some(()));
}

#[test]
fn what_is_no_rollout_changes_nothing() {
    let steps = json!({ "steps": ["1", "100%"], "pause_s": 1 });
    let Some(fleet) = fleet(1, &steps) else { return };
    let key = format!("/nano/test/rollouts/{APP}");
    let app: Value = serde_json::from_str(
        &fleet.etcd.ctl(&["get", "--print-value-only", &format!("/nano/test/apps/{APP}")], "").stdout,
    )
    .unwrap();
    let bundle = app["bundle"].as_str().unwrap();
    let sound = json!({
        "new": { "settings": { "env": { "A": 1 } }, "bundle": bundle, "generation": 2 }, "old": 1, "base": 5,
        "plan": { "steps": ["100%"] }, "step": 0, "reach": "ffffffffffffffff", "state": "running",
    });
    let with = |place: &str, value: Value| {
        let mut changed = sound.clone();
        *changed.pointer_mut(place).unwrap() = value;
        changed.to_string()
    };
    let hostile = [
        "{{{".to_owned(),
        "[".repeat(200_000),
        "null".to_owned(),
        with("/step", json!(9)),
        with("/reach", json!("zz")),
        with("/plan/steps", json!(vec!["1"; 100_000])),
        with("/new/settings", json!({ "env": { "KEY": { "file": "/etc/shadow" } } })),
        with("/new/bundle", json!("sha256:../../x")),
        with("/new/generation", json!(1)),
    ];
    for value in hostile {
        fleet.etcd.put(&key, &value);
        let status = fleet.ctl(&["fleet", "status"]);
        assert!(status.stdout.contains("is not understood"), "{status:?}");
        assert_eq!(fleet.deploy(&code("new"), &[]).code, Some(1));
        let aborted = fleet.ctl(&["rollout", "abort", APP]);
        assert_eq!(aborted.code, Some(0), "{aborted:?}");
    }
    // Names that are no apps, and an app that is not there.
    fleet.etcd.put("/nano/test/rollouts/", &sound.to_string());
    fleet.etcd.put("/nano/test/rollouts/../x", &sound.to_string());
    fleet.etcd.put("/nano/test/rollouts/ghost.local", &sound.to_string());
    // One of an app that was changed since: it ends, and what was changed stays.
    fleet.etcd.put(&key, &sound.to_string());
    until("it has ended", || fleet.rollout().is_none().then_some(()));
    assert_eq!(fleet.ended(2)["how"], "aborted");
    assert_eq!(fleet.count("old"), 1);
    let done = fleet.deploy(&code("new"), &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(fleet.count("new"), 1);
    assert_eq!(fleet.nanos[0].get("ghost.local", "/").status, 404);
}
