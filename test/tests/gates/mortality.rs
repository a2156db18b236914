//! The supervisor is killed with SIGKILL. None of its processes outlives it for long.
//!
//! Sabotage control: a process that outlives its parent on purpose. The check must find it.

use crate::bystander::APP;
use nano_test::process::{descendants, runs};
use nano_test::{Nano, PATIENCE, Site, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

fn serve() -> Nano {
    let site = Site::new();
    // One idles, one is in a loop that V8 cannot interrupt, one waits, one ignores what it can.
    site.app("idle", APP);
    site.app("busy", "export default { fetch() { 'a'.repeat(5e6).lastIndexOf('a'.repeat(2e6) + 'b'); } };");
    site.app("waiting", "export default { fetch: () => new Promise((go) => setTimeout(go, 1e8)) };");
    site.config(json!({ "log": { "access": false }, "apps": [
        { "hostname": "idle.local", "path": "idle", "workers": 3 },
        { "hostname": "busy.local", "path": "busy", "cpu_ms": 600_000, "timeout_ms": 600_000 },
        { "hostname": "waiting.local", "path": "waiting" },
    ]}));
    site.serve()
}

/// Those that still run when the grace is over: what is not killed with its supervisor stays for ever.
fn orphans(pids: &[i32], grace: Duration) -> Vec<i32> {
    let since = Instant::now();
    while since.elapsed() < grace && pids.iter().any(|pid| runs(*pid)) {
        thread::sleep(Duration::from_millis(10));
    }
    pids.iter().copied().filter(|pid| runs(*pid)).collect()
}

#[test]
fn no_process_outlives_a_killed_supervisor() {
    let mut nano = serve();
    let mut busy = nano.connect();
    busy.send_get("busy.local", "/").unwrap();
    let mut waiting = nano.connect();
    waiting.send_get("waiting.local", "/").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "busy.local")], 1.0);
    nano.await_metric("nano_http_requests_in_flight", &[("app", "waiting.local")], 1.0);
    let pids = descendants(nano.pid());
    assert!(pids.len() >= 5, "{pids:?}");
    assert!(pids.iter().all(|pid| runs(*pid)));
    nano.signal(Signal::SIGKILL);
    let left = orphans(&pids, PATIENCE);
    assert!(left.is_empty(), "{left:?} of {pids:?} outlived the supervisor");
    nano.wait();
    // Its control socket is left behind by a kill; the next supervisor takes it over.
    assert!(waiting.is_closed_by_server());
}

#[test]
fn a_process_that_stays_turns_it_red() {
    let mut shell = Command::new("sh").args(["-c", "sleep 60 & sleep 60"]).spawn().unwrap();
    let root = i32::try_from(shell.id()).unwrap();
    let pids = until("its children", || Some(descendants(root)).filter(|pids| pids.len() == 2));
    shell.kill().unwrap();
    shell.wait().unwrap();
    let left = orphans(&pids, Duration::from_secs(1));
    for pid in &pids {
        kill(Pid::from_raw(*pid), Signal::SIGKILL).unwrap();
    }
    assert_eq!(left, pids);
}
