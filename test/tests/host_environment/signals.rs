//! Signals: what a parent did with them, and those that come before nano is ready.

use nano_test::{Site, until};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use serde_json::json;

use super::{SERVE, Started, app, children, serves, site, status, within};

#[test]
fn what_a_parent_blocked_or_ignored_works() {
    for what in ["--block-signal", "--ignore-signal"] {
        let site = site();
        let outer = ["env", what];
        let Some(command) = within(&site, &outer, "nano", &SERVE) else { return };
        let mut nano = site.serve_with(command);
        nano.signal(Signal::SIGHUP);
        nano.log.wait_for("a reload", |record| record["message"] == "reloaded" && record["trigger"] == "SIGHUP");
        // Of its workers, too, who must be let go.
        assert_eq!(nano.ctl(&["restart", "a"]).code, Some(0));
        assert_eq!(nano.get("a.local", "/").text(), "hello");
        let worker = nano.pid_of("a");
        let ignored = u64::from_str_radix(&status(worker, "SigIgn").unwrap(), 16).unwrap();
        assert_eq!(ignored & (1 << (Signal::SIGCHLD as u64 - 1)), 0, "{what}");
        nano.signal(if what == "--block-signal" { Signal::SIGTERM } else { Signal::SIGINT });
        assert_eq!(nano.wait().code(), Some(0), "{what}");
    }
    serves(&site(), &["env", "--ignore-signal=CHLD"]);
}

/// Waits until nano has seen to its signals, as early as that can be seen.
fn await_first_moment(started: &Started) {
    let hangup = 1 << (Signal::SIGHUP as u64 - 1);
    until("SIGHUP is pending", || {
        let held = u64::from_str_radix(&status(started.pid(), "SigBlk")?, 16).ok()? & hangup != 0;
        let heard = u64::from_str_radix(&status(started.pid(), "SigCgt")?, 16).ok()? & hangup != 0;
        (held || heard).then_some(())
    });
}

#[test]
fn a_hangup_in_the_first_moment_is_a_reload() {
    let site = site();
    let mut started = Started::start(site.command("nano", &SERVE));
    await_first_moment(&started);
    kill(Pid::from_raw(started.pid()), Signal::SIGHUP).unwrap();
    started.log.wait_for("a reload", |record| record["message"] == "reloaded" && record["trigger"] == "SIGHUP");
    kill(Pid::from_raw(started.pid()), Signal::SIGTERM).unwrap();
    assert_eq!(started.wait(), Some(0));
}

#[test]
fn a_stop_before_it_is_ready_is_a_clean_end() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let site = Site::new();
        site.app(
            "a",
            "console.log('loading'); await new Promise((done) => setTimeout(done, 600_000)); export default {}",
        );
        site.config(json!({ "sandbox": "best-effort", "apps": [app("a")] }));
        let mut started = Started::start(site.command("nano", &SERVE));
        started.log.wait_for_text("loading");
        let spawner = children(started.pid());
        let all: Vec<i32> = spawner.iter().flat_map(|pid| children(*pid)).chain(spawner.clone()).collect();
        assert!(all.len() >= 2, "a spawner and a worker: {all:?}");
        kill(Pid::from_raw(started.pid()), signal).unwrap();
        assert_eq!(started.wait(), Some(0), "{signal}");
        assert!(all.iter().all(|pid| status(*pid, "State").is_none()), "no process is left of {all:?}");
        assert!(!site.path("control.sock").exists());
    }
}

#[test]
fn a_stop_in_the_first_moment_is_a_clean_end() {
    let site = site();
    let mut started = Started::start(site.command("nano", &SERVE));
    await_first_moment(&started);
    kill(Pid::from_raw(started.pid()), Signal::SIGTERM).unwrap();
    assert_eq!(started.wait(), Some(0));
}

#[test]
fn a_stop_while_the_configuration_cannot_be_read() {
    let site = Site::new();
    // It has no writer.
    mkfifo(&site.path("nano.json"), Mode::S_IRWXU).unwrap();
    let mut started = Started::start(site.command("nano", &SERVE));
    until("a process that reads it", || children(*children(started.pid()).first()?).first().copied());
    kill(Pid::from_raw(started.pid()), Signal::SIGTERM).unwrap();
    assert_eq!(started.wait(), Some(0));
}
