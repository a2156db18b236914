//! Hostile clients of WebSockets, and a hostile worker that has some: floods of the smallest frames, fragments without end, clients
//! that never read, that send byte by byte, that are half gone, and many that do nothing. Nobody else notices, the app's process
//! stays the same, and neither it nor the supervisor holds more than so much for each.
//!
//! Sabotage control: the check of the growth, fed with what keeping each flood would cost.

use crate::bystander::{APP, Bystander, HOST};
use nano_test::opcode::{CONTINUATION, PING, PONG, TEXT};
use nano_test::process::resident;
use nano_test::{Frame, Nano, Site, WebSocket, sized, until};
use serde_json::json;
use std::io::ErrorKind;
use std::time::Duration;

const ECHO: &str = "export default { fetch(request) {
    if (request.headers.get('upgrade') !== 'websocket') return new Response('still here');
    const [client, server] = new WebSocketPair();
    server.accept();
    const send = (data) => { server.send(data); if (server.readyState === 1 && data.length > 60_000) setTimeout(send, 0, data); };
    server.addEventListener('message', ({ data }) => (data === 'endless' ? send('x'.repeat(100_000)) : server.send(data)));
    return new Response(null, { status: 101, webSocket: client });
} };";

/// What one socket that does nothing may cost a process, in an unoptimized build too.
const IDLE: u64 = 24 * 1024;
/// What one that is hostile may cost beside that: a window in each direction, what is read at once, and as much again.
const EACH: u64 = 160 * 1024;
/// What all of them may cost beyond that: a collection of garbage more or less.
const BASE: u64 = 48 << 20;

fn serve() -> Nano {
    let site = Site::new();
    site.app("sockets", ECHO).app("bystander", APP);
    site.config(json!({ "log": { "access": false }, "apps": [
        { "name": "sockets", "hostname": "s.local", "path": "sockets", "max_concurrent": 4, "memory_mb": 256, "max_buffer_size_mb": 1 },
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ]}));
    site.serve()
}

fn open(nano: &Nano) -> WebSocket {
    nano.socket("s.local", "/")
}

/// What is wrong with this growth, if anything.
fn verdict(count: usize, each: u64, grown: u64) -> Result<(), String> {
    let allowed = BASE + each * u64::try_from(count).unwrap();
    if grown <= allowed { Ok(()) } else { Err(format!("{count} sockets cost {grown} bytes, not {allowed}")) }
}

/// Does something hostile `count` times beside each other, and looks what it costs.
fn costs(each: u64, count: usize, hostile: impl Fn(&Nano) -> WebSocket) {
    costs_when(each, count, hostile, |_| ());
}

/// The same, when it has come to something.
fn costs_when(each: u64, count: usize, hostile: impl Fn(&Nano) -> WebSocket, await_it: impl Fn(&Nano)) {
    let nano = serve();
    let bystander = Bystander::of(&nano);
    let worker = nano.pid_of("sockets");
    assert_eq!(open(&nano).ask("hello"), "hello");
    let before = [resident(nano.pid()), resident(worker)];
    let sockets: Vec<WebSocket> = (0..count).map(|_| hostile(&nano)).collect();
    await_it(&nano);
    // Others are served by the same worker.
    assert_eq!(open(&nano).ask("hello"), "hello");
    assert_eq!(nano.get("s.local", "/").text(), "still here");
    let after = [resident(nano.pid()), resident(worker)];
    for (before, after) in before.into_iter().zip(after) {
        verdict(count, each, after.saturating_sub(before)).unwrap();
    }
    drop(sockets);
    nano.await_metric("nano_websockets", &[("app", "sockets")], 0.0);
    assert_eq!(nano.pid_of("sockets"), worker, "it lives");
    bystander.noticed_nothing();
}

/// Sends as much as is taken in a while.
fn push(socket: &mut WebSocket, bytes: &[u8], times: usize) {
    socket.socket().set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    for _ in 0..times {
        match socket.try_send(bytes) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return,
            Err(error) => panic!("cut off: {error}"),
        }
    }
}

#[test]
fn floods_of_the_smallest_frames_cost_no_memory() {
    let empty = Frame::first(CONTINUATION, b"").masked().repeat(10_000);
    costs(EACH, sized(10, 50), |nano| {
        let mut socket = open(nano);
        socket.send(&Frame::first(TEXT, b"begin"));
        push(&mut socket, &empty, sized(10, 100));
        socket
    });
}

#[test]
fn floods_of_pings_that_nobody_reads_the_answers_of_cost_no_memory() {
    let pings = Frame::new(PING, &[7; 125]).masked().repeat(1000);
    costs(EACH, sized(10, 50), |nano| {
        let mut socket = open(nano);
        push(&mut socket, &pings, sized(20, 200));
        socket
    });
}

#[test]
fn messages_without_end_are_ended() {
    costs(EACH, sized(5, 20), |nano| {
        let mut socket = open(nano);
        let piece = Frame::first(CONTINUATION, &vec![7; 60_000]).masked();
        socket.send(&Frame::first(2, b""));
        for _ in 0..20 {
            if socket.try_send(&piece).is_err() {
                break;
            }
        }
        assert_eq!(socket.receive().code(), Some(1009));
        socket
    });
}

#[test]
fn clients_that_never_read_are_cut_off_by_the_apps_buffer() {
    // The app sends without end: `max_buffer_size_mb` is 1, and each socket ends when that is full.
    let count = sized(10, 30);
    let hostile = |nano: &Nano| {
        let mut socket = open(nano);
        socket.send(&Frame::text("endless"));
        socket
    };
    costs_when((1 << 20) + EACH, count, hostile, |nano| {
        nano.await_metric("nano_stream_buffer_overflows_total", &[("app", "sockets")], count as f64);
    });
}

#[test]
fn bytes_that_drip_hold_up_nobody() {
    costs(EACH, sized(50, 200), |nano| {
        let mut socket = open(nano);
        for byte in &Frame::text("half of a message").masked()[..12] {
            socket.send_bytes(&[*byte]);
        }
        socket
    });
}

#[test]
fn clients_that_stop_sending_are_ended() {
    let nano = serve();
    let mut sockets: Vec<WebSocket> = (0..sized(50, 500)).map(|_| open(&nano)).collect();
    sockets.iter().for_each(WebSocket::finish_sending);
    assert!(sockets.iter_mut().all(WebSocket::is_over));
    nano.await_metric("nano_websockets", &[("app", "sockets")], 0.0);
}

#[test]
fn sockets_that_do_nothing_cost_little() {
    // As many as descriptors allow in the long form: test/bench/websockets.py has ten thousand.
    costs(IDLE, sized(500, 3000), open);
}

/// A worker that speaks the wire, and opens sockets as none may.
#[test]
fn a_hostile_worker_gains_nothing_by_sockets() {
    for (crime, path) in [
        ("a socket nobody asked for", "plain"),
        ("a socket of a known length", "socket"),
        ("a socket beyond its window", "socket"),
    ] {
        let site = Site::new();
        site.app("evil", APP).app("bystander", APP);
        site.config(json!({ "sandbox": "best-effort", "apps": [
            { "name": "evil", "hostname": "evil.local", "path": "evil", "env": { "CRIME": crime }, "timeout_ms": 20_000 },
            { "name": "bystander", "hostname": HOST, "path": "bystander" },
        ]}));
        let nano = crate::evil_worker::serve(&site);
        let before = resident(nano.pid());
        if path == "plain" {
            assert_eq!(nano.get("evil.local", "/").json()["code"], "worker_protocol");
        } else {
            match WebSocket::open(nano.address, "evil.local", "/", "").unwrap() {
                Err(response) => assert_eq!(response.json()["code"], "worker_protocol", "{crime}"),
                // It was found out when the socket was open.
                Ok(mut socket) => while socket.try_receive().is_ok() {},
            }
        }
        until("its end", || {
            (nano.metrics().sum("nano_worker_exits_total", &[("app", "evil"), ("reason", "protocol")]) >= 1.0)
                .then_some(())
        });
        verdict(1, EACH, resident(nano.pid()).saturating_sub(before)).unwrap();
    }
}

#[test]
fn sabotage_control() {
    // Ten floods of ten times 10,000 empty frames, had they been kept with 32 bytes each.
    assert!(verdict(10, EACH, 10 * 10 * 10_000 * 32 + BASE).is_err());
    // 500 sockets, had each a compressor and a decompressor.
    assert!(verdict(500, IDLE, 500 * 350 * 1024).is_err());
}

/// Half a minute until it is asked, and as long until it is given up: in the long form only.
#[test]
fn clients_that_are_silent_for_ever_are_found() {
    if !nano_test::is_long() {
        return;
    }
    let nano = serve();
    let mut socket = open(&nano);
    socket.socket().set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    assert_eq!(socket.ask("hello"), "hello");
    assert_eq!(socket.receive(), Frame::new(PING, b""));
    assert!(socket.is_over());
    nano.await_metric("nano_websockets", &[("app", "sockets")], 0.0);
}

/// Messages that never end take half of the app's memory at most, however many sockets they come by: bodies have the rest.
#[test]
fn unfinished_messages_leave_room_for_bodies() {
    const BODIES: &str = "export default { async fetch(request) {
        if (request.headers.get('upgrade') !== 'websocket') return new Response((await request.arrayBuffer()).byteLength);
        const [client, server] = new WebSocketPair();
        server.accept();
        server.addEventListener('message', ({ data }) => server.send(`got ${data.length}`));
        return new Response(null, { status: 101, webSocket: client });
    } };";
    let site = Site::new();
    site.app("sockets", BODIES);
    site.config(json!({ "apps": [{ "name": "sockets", "hostname": "s.local", "path": "sockets", "memory_mb": 128 }] }));
    let nano = site.serve();
    let worker = nano.pid_of("sockets");
    let piece = Frame::first(CONTINUATION, &vec![b'x'; 64 * 1024]).masked();
    let mut sockets: Vec<WebSocket> = (0..8).map(|_| open(&nano)).collect();
    let mut refused = 0;
    for socket in &mut sockets {
        socket.send(&Frame::first(TEXT, b"the beginning"));
        // 20 MiB each, if it is let.
        let sent = (0..320).all(|_| socket.try_send(&piece).is_ok());
        if !sent {
            refused += 1;
        }
        // What was sent has been read.
        if sent {
            socket.send(&Frame::new(PING, b"read"));
            refused += usize::from(socket.receive().opcode != PONG);
        }
    }
    assert!((2..8).contains(&refused), "{refused} of 8 were refused");
    let body = vec![b'x'; 10 << 20];
    for _ in 0..3 {
        let response = nano.post("s.local", "/", &body);
        assert_eq!((response.status, response.text()), (200, body.len().to_string()), "with {refused} refused");
    }
    // A message of a well-behaved client finds room, too.
    assert_eq!(open(&nano).ask("hello"), "got 5");
    assert_eq!(nano.pid_of("sockets"), worker);
}
