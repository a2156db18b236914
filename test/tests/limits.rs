//! Limits: time, CPU, memory, how many at once. An app that exceeds one gets an error; others are unaffected.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::process::resident;
use nano_test::{Nano, Site, app_path, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The app `a` with these limits, and an untouched neighbour `b`.
fn limited(limits: &Value) -> Nano {
    let mut app = json!({ "name": "a", "hostname": "a.local", "path": app_path("faults") });
    app.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    let site = Site::new();
    site.apps(json!([app, { "name": "b", "hostname": "b.local", "path": app_path("faults") }]));
    site.serve()
}

/// Runs `bomb` while clients use the neighbour, who must not lose a request nor its process.
fn beside_a_neighbour(nano: &Nano, bomb: impl FnOnce()) {
    let neighbour = nano.pid_of("b");
    let load = nano.load("b.local", "/hello");
    until("load", || (load.served() > 20).then_some(()));
    bomb();
    let served = load.served();
    until("load after it", || (load.served() > served + 20).then_some(()));
    let tally = load.stop();
    assert_eq!(tally.failures, Vec::<String>::new(), "of {} requests", tally.served);
    assert_eq!(nano.pid_of("b"), neighbour);
}

#[test]
fn a_handler_that_never_answers_is_a_504() {
    let nano = limited(&json!({ "timeout_ms": 400 }));
    let worker = nano.pid_of("a");
    beside_a_neighbour(&nano, || {
        let start = Instant::now();
        let response = nano.get("a.local", "/never");
        assert_eq!(response.status, 504);
        assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
        assert_eq!(response.json()["code"], "timeout");
        // The worker lives on. On a slow machine any answer may miss so short a time: until one is in time.
        for (path, text) in [("/hello", "hello"), ("/slow?ms=100", "slow")] {
            until(path, || (nano.get("a.local", path).body == text.as_bytes()).then_some(()));
        }
    });
    assert_eq!(nano.pid_of("a"), worker);
    assert!(nano.metrics().get("nano_http_requests_total", &[("app", "a"), ("code", "504")]) >= Some(1.0));
}

#[test]
fn a_handler_that_loops_is_a_503_and_the_worker_is_replaced() {
    let nano = limited(&json!({ "cpu_ms": 300 }));
    for (round, path) in ["/loop", "/microtask-loop"].into_iter().enumerate() {
        let pid = nano.pid_of("a");
        beside_a_neighbour(&nano, || {
            let start = Instant::now();
            let response = nano.get("a.local", path);
            assert_eq!(response.status, 503, "{path}: {response:?}");
            assert_eq!(response.json()["code"], "cpu_limit", "{path}");
            assert!(start.elapsed() >= Duration::from_millis(300), "{path}: {:?}", start.elapsed());
            until("the app's answer after the loop", || (nano.get("a.local", "/hello").status == 200).then_some(()));
        });
        assert_ne!(nano.pid_of("a"), pid, "a terminated isolate is never used again");
        let count = f64::from(u32::try_from(round).unwrap() + 1);
        nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "cpu")], count);
    }
}

#[test]
fn a_module_that_loops_at_start_does_not_hang_the_start() {
    let site = Site::new();
    site.app("a", "for (;;);");
    site.apps(json!([{ "hostname": "a.local", "path": "a", "cpu_ms": 300 }]));
    let check = nano_test::finish(&mut site.command("nano", &["check", "nano.json"]), "");
    assert_eq!(check.code, Some(1), "{check:?}");
    assert!(check.stderr.contains("a.local"), "{check:?}");
}

#[test]
fn the_least_memory_that_may_be_asked_for_is_enough_for_a_small_app() {
    let nano = limited(&json!({ "memory_mb": 8 }));
    let pid = nano.pid_of("a");
    for _ in 0..20 {
        assert_eq!(nano.get("a.local", "/hello").text(), "hello");
    }
    assert_eq!(nano.pid_of("a"), pid);
}

#[test]
fn an_app_may_have_gigabytes() {
    let nano = limited(&json!({ "memory_mb": 6144 }));
    assert_eq!(nano.get("a.local", "/hello").text(), "hello");
}

#[test]
fn a_heap_that_grows_past_memory_mb_ends_the_worker_alone() {
    let nano = limited(&json!({ "memory_mb": 32, "cpu_ms": 20_000 }));
    let pid = nano.pid_of("a");
    beside_a_neighbour(&nano, || {
        let response = nano.get("a.local", "/heap");
        assert_eq!((response.status, &response.json()["code"]), (503, &json!("memory_limit")), "{response:?}");
        until("the app's answer after it", || (nano.get("a.local", "/hello").status == 200).then_some(()));
    });
    assert_ne!(nano.pid_of("a"), pid);
    nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "heap")], 1.0);
}

#[test]
fn requests_beside_the_one_that_takes_the_memory_are_told_why_they_fail() {
    let nano = limited(&json!({ "memory_mb": 32, "cpu_ms": 20_000 }));
    let mut beside = nano.connect();
    beside.send(b"POST /slow?ms=60000 HTTP/1.1\r\nHost: a.local\r\nContent-Length: 2\r\n\r\nhi").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    assert_eq!(nano.post("a.local", "/heap", b"").json()["code"], "memory_limit");
    let response = beside.receive().unwrap();
    assert_eq!((response.status, &response.json()["code"]), (503, &json!("memory_limit")), "{response:?}");
}

#[test]
fn a_killed_worker_takes_only_its_own_requests_along() {
    let nano = limited(&json!({}));
    let mut posting = nano.connect();
    posting.send(b"POST /slow?ms=20000 HTTP/1.1\r\nHost: a.local\r\nContent-Length: 2\r\n\r\nhi").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    beside_a_neighbour(&nano, || {
        kill(Pid::from_raw(nano.pid_of("a")), Signal::SIGKILL).unwrap();
        let response = posting.receive().unwrap();
        assert_eq!(response.status, 502);
        assert_eq!(response.json()["code"], "worker_died");
        until("the app's answer after it", || (nano.get("a.local", "/hello").status == 200).then_some(()));
    });
}

#[test]
fn a_get_without_a_body_is_tried_once_more_and_not_again() {
    let nano = limited(&json!({}));
    let mut waiting = nano.connect();
    waiting.send_get("a.local", "/slow?ms=20000").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    let first = nano.pid_of("a");
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    let second = until("a new worker", || nano.pids("a").into_iter().find(|pid| *pid != first));
    // The new one has it, once it has this request, which came after.
    assert_eq!(nano.get("a.local", "/hello").status, 200);
    kill(Pid::from_raw(second), Signal::SIGKILL).unwrap();
    let response = waiting.receive().unwrap();
    assert_eq!((response.status, &response.json()["code"]), (502, &json!("worker_died")));

    // Where the second try succeeds, the client notices nothing.
    waiting.send_get("a.local", "/slow?ms=500").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    kill(Pid::from_raw(nano.pid_of("a")), Signal::SIGKILL).unwrap();
    assert_eq!(waiting.receive().unwrap().text(), "slow");
}

#[test]
fn more_requests_than_fit_wait_and_then_are_told_to_come_back() {
    let nano = limited(&json!({ "max_concurrent": 2 }));
    // In one event loop these take as long as one; two at a time, six take three times as long.
    let start = Instant::now();
    let mut clients: Vec<_> = (0..6).map(|_| nano.connect()).collect();
    for client in &mut clients {
        client.send_get("a.local", "/slow?ms=200").unwrap();
    }
    for client in &mut clients {
        assert_eq!(client.receive().unwrap().status, 200);
    }
    assert!(start.elapsed() >= Duration::from_millis(600), "{:?}", start.elapsed());

    // The queue is bounded: as long as two uploads that are not over have both places, 64 more can wait.
    let mut uploads: Vec<_> = (0..2).map(|_| nano.connect()).collect();
    for upload in &mut uploads {
        upload.send(b"POST /echo HTTP/1.1\r\nHost: a.local\r\nContent-Length: 3\r\n\r\nen").unwrap();
    }
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 2.0);
    let mut clients: Vec<_> = (0..200).map(|_| nano.connect()).collect();
    for client in &mut clients {
        client.send_get("a.local", "/hello").unwrap();
    }
    let count = || nano.metrics().get("nano_http_requests_total", &[("app", "a"), ("code", "503")]);
    until("those that find no place are refused", || count().filter(|refused| *refused >= 136.0));
    for upload in &mut uploads {
        upload.send(b"d").unwrap();
        assert_eq!(upload.receive().unwrap().text(), "end");
    }
    let answers: Vec<_> = clients.iter_mut().map(|client| client.receive().unwrap()).collect();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert_eq!(refused.len(), 136);
    for answer in refused {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["code"], "queue_full");
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!(seconds >= 1);
    }
    assert_eq!(nano.get("a.local", "/hello").status, 200);
}

#[test]
fn an_app_that_dies_at_every_start_is_refused_quickly_and_not_spawned_per_request() {
    let site = Site::new();
    // Starts well, and dies of its first request, each time.
    site.app("a", "export default { fetch() { for (;;); } };");
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "cpu_ms": 100 }]));
    let nano = site.serve();
    let mut unavailable = 0;
    for _ in 0..10 {
        let response = nano.get("a.local", "/");
        assert_eq!(response.status, 503, "{response:?}");
        assert!(response.header("retry-after").is_some(), "{response:?}");
        let body = response.json();
        let code = body["code"].as_str().unwrap();
        assert!(["cpu_limit", "app_unavailable"].contains(&code), "{body}");
        unavailable += usize::from(code == "app_unavailable");
    }
    assert!(unavailable > 0, "no pause between the starts, in ten deaths");
    nano.log.wait_for_text("crash loop");
    let starts = nano.metrics().get("nano_worker_starts_total", &[("app", "a")]).unwrap();
    assert!(starts <= 11.0, "{starts} starts for ten requests");
}

#[test]
fn idle_workers_stop_and_start_again_on_demand() {
    let nano = limited(&json!({ "idle_ms": 300 }));
    let pid = nano.pid_of("a");
    assert_eq!(nano.get("a.local", "/hello").text(), "hello");
    until("the idle process is gone", || (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
    until("its end is counted", || {
        let exits = nano.metrics().get("nano_worker_exits_total", &[("app", "a"), ("reason", "idle")]);
        exits.filter(|exits| *exits >= 1.0)
    });
    assert_eq!(nano.get("a.local", "/hello").text(), "hello");
    let starts = nano.metrics().get("nano_worker_starts_total", &[("app", "a")]);
    assert!(starts >= Some(2.0), "{starts:?}");
}

#[test]
fn a_log_flood_is_cut_and_the_drops_are_told() {
    let start = Instant::now();
    let nano = limited(&json!({}));
    beside_a_neighbour(&nano, || assert_eq!(nano.get("a.local", "/flood").text(), "flooded"));
    let logged = || nano.log.count("\"message\":\"flood ");
    // Each line is logged or counted. How many there may be is a matter of the time that they took.
    until("5000 lines logged or dropped", || (logged() + dropped(&nano, "a") >= 5000).then_some(()));
    let allowed = 2000 + usize::try_from(start.elapsed().as_millis()).unwrap() + 1;
    assert!(logged() <= allowed, "{} lines, not {allowed}", logged());
    if dropped(&nano, "a") > 0 {
        nano.get("a.local", "/log?word=after");
        nano.log.wait_for("what was dropped", |record| record["app"] == "a" && record.to_string().contains("dropped"));
    }
}

fn dropped(nano: &Nano, app: &str) -> usize {
    let dropped = nano.metrics().get("nano_log_lines_dropped_total", &[("app", app)]).unwrap();
    format!("{dropped}").parse().unwrap()
}

#[test]
fn a_log_flood_leaves_the_lines_of_others_whole_and_the_supervisor_s_memory_flat() {
    let site = Site::new();
    site.app(
        "flood",
        "const line = 'x'.repeat(1000);
        export default { fetch() { for (let i = 0; i < 5000; i++) console.log(line); return new Response('flooded') } };",
    );
    site.app(
        "calm",
        "let n = 0; export default { fetch() { console.log(`line ${n++}`); return new Response('calm') } };",
    );
    site.apps(json!([
        // The answer to a ping comes after all that was logged before it.
        { "name": "a", "hostname": "a.local", "path": "flood", "cpu_ms": 90_000 },
        { "name": "b", "hostname": "b.local", "path": "calm" },
    ]));
    let start = Instant::now();
    let nano = site.serve();
    assert_eq!(nano.get("a.local", "/").text(), "flooded");
    let before = resident(nano.pid());
    for _ in 0..30 {
        assert_eq!(nano.get("a.local", "/").text(), "flooded");
        assert_eq!(nano.get("b.local", "/").text(), "calm");
    }
    for number in 0..30 {
        let own = format!("line {number}");
        nano.log.wait_for(&own, |record| record["app"] == "b" && record["message"] == *own);
    }
    // Of 5000 lines in one turn the worker keeps no more than 4000 and what comes back meanwhile.
    let logged = || nano.log.count("\"message\":\"xxxxxxxx");
    // Those that stderr did not take: a slow machine's reader is behind.
    let unwritten = || {
        let lines = nano.metrics().sum("nano_log_lines_unwritten_total", &[]);
        format!("{lines}").parse::<usize>().unwrap()
    };
    let all = || logged() + dropped(&nano, "a") + unwritten();
    until("each line logged, dropped or not written", || (all() >= 31 * 5000).then_some(()));
    assert_eq!(dropped(&nano, "b"), 0);
    let allowed = 4000 + usize::try_from(start.elapsed().as_millis()).unwrap() + 1;
    assert!(logged() <= allowed, "{} lines, not {allowed}", logged());
    assert!(nano.ctl_json(&["apps"])["apps"][0]["log_lines_dropped"].as_u64() > Some(0));
    let grown = resident(nano.pid()).saturating_sub(before);
    assert!(grown < 24 << 20, "the supervisor grew by {grown} bytes");
}
