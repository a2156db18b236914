//! Many slow clients: some send their head byte by byte, some their body, some never read what they asked for,
//! some say nothing. The supervisor holds a bounded number of bytes for each, and a fresh client is served in time.
//!
//! Sabotage control: the check of the growth, fed with what buffering each answer whole would cost.

use crate::bystander::{APP, Bystander, HOST};
use nano_test::process::{descriptors, resident};
use nano_test::{Connection, Nano, Site, is_long, sized, until};
use serde_json::json;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// What one client may cost: hyper's buffers of both directions, a window of the link, and what the kernel is not.
const EACH: u64 = 160 * 1024;
/// What all of them may cost beyond that.
const BASE: u64 = 16 << 20;
/// Bytes of the response that is not read.
const ANSWER: u64 = 1 << 20;
/// Descriptors of connections that come and go meanwhile: the bystander's, and the one that asked first.
const OTHERS: usize = 8;
/// A fresh client is served in this time: not only when the slow ones are cut.
const PROMPT: Duration = Duration::from_secs(9);

fn serve() -> Nano {
    let site = Site::new();
    let source = format!(
        "const big = 'x'.repeat({ANSWER});\nexport default {{ async fetch(request) {{\n\
         if (request.method === 'POST') return new Response(String((await request.text()).length));\n\
         const pull = (controller) => controller.enqueue(new Uint8Array(65536));\n\
         if (request.url.endsWith('/endless')) return new Response(new ReadableStream({{ pull }}));\n\
         return new Response(big); }} }};"
    );
    site.app("slow", &source).app("bystander", APP);
    site.config(json!({ "log": { "access": false }, "apps": [
        { "name": "slow", "hostname": "slow.local", "path": "slow", "max_concurrent": 4096, "memory_mb": 512 },
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
    ]}));
    site.serve()
}

/// What is wrong with this growth, if anything.
fn verdict(clients: usize, grown: u64) -> Result<(), String> {
    let allowed = BASE + EACH * u64::try_from(clients).unwrap();
    if grown <= allowed { Ok(()) } else { Err(format!("{clients} clients cost {grown} bytes, not {allowed}")) }
}

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: slow.local\r\nX-Slow: ";

#[test]
fn slow_clients_cost_little_and_nobody_else_waits_for_them() {
    let count = sized(300, 2000);
    let nano = serve();
    let bystander = Bystander::of(&nano);
    assert_eq!(nano.get("slow.local", "/").body.len(), usize::try_from(ANSWER).unwrap());
    let may_count = descriptors(nano.pid()).is_some();
    let open = || descriptors(nano.pid()).unwrap_or(0);
    let (before, open_before) = (resident(nano.pid()), open());
    let mut clients: Vec<Connection> = Vec::new();
    for number in 0..count {
        let mut client = nano.connect();
        match number % 4 {
            0 => client.send(HEAD),
            1 => client.send(b"POST / HTTP/1.1\r\nHost: slow.local\r\nContent-Length: 100000\r\n\r\nx"),
            2 => client.send(b"GET / HTTP/1.1\r\nHost: slow.local\r\n\r\n"),
            _ => Ok(()),
        }
        .unwrap();
        clients.push(client);
    }
    // All are there, and the answers have come as far as they can.
    until("every client is accepted", || (open() + OTHERS >= open_before + count || !may_count).then_some(()));
    let mut grown = 0;
    let end = Instant::now() + sized(Duration::from_secs(3), Duration::from_secs(8));
    while Instant::now() < end {
        for (number, client) in clients.iter_mut().enumerate().filter(|(number, _)| number % 4 < 2) {
            // One byte more; those whose time is over are closed by now, which is another way to be bounded.
            drop(client.send(if number % 4 == 0 { b"x" } else { b"y" }));
        }
        let start = Instant::now();
        assert_eq!(nano.get(HOST, "/").status, 200);
        assert!(start.elapsed() < PROMPT, "a fresh client waited {:?}", start.elapsed());
        grown = grown.max(resident(nano.pid()).saturating_sub(before));
    }
    eprintln!("{count} slow clients: {grown} bytes, {} each", grown / u64::try_from(count).unwrap());
    verdict(count, grown).unwrap();
    // Those who read are served, slow as they were.
    let late = clients.iter_mut().skip(2).step_by(4).take(5);
    for client in late {
        assert_eq!(client.receive().unwrap().body.len(), usize::try_from(ANSWER).unwrap());
    }
    bystander.noticed_nothing();
    drop(clients);
    until("their sockets are closed", || (open() <= open_before + OTHERS).then_some(()));
}

/// Sends a byte every five seconds until it is told to stop; how long that took.
fn trickle(nano: &Nano) -> Duration {
    let start = Instant::now();
    let mut client = nano.connect();
    client.send(b"POST / HTTP/1.1\r\nHost: slow.local\r\nContent-Length: 100000\r\n\r\n").unwrap();
    client.set_patience(Duration::from_secs(5));
    for _ in 0..20 {
        client.send(b"y").unwrap();
        match client.receive() {
            Ok(answer) => {
                assert_eq!((answer.status, answer.closes()), (408, true), "{answer:?}");
                return start.elapsed();
            }
            // Nothing yet.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}"),
        }
    }
    panic!("a byte every five seconds is enough");
}

/// Asks for an answer without end and reads a byte every second until it is cut; how long that took.
fn sip(nano: &Nano) -> Duration {
    let start = Instant::now();
    let mut client = std::net::TcpStream::connect(nano.address).unwrap();
    client.write_all(b"GET /endless HTTP/1.1\r\nHost: slow.local\r\n\r\n").unwrap();
    for _ in 0..150 {
        let in_flight = nano.metrics().sum("nano_http_requests_in_flight", &[("app", "slow")]);
        if in_flight == 0.0 && start.elapsed() > Duration::from_secs(2) {
            return start.elapsed();
        }
        client.read_exact(&mut [0]).unwrap();
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("a byte every second is enough");
}

#[test]
fn who_moves_a_byte_now_and_then_is_cut() {
    if !is_long() {
        // In the short form the data plane's own tests stand for it, with shorter times.
        return;
    }
    let (for_upload, for_download) = (serve(), serve());
    std::thread::scope(|scope| {
        let sipping = scope.spawn(|| sip(&for_download));
        let trickled = trickle(&for_upload);
        let sipped = sipping.join().unwrap();
        eprintln!("an upload by the byte was cut after {trickled:?}, a download after {sipped:?}");
        assert!((15..40).contains(&trickled.as_secs()), "{trickled:?}");
        assert!((55..100).contains(&sipped.as_secs()), "{sipped:?}");
    });
}

#[test]
fn whole_answers_in_memory_turn_it_red() {
    assert_eq!(verdict(300, 300 * 100 * 1024), Ok(()));
    assert!(verdict(300, 300 / 4 * ANSWER).is_err());
    assert!(verdict(2000, 2000 / 4 * ANSWER).is_err());
}
