//! Workers that end, for every reason there is.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::nano::{Nano, Site, eventually, is_alive};

fn serve(script: &str, members: &str) -> Nano {
    let site = Site::new();
    site.app("a", script).config("", &[&format!("\"hostname\": \"a\", \"path\": \"a\"{members}")]);
    site.serve()
}

fn exits(nano: &Nano, reason: &str) -> f64 {
    nano.metric(&format!("nano_worker_exits_total{{app=\"a\",reason=\"{reason}\"}}")).unwrap()
}

#[test]
fn a_killed_worker_is_replaced_at_once_and_its_counters_stay() {
    let nano = serve("overflow\nrespond x", "");
    let mut pid = nano.answering_pid("a");
    for killed in 1..=5 {
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        let begun = Instant::now();
        let next = nano.answering_pid("a");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_ne!(next, pid);
        pid = next;
        eventually("the exit is counted", || exits(&nano, "crash") == f64::from(killed));
    }
    assert_eq!(nano.metric("nano_stream_buffer_overflows_total{app=\"a\"}"), Some(6.0));
    assert_eq!(nano.metric("nano_streams_errored_total{app=\"a\",cause=\"overflow\"}"), Some(6.0));
    assert_eq!(nano.metric("nano_worker_starts_total{app=\"a\"}"), Some(6.0));
    assert_eq!(nano.metric("nano_workers{app=\"a\",state=\"ready\"}"), Some(1.0));
    let line = nano.log("\"reason\":\"crash\"");
    assert!(line.contains("\"how\":\"signal SIGKILL\"") && line.contains("\"level\":\"warn\""), "{line}");
}

#[test]
fn a_crash_loop_is_refused_at_once() {
    let nano = serve("crash", "");
    eventually("the app is in a crash loop", || nano.get("a", "/").0 == 503);
    let begun = Instant::now();
    assert_eq!(nano.get("a", "/").0, 503);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    nano.log("crash loop");
    assert_eq!(nano.ask(&["apps"])["apps"][0]["state"], "crash loop");
    let starts = nano.metric("nano_worker_starts_total{app=\"a\"}").unwrap();
    for _ in 0..20 {
        nano.get("a", "/");
    }
    let more = nano.metric("nano_worker_starts_total{app=\"a\"}").unwrap() - starts;
    assert!(more <= 2.0, "{more} starts for 20 requests");
}

#[test]
fn a_worker_that_breaks_the_protocol_is_killed() {
    for script in ["lie\nrespond x", "garbage\nrespond x"] {
        let nano = serve(script, "");
        nano.get("a", "/");
        eventually("the worker is killed", || exits(&nano, "protocol") >= 1.0);
        assert_eq!(exits(&nano, "crash"), 0.0);
        nano.log("broke the protocol");
        eventually("there is another", || nano.metric("nano_workers{app=\"a\",state=\"ready\"}") == Some(1.0));
    }
}

#[test]
fn a_worker_that_answers_nothing_is_killed() {
    for (script, reason) in [("stop", "wall"), ("spin", "cpu")] {
        let nano = serve(script, ", \"cpu_ms\": 100, \"timeout_ms\": 1000");
        let (status, _) = nano.get("a", "/");
        assert_eq!(status, 504, "{script}");
        eventually(script, || exits(&nano, reason) == 1.0);
    }
}

#[test]
fn a_stopped_process_is_killed() {
    let nano = serve("respond x", ", \"cpu_ms\": 100, \"timeout_ms\": 20000");
    let pid = nano.answering_pid("a");
    kill(Pid::from_raw(pid), Signal::SIGSTOP).unwrap();
    // The request itself is saved: it is given to the next worker.
    assert_ne!(nano.answering_pid("a"), pid);
    assert_eq!(exits(&nano, "wall"), 1.0);
}

#[test]
fn an_idle_app_is_stopped_and_comes_back_on_demand() {
    let nano = serve("respond x", ", \"idle_ms\": 200, \"workers\": 2");
    for _ in 0..3 {
        let before = nano.answering_pid("a");
        eventually("both are stopped", || nano.metric("nano_workers{app=\"a\",state=\"exited\"}") == Some(2.0));
        assert_eq!(nano.ask(&["apps"])["apps"][0]["state"], "idle");
        assert!(!is_alive(before.into()));
    }
    let stopped = exits(&nano, "idle");
    assert!(stopped >= 6.0, "{stopped}");
    // Nobody asks: nobody is started.
    let starts = nano.metric("nano_worker_starts_total{app=\"a\"}");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(nano.metric("nano_worker_starts_total{app=\"a\"}"), starts);
    assert_eq!(nano.get("a", "/").0, 200);
    eventually("its siblings come, too", || {
        nano.metric("nano_worker_starts_total{app=\"a\"}") == starts.map(|n| n + 2.0)
    });
}

#[test]
fn a_crowd_of_log_lines_is_cut() {
    let nano = serve(&format!("respond x\n{}", "log line\n".repeat(5000)), "");
    nano.answering_pid("a");
    let lines = || nano.log_so_far().matches("\"message\":\"line\"").count();
    assert!((2000..4500).contains(&lines()), "{}", lines());
}
