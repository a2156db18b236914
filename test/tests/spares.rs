//! Workers that are started ahead, without an app: whose they become, how, and what they know before that.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use nano_test::process::{find_in_memory, find_in_start, runs, waits};
use nano_test::{Nano, Site, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use serde_json::{Value, json};

/// Answers with its name, its secret and what it was told before.
const APP: &str = "let told = '';
export default { async fetch(request, env) {
  if (request.method === 'POST') told += await request.text();
  return Response.json([env.NAME, env.SECRET, told]);
} }";

fn app(name: &str, more: &Value) -> Value {
    let env = json!({ "NAME": name, "SECRET": format!("secret-of-{name}-7f3a") });
    let mut app =
        json!({ "name": name, "hostname": format!("{name}.local"), "path": "app", "env": env, "start": "on-demand" });
    app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app
}

fn serve(spares: usize, apps: &[Value]) -> Nano {
    let site = Site::new();
    site.app("app", APP);
    site.config(json!({ "spares": spares, "apps": apps }));
    site.serve()
}

/// The spares, once there are so many.
fn spares(nano: &Nano, count: usize) -> Vec<i32> {
    until(&format!("{count} spares"), || {
        let status = nano.ctl_json(&["status"]);
        (status["spares"] == json!({ "ready": count, "wanted": count })).then_some(())?;
        Some(nano.spares()).filter(|spares| spares.len() == count)
    })
}

fn status_of(pid: i32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("{name} in {status}")).trim().to_owned()
}

fn answer(nano: &Nano, name: &str) -> Value {
    nano.get(&format!("{name}.local"), "/").json()
}

#[test]
fn an_app_that_needs_a_worker_gets_a_spare_and_another_takes_its_place() {
    let nano = serve(1, &[app("a", &json!({ "memory_mb": 64 })), app("b", &json!({}))]);
    let first = spares(&nano, 1)[0];
    assert_eq!(answer(&nano, "a"), json!(["a", "secret-of-a-7f3a", ""]));
    assert_eq!(nano.pid_of("a"), first);
    let title = fs::read_to_string(format!("/proc/{first}/cmdline")).unwrap();
    assert_eq!(title.split(['\0', ' ']).take(2).collect::<Vec<_>>(), ["nano-worker:", "a"], "{title:?}");
    let second = spares(&nano, 1)[0];
    assert_ne!(second, first);
    assert_eq!(answer(&nano, "b")[0], "b");
    assert_eq!(nano.pid_of("b"), second);
    // What it has from nano is what every worker has.
    let sandbox = |app: &str| {
        let apps = nano.ctl_json(&["apps"]);
        let entry = apps["apps"].as_array().unwrap().iter().find(|entry| entry["name"] == app).unwrap().clone();
        entry["workers"][0]["sandbox"].as_array().unwrap().clone()
    };
    let closed = |layers: Vec<Value>| {
        layers.iter().map(|layer| (layer["layer"].clone(), layer["active"].clone())).collect::<Vec<_>>()
    };
    kill(Pid::from_raw(nano.pid_of("a")), Signal::SIGKILL).unwrap();
    assert_eq!(closed(sandbox("b")).len(), 10);
    if geteuid().is_root() {
        assert!(sandbox("b").iter().all(|layer| layer["active"] == true), "{:?}", sandbox("b"));
    }
}

#[test]
fn an_adopted_worker_is_its_apps_user_on_all_threads_and_has_its_limits() {
    if !geteuid().is_root() {
        return;
    }
    let nano = serve(2, &[app("a", &json!({ "memory_mb": 64 })), app("b", &json!({ "memory_mb": 1024 }))]);
    let waiting = spares(&nano, 2);
    for pid in &waiting {
        // The right to become another user, and nothing else.
        assert_eq!(status_of(*pid, "CapEff"), "00000000000000c0");
        assert_eq!((status_of(*pid, "CapBnd"), status_of(*pid, "NoNewPrivs")), ("0000000000000000".into(), "1".into()));
        assert_eq!(status_of(*pid, "Seccomp"), "2");
        assert!(fs::read_dir(format!("/proc/{pid}/root/")).unwrap().next().is_none(), "files");
    }
    let mut users = BTreeSet::new();
    for (app, limit) in [("a", (80 + 128) << 20), ("b", (1280 + 128) << 20)] {
        assert_eq!(answer(&nano, app)[0], app);
        let pid = nano.pid_of(app);
        assert!(waiting.contains(&pid));
        let threads: Vec<i32> = waits(pid).into_keys().collect();
        assert!(threads.len() > 1);
        for thread in threads {
            let of_thread = format!("{pid}/task/{thread}").replace(&format!("{pid}/task/{pid}"), &pid.to_string());
            let status = fs::read_to_string(format!("/proc/{of_thread}/status")).unwrap();
            let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
            let uid = field("Uid:");
            let ids: BTreeSet<&str> = uid.split_whitespace().collect();
            assert!(ids.len() == 1 && !ids.contains("0"), "{uid}");
            assert_eq!(field("Gid:"), uid);
            for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
                assert_eq!(field(set), "0000000000000000", "{set}");
            }
            assert_eq!((field("Groups:"), field("Seccomp:")), (String::new(), "2".into()));
            users.insert(uid);
        }
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        if let Some(group) = groups.lines().find_map(|line| line.split_once(":memory:").map(|(_, path)| path)) {
            let limit_file = format!("/sys/fs/cgroup/memory{group}/memory.limit_in_bytes");
            let found: u64 = fs::read_to_string(limit_file).unwrap().trim().parse().unwrap();
            assert_eq!(found, limit, "{app}");
        }
    }
    assert_eq!(users.len(), 2);
}

#[test]
fn a_spare_is_never_given_to_two_apps() {
    let names: Vec<String> = (0..24).map(|number| format!("app{number}")).collect();
    let apps: Vec<Value> = names.iter().map(|name| app(name, &json!({ "idle_ms": 300 }))).collect();
    let nano = serve(3, &apps);
    let nano = &nano;
    spares(nano, 3);
    for round in 0..3 {
        thread::scope(|scope| {
            let answers: Vec<_> = names.iter().map(|name| (name, scope.spawn(move || answer(nano, name)))).collect();
            for (name, answer) in answers {
                let wanted = json!([name, format!("secret-of-{name}-7f3a"), ""]);
                assert_eq!(answer.join().unwrap(), wanted, "round {round}");
            }
        });
        // Nothing of what one app was told reaches the next, not even of the same app.
        thread::scope(|scope| {
            for name in &names {
                scope.spawn(move || nano.post(&format!("{name}.local"), "/", b"something"));
            }
        });
        until("the end of all workers", || names.iter().all(|name| nano.pids(name).is_empty()).then_some(()));
    }
    spares(nano, 3);
}

#[test]
fn a_spare_knows_nothing_before_it_is_given_away() {
    let nano = serve(2, &[app("a", &json!({})), app("b", &json!({})), app("c", &json!({}))]);
    let secrets = ["secret-of-a-7f3a", "secret-of-b-7f3a", "secret-of-c-7f3a", "secret-of-visitors-91c4"];
    answer(&nano, "a");
    nano.post("a.local", "/", b"secret-of-visitors-91c4");
    answer(&nano, "b");
    for pid in spares(&nano, 2) {
        assert!(find_in_start(pid, &secrets).unwrap_or_default().is_empty());
        let Ok(found) = find_in_memory(pid, &secrets) else { continue };
        assert_eq!(found, Vec::<usize>::new(), "in spare {pid}");
    }
    // The same look finds what is there.
    if let Ok(found) = find_in_memory(nano.pid_of("a"), &secrets) {
        assert_eq!(found, [0, 3]);
    }
}

#[test]
fn spares_share_no_namespace_with_each_other_and_with_those_that_were() {
    let nano = serve(3, &[app("a", &json!({}))]);
    let waiting = spares(&nano, 3);
    answer(&nano, "a");
    let mut all = waiting.clone();
    all.extend(spares(&nano, 3));
    let all: BTreeSet<i32> = all.into_iter().collect();
    for namespace in ["mnt", "pid", "net", "ipc", "uts", "cgroup"] {
        let links = all.iter().filter_map(|pid| fs::read_link(format!("/proc/{pid}/ns/{namespace}")).ok());
        let links: Vec<_> = links.collect();
        let distinct: BTreeSet<_> = links.iter().collect();
        assert_eq!(distinct.len(), links.len(), "{namespace}");
    }
}

#[test]
fn a_worker_that_dies_is_replaced_by_a_spare() {
    let nano = serve(1, &[app("a", &json!({ "start": "eager" }))]);
    let spare = spares(&nano, 1)[0];
    let first = nano.pid_of("a");
    assert_ne!(first, spare);
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    assert_eq!(answer(&nano, "a")[0], "a");
    assert_eq!(nano.pid_of("a"), spare);
    // One that was a spare is replaced as well, and its limits hold as those of others do.
    let next = spares(&nano, 1)[0];
    kill(Pid::from_raw(spare), Signal::SIGKILL).unwrap();
    assert_eq!(answer(&nano, "a")[0], "a");
    assert_eq!(nano.pid_of("a"), next);
    nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "crash")], 2.0);
}

#[test]
fn spares_that_are_killed_are_replaced_and_apps_start_without_them() {
    let nano = serve(2, &[app("a", &json!({})), app("b", &json!({ "workers": 2 }))]);
    for _ in 0..3 {
        for pid in spares(&nano, 2) {
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        }
        assert_eq!(answer(&nano, "a")[0], "a");
        kill(Pid::from_raw(nano.pid_of("a")), Signal::SIGKILL).unwrap();
    }
    // With several workers an app gets its own.
    let waiting = spares(&nano, 2);
    assert_eq!(answer(&nano, "b")[0], "b");
    until("both workers", || (nano.pids("b").len() == 2).then_some(()));
    assert!(nano.pids("b").iter().all(|pid| !waiting.contains(pid)));
}

#[test]
fn their_number_follows_the_configuration() {
    let site = Site::new();
    site.app("app", APP);
    let config = |spares: usize| site.config(json!({ "spares": spares, "apps": [app("a", &json!({}))] }));
    config(0);
    let mut nano = site.serve();
    assert_eq!(spares(&nano, 0), Vec::<i32>::new());
    assert_eq!(answer(&nano, "a")[0], "a");
    for count in [4, 1, 2, 0] {
        config(count);
        assert_eq!(nano.ctl(&["reload"]).code, Some(0));
        spares(&nano, count);
        for state in ["ready", "wanted"] {
            let shown = f64::from(u32::try_from(count).unwrap());
            nano.await_metric("nano_spares", &[("state", state)], shown);
        }
    }
    config(2);
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    let last = spares(&nano, 2);
    nano.signal(Signal::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    assert!(last.iter().all(|pid| !runs(*pid)), "spares outlive nano");
}
