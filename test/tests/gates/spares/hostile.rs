//! The app that gets the first spare breaks out of V8, as it were: native code makes every attempt at the spares that wait and at
//! the worker that the next app got. None gets through, and those notice nothing.
//!
//! Sabotage control: the same code without the sandbox. Each attempt gets through, and what it does to a process is seen.

use super::may_look;
use nano_test::process::{identity, opened, runs, status};
use nano_test::{Nano, Site, finish, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Attempts at another process, from the list of the test that attacks one worker, and at what nano listens on.
const ATTEMPTS: [&str; 18] = [
    "open another's memory",
    "read another's environment",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace another",
    "kill another",
    "tkill another",
    "tgkill another",
    "pidfd_open another",
    "take another's descriptor",
    "signals by fcntl to another",
    "limits of another",
    "kcmp",
    "setns",
    "chdir",
    "open a file for writing",
    "setresuid to another",
    "connect by TCP",
];

/// Enough that the youngest waits while an attacker uses up others.
const SPARES: usize = 6;

/// What an app has to keep to itself.
fn secret(app: &str) -> String {
    format!("secret-of-{app}-52c8e0")
}

fn program() -> PathBuf {
    let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/hostile_worker");
    assert!(program.is_file(), "{} is not there: run `cargo build -p nano-test --examples` first", program.display());
    program
}

/// An app for each attempt, so that each of them is made by a worker that was a spare; and the next one.
fn serve() -> Nano {
    let site = Site::new();
    site.file("app/index.js", "export default {}; // the worker under test does not look at it");
    let app = |name: String| json!({ "name": name, "hostname": name, "path": "app", "env": { "SECRET": secret(&name) }, "start": "on-demand" });
    let mut apps: Vec<Value> = (0..ATTEMPTS.len()).map(|number| app(format!("hostile{number}.local"))).collect();
    apps.push(app("next.local".to_owned()));
    site.config(json!({ "log": { "access": false }, "spares": SPARES, "apps": apps }));
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("NANO_WORKER", program());
    site.serve_with(command)
}

/// What an attempt at a process aims at: `PID`, a file of its control group, a port of nano.
fn aim(nano: &Nano, victim: i32) -> [String; 3] {
    [victim.to_string(), limit_file(victim).display().to_string(), nano.metrics_address.port().to_string()]
}

/// Where the memory limit of the group that it is in is written; where there is none, a file of root's.
fn limit_file(pid: i32) -> PathBuf {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let found = groups.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let file = match controllers {
            "" => format!("/sys/fs/cgroup{path}/memory.max"),
            "memory" => format!("/sys/fs/cgroup/memory{path}/memory.limit_in_bytes"),
            _ => return None,
        };
        Some(PathBuf::from(file)).filter(|file| file.exists())
    });
    found.unwrap_or_else(|| "/proc/sys/kernel/hostname".into())
}

/// What others could have done to a process, and it could not undo.
fn condition(pid: i32) -> Value {
    let text = |file: PathBuf| fs::read_to_string(file).unwrap_or_default();
    let runs = runs(pid);
    let state = status(pid, "State").unwrap_or_default();
    json!({
        "process": identity(pid).map(|(_, start)| start),
        "runs": runs && !state.starts_with(['T', 't']),
        "tracer": status(pid, "TracerPid"),
        "users": status(pid, "Uid"),
        "limits": text(format!("/proc/{pid}/limits").into()),
        "group": text(format!("/proc/{pid}/cgroup").into()),
        "memory": runs.then(|| text(limit_file(pid))),
        "opened": opened(pid).unwrap_or_default(),
    })
}

/// The spares, the youngest last. The program leaves its title as it is when it gets an app: what nano lists as an app's is none.
fn waiting_spares(nano: &Nano) -> Vec<i32> {
    until("all spares", || {
        let apps = nano.ctl_json(&["apps"]);
        let workers = apps["apps"].as_array().unwrap().iter().flat_map(|app| app["workers"].as_array().unwrap());
        let taken: BTreeSet<i64> = workers.filter_map(|worker| worker["pid"].as_i64()).collect();
        let ready = nano.ctl_json(&["status"])["spares"]["ready"] == SPARES;
        let spares: Vec<i32> = nano.spares().into_iter().filter(|pid| !taken.contains(&i64::from(*pid))).collect();
        (ready && spares.len() == SPARES).then_some(spares)
    })
}

#[test]
fn what_got_the_first_spare_reaches_no_other() {
    let nano = serve();
    let text = |app: &str| nano.get(app, "/").text();
    assert_eq!(text("next.local"), secret("next.local"));
    let next = nano.pid_of("next.local");
    let mut through = Vec::new();
    for (number, name) in ATTEMPTS.iter().enumerate() {
        let app = format!("hostile{number}.local");
        let waiting = waiting_spares(&nano);
        assert_eq!(text(&app), secret(&app));
        let first = nano.pid_of(&app);
        assert!(waiting.contains(&first), "{app} did not get a spare");
        if number == 0 {
            is_locked_up(&nano, &app);
        }
        for waits in [false, true] {
            // The youngest: what ends by its attempt is replaced by the oldest.
            let spares = waiting_spares(&nano);
            let victim = if waits { *spares.last().unwrap() } else { next };
            has_groups_of_their_own(&[&spares[..], &[next]].concat());
            let before = condition(victim);
            let [pid, file, port] = aim(&nano, victim);
            let answer = nano.get(&app, &format!("/attack?{}&{pid}&{file}&{port}", name.replace(' ', "%20")));
            match answer.status {
                200 if answer.text() != "ok" => {}
                // Most attempts end the process that makes them.
                502 | 503 => {}
                _ => through.push(format!("{name}: {answer:?}")),
            }
            assert_eq!(condition(victim), before, "{name}");
        }
    }
    assert_eq!(through, Vec::<String>::new());
    assert_eq!(nano.pid_of("next.local"), next);
    assert_eq!(text("next.local"), secret("next.local"));
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "next.local")]), 0.0);
}

/// Each of these processes is in another control group, where there are some.
fn has_groups_of_their_own(pids: &[i32]) {
    let files: BTreeSet<PathBuf> = pids.iter().map(|pid| limit_file(*pid)).collect();
    if files.iter().all(|file| file.starts_with("/sys")) {
        assert_eq!(files.len(), pids.len(), "{files:?}");
    }
}

/// The native code is behind a real sandbox, or its attempts say nothing.
fn is_locked_up(nano: &Nano, app: &str) {
    let apps = nano.ctl_json(&["apps"]);
    let entry = apps["apps"].as_array().unwrap().iter().find(|entry| entry["name"] == app).unwrap().clone();
    let layers = entry["workers"][0]["sandbox"].as_array().unwrap().clone();
    assert_eq!(layers.len(), 10, "{layers:?}");
    if geteuid().is_root() {
        assert!(layers.iter().all(|layer| layer["active"] == true), "{layers:?}");
    }
}

#[test]
fn the_same_code_without_its_sandbox_turns_it_red() {
    if !may_look() {
        return;
    }
    let nano = serve();
    let victim = waiting_spares(&nano)[0];
    let [pid, file, port] = aim(&nano, victim);
    let mut refused = Vec::new();
    for name in ATTEMPTS {
        let end = finish(Command::new(program()).args(["attack", name, &pid, &file, &port]), "");
        if end.stdout.trim() != "ok" {
            refused.push(format!("{name}: {end:?}"));
        }
    }
    assert_eq!(refused, Vec::<String>::new());
    // What it did is seen.
    let before = condition(victim);
    assert_eq!(before["runs"], true);
    let stop = |signal| kill(Pid::from_raw(victim), signal).unwrap();
    stop(Signal::SIGSTOP);
    until("it is stopped", || (condition(victim)["runs"] == false).then_some(()));
    stop(Signal::SIGKILL);
    until("it has gone", || (!runs(victim)).then_some(()));
    assert_ne!(condition(victim), before);
}
