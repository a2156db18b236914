//! Much at once, little at a time, and nothing at all: what a crowd of clients, bodies in single bytes and idle apps cost
//! themselves and others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use nano_test::process::waits;
use nano_test::{Nano, Site, until, until_within};
use serde_json::json;
use std::thread;
use std::time::Duration;

/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(120);

/// Clients that ask at once.
const CLIENTS: usize = 250;

fn exits(nano: &Nano, app: &str) -> f64 {
    nano.metrics().sum("nano_worker_exits_total", &[("app", app)])
}

#[test]
fn a_crowd_whose_requests_are_short_is_answered_though_together_they_take_long() {
    let site = Site::new();
    // Each takes 25 ms of CPU time; all of them more than the limit, and what the heartbeat bears beyond it.
    site.app(
        "a",
        "export default { fetch() {
            const end = performance.now() + 25; while (performance.now() < end);
            return new Response('x');
        } };",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "cpu_ms": 500, "timeout_ms": 120_000 }]));
    let nano = site.serve();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| nano.connect()).collect();
    for client in &mut clients {
        client.set_patience(LONG);
        client.send_get("a.local", "/").unwrap();
    }
    for client in &mut clients {
        let response = client.receive().unwrap();
        assert_eq!(response.status, 200, "{response:?}");
    }
    assert_eq!(exits(&nano, "a"), 0.0);
}

#[test]
fn a_body_in_single_bytes_does_not_occupy_its_app() {
    const BYTES: usize = 20_000;
    let site = Site::new();
    site.app(
        "a",
        "export default { async fetch(request) {
            let bytes = 0, pieces = 0;
            for await (const piece of request.body) {
                bytes += piece.length; pieces++;
                // Work, and not time: on any machine it takes far longer than one byte does on its way here.
                for (let i = 0; i < 2_000_000; i++) globalThis.n = i;
            }
            return Response.json({ bytes, pieces });
        } };",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "timeout_ms": 120_000 }]));
    let nano = site.serve();
    let mut client = nano.connect();
    client.set_patience(LONG);
    client.send(b"POST / HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let wire = "1\r\nx\r\n".repeat(BYTES) + "0\r\n\r\n";
    client.send(wire.as_bytes()).unwrap();
    let answer = client.receive().unwrap().json();
    assert_eq!(answer["bytes"], BYTES);
    let pieces = usize::try_from(answer["pieces"].as_u64().unwrap()).unwrap();
    eprintln!("{BYTES} bytes in {pieces} pieces");
    assert!(pieces < BYTES / 2, "{pieces} pieces");
}

/// The counterpart of the floods in the gate `evil_worker`: an app may stream single bytes to clients that leave.
#[test]
fn clients_that_leave_a_stream_of_single_bytes_cost_no_worker() {
    let site = Site::new();
    site.app(
        "a",
        "export default { fetch(request) {
            if (request.url.endsWith('/once')) return new Response('x');
            const byte = new Uint8Array(1);
            return new Response(new ReadableStream({ async pull(c) {
                await new Promise((resolve) => setTimeout(resolve, 0));
                for (let i = 0; i < 50; i++) c.enqueue(byte.slice());
            } }));
        } };",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a" }]));
    let nano = site.serve();
    for _ in 0..20 {
        let mut clients: Vec<_> = (0..20).map(|_| nano.connect()).collect();
        clients.iter_mut().for_each(|client| client.send_get("a.local", "/").unwrap());
        for client in &mut clients {
            assert_eq!(client.receive_head().unwrap().0, 200);
        }
        // All of them leave in the middle.
    }
    assert_eq!(nano.get("a.local", "/once").text(), "x");
    assert_eq!(exits(&nano, "a"), 0.0);
}

#[test]
fn an_idle_worker_wakes_neither_itself_nor_the_supervisor() {
    const APPS: usize = 20;
    /// Longer than the pause between two heartbeats of an app that does little.
    const WHILE: Duration = Duration::from_secs(8);
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('x') };");
    let apps = (0..APPS).map(|n| json!({ "name": format!("a{n}"), "hostname": format!("a{n}.local"), "path": "a" }));
    site.apps(apps.collect());
    let nano = site.serve();
    for n in 0..APPS {
        assert_eq!(nano.get(&format!("a{n}.local"), "/").text(), "x");
    }
    let listed = nano.ctl_json(&["apps"]);
    let listed = listed["apps"].as_array().unwrap().clone();
    let pids: Vec<i32> = listed
        .iter()
        .flat_map(|app| app["workers"].as_array().unwrap().clone())
        .map(|worker| i32::try_from(worker["pid"].as_i64().unwrap()).unwrap())
        .collect();
    assert_eq!(pids.len(), APPS);
    let spare = until("a spare", || nano.spares().first().copied());
    let workers = || pids.iter().chain([&spare]).map(|pid| waits(*pid)).collect::<Vec<_>>();
    // V8 tidies up for a while after it did something.
    let supervisor = until_within(LONG, "workers that do not wake", || {
        let before = (workers(), waits(nano.pid()));
        thread::sleep(WHILE);
        let after = (workers(), waits(nano.pid()));
        (before.0 == after.0)
            .then(|| after.1.iter().map(|(thread, count)| count - before.1.get(thread).unwrap_or(count)).max().unwrap())
    });
    eprintln!("the busiest thread of the supervisor waited {supervisor} times in {WHILE:?}");
    // Its own clocks, and where there are no control groups one look a second at all of them; nothing for each.
    assert!(supervisor < 5 * WHILE.as_secs(), "{supervisor} times in {WHILE:?}");
    // They are awake at once.
    for n in 0..APPS {
        assert_eq!(nano.get(&format!("a{n}.local"), "/").text(), "x");
        assert_eq!(exits(&nano, &format!("a{n}")), 0.0);
    }
}
