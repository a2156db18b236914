//! Workers that end, for every reason there is.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::nano::{Nano, Site, eventually, is_alive, text};

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
        let next = nano.answering_pid("a");
        assert_ne!(next, pid);
        pid = next;
        eventually("the exit is counted", || exits(&nano, "crash") == f64::from(killed));
    }
    assert_eq!(nano.metric("nano_stream_buffer_overflows_total{app=\"a\"}"), Some(6.0));
    assert_eq!(nano.metric("nano_streams_errored_total{app=\"a\",cause=\"overflow\"}"), Some(6.0));
    assert_eq!(nano.metric("nano_worker_starts_total{app=\"a\"}"), Some(6.0));
    assert_eq!(nano.metric("nano_workers{app=\"a\",state=\"ready\"}"), Some(1.0));
    assert!(!nano.log_so_far().contains("crash loop"), "no request had to wait for a pause to end");
    let line = nano.log("\"reason\":\"crash\"");
    assert!(line.contains("\"how\":\"signal SIGKILL\"") && line.contains("\"level\":\"warn\""), "{line}");
}

#[test]
fn workers_that_are_killed_before_they_answer_are_a_crash_loop() {
    let nano = serve("respond x", "");
    let mut killed = 0;
    eventually("restarts after kills are limited", || {
        let app = &nano.ask(&["apps"])["apps"][0];
        if let Some(pid) = app["workers"][0]["pid"].as_i64().filter(|_| app["workers"][0]["state"] == "ready") {
            // It may be gone by now.
            killed += i32::from(kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).is_ok());
        }
        app["state"] == "crash loop"
    });
    assert!(killed >= 4, "{killed}");
    eventually("it comes back, and answers", || nano.get("a", "/").0 == 200);
    assert_eq!(nano.ask(&["apps"])["apps"][0]["state"], "ready");
}

#[test]
fn a_worker_that_takes_more_memory_than_it_may_is_ended_from_outside() {
    // What the process may have is 128 MiB more than 16 and a quarter.
    let nano = serve("eat 300\nslow 60000", ", \"memory_mb\": 16");
    let (status, body) = nano.get("a", "/");
    assert_eq!((status, code(&body).as_str()), (503, "memory_limit"));
    eventually("the exit is counted", || exits(&nano, "memory") == 1.0);
    // By the kernel where nano may have control groups, else by the supervisor.
    let line = nano.log("\"reason\":\"memory\"");
    assert!(line.contains("\"how\":\"signal SIGKILL\""), "{line}");

    let site = Site::new();
    site.app("a", "grow 300").config("", &["\"hostname\": \"a\", \"path\": \"a\", \"memory_mb\": 16"]);
    let refused = site.run("nano", &["check", "nano.json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("`memory_mb`"), "{}", text(&refused.stderr));
}

#[test]
fn a_crash_loop_is_refused_at_once() {
    let nano = serve("crash", "");
    // Not after a wait in the queue: that would have another code.
    eventually("the app is in a crash loop", || {
        let (status, body) = nano.get("a", "/");
        status == 503 && code(&body) == "app_unavailable"
    });
    nano.log("crash loop");
    eventually("nanoctl says so", || nano.ask(&["apps"])["apps"][0]["state"] == "crash loop");
    let starts = nano.metric("nano_worker_starts_total{app=\"a\"}").unwrap();
    for _ in 0..20 {
        nano.get("a", "/");
    }
    let more = nano.metric("nano_worker_starts_total{app=\"a\"}").unwrap() - starts;
    // Pauses get twice as long each time, so a slow machine sees few more of them end.
    assert!(more <= 8.0, "{more} starts for 20 requests");
}

/// The code of an error's body.
fn code(body: &str) -> String {
    serde_json::from_str::<serde_json::Value>(body).unwrap()["code"].as_str().unwrap().to_owned()
}

/// Where workers have namespaces of their own, abort(3) is not told from another signal.
fn is_abort(how: &serde_json::Value) -> bool {
    how == "signal SIGABRT" || how == "signal SIGSEGV or SIGABRT"
}

#[test]
fn after_a_crash_loop_the_app_comes_back_when_it_answers() {
    let site = Site::new();
    let poison = site.path("poison");
    site.app("a", &format!("crash_if {}\nrespond well", poison.display()));
    site.config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    std::fs::write(&poison, "").unwrap();
    let nano = site.serve();
    eventually("the app is in a crash loop", || {
        let (status, body) = nano.get("a", "/");
        status == 503 && code(&body) == "app_unavailable"
    });
    std::fs::remove_file(&poison).unwrap();
    eventually("the probe is answered", || nano.get("a", "/").0 == 200);
    assert_eq!(nano.ask(&["apps"])["apps"][0]["state"], "ready");
    let last = &nano.ask(&["apps"])["apps"][0]["workers"][0]["last_exit"];
    assert_eq!(last["reason"], "crash");
    assert!(is_abort(&last["how"]), "{last}");
    assert!(text(&nano.nanoctl(&["apps"]).stdout).contains(&format!("crash ({})", last["how"].as_str().unwrap())));
}

#[test]
fn an_app_that_does_not_start_any_more_says_so() {
    let site = Site::new();
    let poison = site.path("poison");
    site.app("a", &format!("die_if {}\nrespond well", poison.display()));
    site.config("", &["\"hostname\": \"a\", \"path\": \"a\""]);
    let nano = site.serve();
    let pid = nano.answering_pid("a");
    std::fs::write(&poison, "").unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    eventually("it is refused", || {
        let (status, body) = nano.get("a", "/");
        status == 503 && code(&body) == "app_start_failed"
    });
    eventually("nanoctl says so", || nano.ask(&["apps"])["apps"][0]["state"] == "start fails");
    let (_, head) = nano.send("GET / HTTP/1.1\r\nHost: a");
    let retry: u64 = head.split("retry-after: ").nth(1).unwrap().split('\r').next().unwrap().parse().unwrap();
    // 100 ms, doubled with each failure: not yet long.
    assert!((1..=16).contains(&retry), "{head}");
    let records = nano.ask(&["why", "a"]);
    assert_eq!(records["records"][0]["reason"], "startup");
    assert!(records["records"][0]["detail"].as_str().unwrap().contains("died while it loaded the app"), "{records}");
    std::fs::remove_file(&poison).unwrap();
    eventually("it is back", || nano.get("a", "/").0 == 200);
}

#[test]
fn why_a_worker_died_is_kept() {
    let nano = serve("log before\nstderr last words\nrespond x\ncrash", "");
    let none = nano.nanoctl(&["why", "a"]);
    assert_eq!(text(&none.stdout), "no worker of a died since nano runs\n");
    let pid = nano.pids("a")[0];
    let head = "POST /pay?card=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: lost-1\r\nContent-Length: 0";
    assert_eq!(nano.send(head).0, 502);
    let line = nano.log("flight record");
    let logged: serde_json::Value = serde_json::from_str(&line).unwrap();
    let records = nano.ask(&["why", "a"])["records"].clone();
    assert_eq!(records.as_array().unwrap().len(), 1);
    for record in [&records[0], &logged] {
        assert_eq!((&record["app"], &record["reason"]), (&"a".into(), &"crash".into()), "{record}");
        assert_eq!(record["pid"], pid, "{record}");
        assert!(is_abort(&record["how"]), "{record}");
        assert!(record["uptime_ms"].is_u64() && record["heap_bytes"].is_u64() && record["generation"].is_u64());
        let request = &record["requests"][0];
        assert_eq!((&request["method"], &request["path"]), (&"POST".into(), &"/pay".into()), "{record}");
        assert_eq!((&request["request_id"], &request["state"]), (&"lost-1".into(), &"waiting".into()));
        assert!(request["age_ms"].as_u64().unwrap() < 10_000);
        let lines: Vec<_> =
            record["last_lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        assert!(lines.contains(&"before") && lines.contains(&"last words"), "{lines:?}");
    }
    assert_eq!(nano.ask(&["why", "lost-1"])["records"], records);
    let shown = text(&nano.nanoctl(&["why", "lost-1"]).stdout);
    assert!(
        shown.contains("crash (signal SIG")
            && shown.contains("SIGABRT)")
            && shown.contains("/pay")
            && shown.contains("last words"),
        "{shown}"
    );
    assert!(!shown.contains("card"), "{shown}");

    // A GET is sent to one more worker, and kills that one too.
    let head = "GET /twice HTTP/1.1\r\nHost: a\r\nX-Request-Id: lost-2";
    assert_eq!(nano.send(head).0, 502);
    eventually("both records are kept", || {
        let output = nano.nanoctl(&["--json", "why", "lost-2"]);
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        found["records"].as_array().is_some_and(|records| records.len() == 2)
    });

    for unknown in ["lost-3", "b"] {
        let output = nano.nanoctl(&["why", unknown]);
        assert_eq!(output.status.code(), Some(1));
        let error = text(&output.stderr);
        assert!(error.contains("there is no app") && error.contains("access log"), "{error}");
    }
}

#[test]
fn a_worker_that_was_told_to_go_leaves_no_record() {
    let nano = serve("respond x", "");
    nano.ask(&["restart", "a"]);
    eventually("the old one is gone", || exits(&nano, "restart") == 1.0);
    kill(Pid::from_raw(nano.answering_pid("a")), Signal::SIGKILL).unwrap();
    nano.log("flight record");
    let records = nano.ask(&["why", "a"]);
    assert_eq!(records["records"].as_array().unwrap().len(), 1, "{records}");
    assert_eq!(records["records"][0]["reason"], "crash");
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
fn a_worker_that_says_too_much_holds_up_nobody() {
    let nano = serve("flood\nrespond x", ", \"cpu_ms\": 100");
    // It is found out, unless it is heard so slowly that its silence is noticed first: it answers no ping.
    eventually("it is killed", || ["protocol", "cpu", "wall"].iter().any(|reason| exits(&nano, reason) >= 1.0));
    for _ in 0..20 {
        nano.ask(&["status"]);
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
    // Without a request no worker is started.
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
    let begun = Instant::now();
    let nano = serve(&format!("respond x\n{}", "log line\n".repeat(5000)), "");
    nano.answering_pid("a");
    let lines = || nano.log_so_far().matches("\"message\":\"line\"").count();
    let dropped =
        || nano.metric("nano_log_lines_dropped_total{app=\"a\"}").unwrap().to_string().parse::<usize>().unwrap();
    eventually("each line is logged or counted as dropped", || lines() + dropped() >= 5000);
    assert_eq!(lines() + dropped(), 5000);
    // A thousand per second, 2000 at once: a slow machine gives them more time.
    let allowed = 2000 + usize::try_from(begun.elapsed().as_millis()).unwrap() + 1;
    assert!((2000..=allowed).contains(&lines()), "{} lines, not {allowed}", lines());
}
