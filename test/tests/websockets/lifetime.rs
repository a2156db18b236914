//! How sockets end: with their workers, with nano, with their clients; and what is written of that.

use super::{ECHO, HOST, serve};
use nano_test::process::resident;
use nano_test::{Frame, Site, WebSocket, opcode, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::io::Write;
use std::thread;
use std::time::Duration;

fn draining(drain_ms: u64) -> Site {
    let site = Site::new();
    site.app("a", ECHO);
    site.config(json!({ "drain_ms": drain_ms, "apps": [{ "name": "a", "hostname": HOST, "path": "a" }] }));
    site
}

#[test]
fn the_log_has_one_line_of_each() {
    let nano = serve(ECHO);
    let mut socket = nano.socket(HOST, "/path?query");
    assert_eq!(socket.ask("hello"), "hello");
    let id = socket.head.header("x-request-id").unwrap().to_owned();
    // It is answered, and goes on.
    nano.await_metric("nano_http_requests_total", &[("app", "a"), ("code", "101")], 1.0);
    socket.send(&Frame::close(1000, ""));
    assert_eq!(socket.receive().code(), Some(1000));
    let line = nano.log.wait_for("its line", |line| line["message"] == "request" && line["request_id"] == id.as_str());
    assert_eq!((&line["status"], &line["path"]), (&json!(101), &json!("/path")));
    // Two frames each way, those of the client masked.
    assert_eq!((&line["bytes"], &line["bytes_in"]), (&json!(11), &json!(19)));
    assert_eq!(line["cut"], Value::Null);
    assert_eq!(nano.metrics().get("nano_http_requests_total", &[("app", "a"), ("code", "101")]), Some(1.0));
}

#[test]
fn who_gives_no_sign_of_life_or_stands_still_in_a_message_is_cut() {
    let nano = serve(ECHO);
    let [mut silent, mut slow, mut alive] = [(); 3].map(|()| nano.socket(HOST, "/"));
    slow.send(&Frame::first(opcode::TEXT, b"the beginning"));
    for socket in [&silent, &slow, &alive] {
        // It takes two looks, 30 s apart, and a slow machine longer.
        socket.socket().set_read_timeout(Some(Duration::from_secs(180))).unwrap();
    }
    let mut outlet = alive.socket().try_clone().unwrap();
    let living = thread::spawn(move || answer(&mut alive));
    // Frames of no use do not keep what is unfinished.
    assert_eq!(answer(&mut slow), Frame::close(1008, "a message comes too slowly"));
    assert_eq!(silent.receive().opcode, opcode::PING);
    assert!(silent.try_receive().is_err(), "cut without a Close");
    outlet.write_all(&Frame::text("hello").masked()).unwrap();
    assert_eq!(living.join().unwrap(), Frame::text("hello"));
}

/// Answers pings until something else comes.
fn answer(socket: &mut WebSocket) -> Frame {
    loop {
        let frame = socket.receive();
        if frame.opcode != opcode::PING {
            return frame;
        }
        socket.send(&Frame::new(opcode::PONG, &frame.payload));
    }
}

#[test]
fn a_socket_outlives_a_reload_until_the_drain_is_over() {
    let site = draining(1500);
    let nano = site.serve();
    let mut socket = nano.socket(HOST, "/");
    let old = nano.pid_of("a");
    site.app("a", "export default { fetch: () => new Response('new') };");
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(nano.get(HOST, "/").text(), "new");
    assert_eq!(socket.ask("still there"), "still there");
    assert_eq!(socket.receive(), Frame::close(1012, "Service Restart"));
    assert!(socket.is_over());
    nano.log.wait_for_text("closed 1012 Service Restart true");
    until("the old worker's end", || (!nano.pids("a").contains(&old)).then_some(()));
    nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "reload")], 1.0);
}

#[test]
fn a_reload_waits_no_longer_than_the_last_socket() {
    let site = draining(60_000);
    let nano = site.serve();
    let mut socket = nano.socket(HOST, "/");
    site.app("a", "export default { fetch: () => new Response('new') };");
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    assert_eq!(socket.ask("still there"), "still there");
    drop(socket);
    nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "reload")], 1.0);
}

#[test]
fn nano_stops_with_sockets_open() {
    let mut nano = draining(500).serve();
    let mut socket = nano.socket(HOST, "/");
    nano.signal(Signal::SIGTERM);
    assert_eq!(socket.receive(), Frame::close(1012, "Service Restart"));
    assert!(nano.wait().success());
}

#[test]
fn a_worker_that_dies_cuts_its_sockets() {
    let nano = serve(ECHO);
    let mut socket = nano.socket(HOST, "/");
    assert_eq!(socket.ask("hello"), "hello");
    let pid = nano.pid_of("a");
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    assert!(socket.is_over(), "without a Close");
    nano.log.wait_for("its line", |line| line["message"] == "request" && line["cut"] == true);
    until("another worker", || nano.pids("a").into_iter().find(|new| *new != pid));
    assert_eq!(nano.socket(HOST, "/").ask("again"), "again");
}

#[test]
fn an_app_with_sockets_is_not_idle() {
    let site = Site::new();
    site.app("a", ECHO);
    site.apps(json!([{ "name": "a", "hostname": HOST, "path": "a", "idle_ms": 200 }]));
    let nano = site.serve();
    let mut socket = nano.socket(HOST, "/");
    let pid = nano.pid_of("a");
    let start = std::time::Instant::now();
    until("a while", || (start.elapsed().as_millis() > 1000).then_some(()));
    assert_eq!(nano.pid_of("a"), pid);
    assert_eq!(socket.ask("hello"), "hello");
    drop(socket);
    nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "idle")], 1.0);
}

#[test]
fn a_client_that_stops_sending_is_told_of_and_ends() {
    let nano = serve(ECHO);
    let mut socket = nano.socket(HOST, "/");
    assert_eq!(socket.ask("hello"), "hello");
    socket.finish_sending();
    assert!(socket.is_over());
    nano.log.wait_for_text("closed 1006  false");
}

#[test]
fn a_client_that_left_before_the_answer_is_told_of_too() {
    let nano = serve(
        "export default { async fetch(request) {
            const [client, server] = new WebSocketPair();
            server.accept();
            server.addEventListener('close', ({ code, wasClean }) => console.log('closed', code, wasClean));
            console.log('waits');
            await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
            return new Response(null, { status: 101, webSocket: client });
        } };",
    );
    let mut connection = nano.connect();
    let handshake = "GET / HTTP/1.1\r\nHost: a.local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    connection.send(handshake.as_bytes()).unwrap();
    nano.log.wait_for_text("waits");
    drop(connection);
    nano.log.wait_for_text("closed 1006 false");
}

/// An idle socket keeps no buffer of its own, and nothing that HTTP needed: some 5 KiB, in a debug build, where it once was 24.
#[test]
fn an_idle_socket_costs_the_supervisor_little() {
    let nano = serve(ECHO);
    let open = |count: usize| {
        let sockets = (0..count).map(|_| {
            let mut socket = nano.socket(HOST, "/a/path/that/is/not/kept");
            assert_eq!(socket.ask("hello"), "hello");
            socket
        });
        sockets.collect::<Vec<_>>()
    };
    let _first = open(50);
    let before = resident(nano.pid());
    let _sockets = open(500);
    let each = resident(nano.pid()).saturating_sub(before) / 500;
    assert!(each < 12 * 1024, "{each} bytes each");
}
