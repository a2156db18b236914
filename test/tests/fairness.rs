//! Much at once, little at a time, and nothing at all: what a crowd of clients, bodies in single bytes and idle apps cost
//! themselves and others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use nano_test::process::waits;
use nano_test::{Nano, Site, until, until_within};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
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

fn in_flight(nano: &Nano, count: usize) {
    let count = f64::from(u32::try_from(count).unwrap());
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], count);
}

/// Requests of the path `/dead` that the app was called for, asked by a client that stays.
fn begun(nano: &Nano) -> usize {
    let mut client = nano.connect();
    client.set_patience(LONG);
    client.get("a.local", "/begun").unwrap().text().parse().unwrap()
}

/// The worker of the app `a`, while it does nothing.
struct Stopped(Pid);

impl Stopped {
    fn new(nano: &Nano) -> Self {
        let worker = Pid::from_raw(nano.pid_of("a"));
        kill(worker, Signal::SIGSTOP).unwrap();
        Self(worker)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGCONT);
    }
}

/// An app that counts what it is called for, while its process is stopped: nothing is read, whatever comes and goes.
fn flooded_while_stopped(settings: Value, flood: impl FnOnce(&Nano)) -> usize {
    let site = Site::new();
    site.app(
        "a",
        "let begun = 0; export default { fetch(request) {
            if (request.url.endsWith('/begun')) return new Response(`${begun}`);
            begun++;
            return new Response('dead');
        } };",
    );
    // What is stopped answers no ping; it is not to be missed meanwhile.
    let mut app = json!({ "name": "a", "hostname": "a.local", "path": "a", "cpu_ms": 100_000 });
    app.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    site.apps(json!([app]));
    let nano = site.serve();
    assert_eq!(begun(&nano), 0);
    let stopped = Stopped::new(&nano);
    flood(&nano);
    drop(stopped);
    let begun = begun(&nano);
    in_flight(&nano, 0);
    assert_eq!(exits(&nano, "a"), 0.0);
    begun
}

#[test]
fn requests_whose_clients_leave_have_no_more_than_the_places_of_the_app() {
    const PLACES: usize = 4;
    const CLIENTS: usize = 150;
    let begun = flooded_while_stopped(json!({ "max_concurrent": PLACES }), |nano| {
        for n in 0..CLIENTS {
            let mut client = nano.connect();
            let request: &[u8] = match n {
                0 | 3.. => b"GET /dead HTTP/1.1\r\nHost: a.local\r\n\r\n",
                1 => b"POST /dead HTTP/1.1\r\nHost: a.local\r\nContent-Length: 5\r\n\r\nwhole",
                _ => b"POST /dead HTTP/1.1\r\nHost: a.local\r\nContent-Length: 100\r\n\r\nsome of it",
            };
            client.send(request).unwrap();
            // It is with the worker or in the queue before the client leaves; then only those are left that the worker has.
            in_flight(nano, n.min(PLACES) + 1);
            drop(client);
            in_flight(nano, (n + 1).min(PLACES));
        }
        let workers = nano.ctl_json(&["apps"])["apps"][0]["workers"].clone();
        assert_eq!(workers[0]["in_flight"], PLACES, "{workers}");
    });
    assert!(begun <= PLACES, "{begun} requests were begun whose clients had left");
}

#[test]
fn so_have_those_that_take_too_long() {
    const PLACES: usize = 4;
    let begun = flooded_while_stopped(json!({ "max_concurrent": PLACES, "timeout_ms": 500 }), |nano| {
        // Connections that stay, and ask again after each answer.
        let mut clients: Vec<_> = (0..10).map(|_| nano.connect()).collect();
        let mut in_time = 0;
        for _ in 0..5 {
            clients.iter_mut().for_each(|client| client.send_get("a.local", "/dead").unwrap());
            for client in &mut clients {
                let answer = client.receive().unwrap();
                in_time += usize::from(answer.status == 504);
                assert!([503, 504].contains(&answer.status), "{answer:?}");
            }
        }
        assert_eq!(in_time, PLACES, "the others found no place");
    });
    assert!(begun <= PLACES, "{begun} requests were begun that had taken too long");
}

#[test]
fn handlers_that_ignore_that_their_clients_left_are_no_more_than_twice_the_places_of_the_app() {
    const PLACES: usize = 3;
    let site = Site::new();
    site.app(
        "a",
        "let running = 0, most = 0; export default { async fetch(request) {
            if (request.url.endsWith('/most')) return new Response(`${most}`);
            most = Math.max(most, ++running);
            console.log('begun');
            await wait(1000);
            running--;
            return new Response('dead');
        } };
        const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));",
    );
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a", "max_concurrent": PLACES }]));
    let nano = site.serve();
    for n in 1..=5 * PLACES {
        let mut client = nano.connect();
        client.send_get("a.local", "/dead").unwrap();
        until("it has a place", || (nano.log.count("begun") >= n).then_some(()));
    }
    let mut client = nano.connect();
    client.set_patience(LONG);
    let most: usize = client.get("a.local", "/most").unwrap().text().parse().unwrap();
    assert!(most <= 2 * PLACES, "{most} ran at once");
    in_flight(&nano, 0);
}

#[test]
fn an_app_is_not_idle_while_it_has_a_request_whose_client_left() {
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('x') };");
    site.apps(json!([{
        "name": "a", "hostname": "a.local", "path": "a", "cpu_ms": 100_000, "idle_ms": 200,
    }]));
    let nano = site.serve();
    let stopped = Stopped::new(&nano);
    let mut client = nano.connect();
    client.send_get("a.local", "/").unwrap();
    in_flight(&nano, 1);
    drop(client);
    until("its client is missed", || {
        (nano.metrics().sum("nano_http_requests_total", &[("app", "a")]) >= 1.0).then_some(())
    });
    // Several times as long as an app may be idle.
    thread::sleep(Duration::from_secs(1));
    assert_eq!(nano.workers("a")[0].state, "ready");
    drop(stopped);
    nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "idle")], 1.0);
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
fn requests_now_and_then_wake_no_other_threads_of_their_worker() {
    const REQUESTS: usize = 15;
    /// Several times as long as the watchdog's ticks.
    const PAUSE: Duration = Duration::from_millis(200);
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('x') };");
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": "a" }]));
    let nano = site.serve();
    let worker = nano.pid_of("a");
    let mut client = nano.connect();
    let mut ask = |times| {
        (0..times).for_each(|_| {
            assert_eq!(client.get("a.local", "/").unwrap().text(), "x");
            thread::sleep(PAUSE);
        })
    };
    // V8 compiles what is used, on threads of its own.
    ask(REQUESTS);
    let before = waits(worker);
    ask(REQUESTS);
    let others = waits(worker).into_iter().filter(|(thread, _)| *thread != worker);
    let woken: u64 = others.map(|(thread, count)| count - before.get(&thread).unwrap_or(&count)).sum();
    assert!(woken < 2 * REQUESTS as u64, "{woken} times for {REQUESTS} requests");
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
