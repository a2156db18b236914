//! Equal streams of one app get equal shares of its links: nobody goes first again and again, and nobody is left out.
//!
//! Bytes are counted, not time: one thread serves all sockets in rotation until they have a sum, whatever takes how long.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nano_test::{Nano, Site};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{setsockopt, sockopt::RcvBuf, sockopt::SndBuf};
use serde_json::json;

/// Streams that are equal.
const STREAMS: usize = 16;
/// Bytes of all of them together; what sockets and windows hold is little beside it.
const TOTAL: usize = 96 << 20;
/// Bytes that one socket gives or takes in its turn.
const PIECE: usize = 32 * 1024;
/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(180);

const APP: &str = "
    const block = new Uint8Array(65536).fill(120), byte = block.subarray(0, 1), taken = {};
    let made = 0, ticked = 0, most = 0;
    const endless = (piece) => new ReadableStream(
        { pull(c) { made++; c.enqueue(piece.slice()); } }, { highWaterMark: 0 });
    export default { async fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        switch (pathname) {
        case '/endless': return new Response(endless(block));
        case '/bytes': return new Response(endless(byte));
        // How many pieces are made at most while a timer waits.
        case '/ticks':
            ticked = made;
            setTimeout(function tick() { most = Math.max(most, made - ticked); ticked = made; setTimeout(tick, 0); }, 0);
            return new Response();
        case '/most': return Response.json({ made, most });
        case '/download': {
            const path = searchParams.get('n');
            taken[path] = 0;
            for await (const piece of (await fetch(searchParams.get('u'))).body) taken[path] += piece.length;
            return new Response();
        }
        case '/pass': return fetch(searchParams.get('u'));
        case '/upload': return fetch(searchParams.get('u'), { method: 'POST', body: endless(block), duplex: 'half' });
        case '/taken': return Response.json(taken);
        default:
            taken[pathname] = 0;
            for await (const piece of request.body) taken[pathname] += piece.length;
            return new Response();
        }
    } };";

fn serve(site: &Site) -> Nano {
    site.app("a", APP);
    let app = json!({ "hostname": "a.local", "path": "a", "timeout_ms": 600_000, "max_body_mb": 1024, "egress": ["127.0.0.0/8"] });
    site.apps(json!([app]));
    site.serve()
}

/// A request's head is sent; its response, or the rest of it, is up to the test.
fn ask(nano: &Nano, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(nano.address).unwrap();
    // The kernel would give it tens of MiB.
    setsockopt(&stream, RcvBuf, &(64 * 1024)).unwrap();
    setsockopt(&stream, SndBuf, &(64 * 1024)).unwrap();
    stream.write_all(format!("{head} HTTP/1.1\r\nHost: a.local\r\n").as_bytes()).unwrap();
    stream
}

fn get(nano: &Nano, path: &str) -> TcpStream {
    let mut stream = ask(nano, &format!("GET {path}"));
    stream.write_all(b"\r\n").unwrap();
    stream
}

/// Serves the sockets in rotation, each as far as `step` gets with it at once, until `done` with the bytes of each.
fn rotate(
    streams: &mut [TcpStream],
    events: PollFlags,
    mut step: impl FnMut(&mut TcpStream) -> std::io::Result<usize>,
    mut done: impl FnMut(&[usize]) -> bool,
) -> Vec<usize> {
    let mut bytes = vec![0; streams.len()];
    streams.iter().for_each(|stream| stream.set_nonblocking(true).unwrap());
    let deadline = Instant::now() + LONG;
    while !done(&bytes) {
        assert!(Instant::now() < deadline, "the streams do not get on: {bytes:?}");
        let mut fds: Vec<_> = streams.iter().map(|stream| PollFd::new(stream.as_fd(), events)).collect();
        poll(&mut fds, PollTimeout::from(1000_u16)).unwrap();
        for (stream, bytes) in streams.iter_mut().zip(&mut bytes) {
            match step(stream) {
                Ok(0) => panic!("a stream ended after {bytes} bytes"),
                Ok(some) => *bytes += some,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "after {bytes} bytes"),
            }
        }
    }
    bytes
}

/// Reads equally from all until they have a sum.
fn read_equally(streams: &mut [TcpStream], total: usize) -> Vec<usize> {
    let mut buffer = vec![0; PIECE];
    rotate(streams, PollFlags::POLLIN, |stream| stream.read(&mut buffer), |bytes| bytes.iter().sum::<usize>() >= total)
}

fn assert_equal(bytes: &[usize]) {
    let (least, most) = (bytes.iter().min().unwrap(), bytes.iter().max().unwrap());
    assert!(*least >= most / 4, "one got {least} bytes and another {most}: {bytes:?}");
}

#[test]
fn equal_readers_of_one_app_get_equal_shares() {
    let site = Site::new();
    let nano = serve(&site);
    let mut readers: Vec<_> = (0..STREAMS).map(|_| get(&nano, "/endless")).collect();
    assert_equal(&read_equally(&mut readers, TOTAL));
}

#[test]
fn equal_uploads_of_one_app_get_equal_shares() {
    let site = Site::new();
    let nano = serve(&site);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    setsockopt(&server, RcvBuf, &(64 * 1024)).unwrap();
    let path = format!("/upload?u=http://{}/", server.local_addr().unwrap());
    let clients: Vec<_> = (0..STREAMS).map(|_| get(&nano, &path)).collect();
    let mut uploads: Vec<_> = clients.iter().map(|_| server.accept().unwrap().0).collect();
    assert_equal(&read_equally(&mut uploads, TOTAL));
}

/// What the app has read of each body.
fn taken(nano: &Nano) -> Vec<usize> {
    let counts = nano.get("a.local", "/taken").json();
    (0..STREAMS).map(|n| usize::try_from(counts[format!("/{n}")].as_u64().unwrap_or(0)).unwrap()).collect()
}

/// Writes equally to all until the app has read a sum.
fn write_equally(nano: &Nano, streams: &mut [TcpStream]) -> Vec<usize> {
    let piece = vec![120; PIECE];
    let mut looks = 0;
    rotate(
        streams,
        PollFlags::POLLOUT,
        |stream| stream.write(&piece),
        |_| {
            looks += 1;
            looks % 100 == 0 && taken(nano).iter().sum::<usize>() >= TOTAL
        },
    );
    taken(nano)
}

#[test]
fn equal_uploads_to_one_app_get_equal_shares() {
    let site = Site::new();
    let nano = serve(&site);
    let mut clients: Vec<_> = (0..STREAMS).map(|n| ask(&nano, &format!("POST /{n}"))).collect();
    for client in &mut clients {
        client.write_all(format!("Content-Length: {}\r\n\r\n", 1 << 30).as_bytes()).unwrap();
    }
    assert_equal(&write_equally(&nano, &mut clients));
}

/// A server that has got as many requests as there are streams, and has sent the heads of its responses.
fn answering(nano: &Nano, path: impl Fn(usize, &str) -> String) -> (Vec<TcpStream>, Vec<TcpStream>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    let clients = (0..STREAMS).map(|n| get(nano, &path(n, &url))).collect();
    let accepted = (0..STREAMS).map(|_| {
        let mut stream = server.accept().unwrap().0;
        setsockopt(&stream, SndBuf, &(64 * 1024)).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1 << 30);
        stream.write_all(head.as_bytes()).unwrap();
        stream
    });
    (clients, accepted.collect())
}

#[test]
fn equal_downloads_of_one_app_get_equal_shares() {
    let site = Site::new();
    let nano = serve(&site);
    let (_clients, mut answers) = answering(&nano, |n, url| format!("/download?n=/{n}&u={url}"));
    assert_equal(&write_equally(&nano, &mut answers));
}

#[test]
fn responses_that_are_passed_on_get_equal_shares() {
    let site = Site::new();
    let nano = serve(&site);
    let (mut clients, mut answers) = answering(&nano, |_, url| format!("/pass?u={url}"));
    let piece = vec![120; PIECE];
    let done = AtomicBool::new(false);
    let bytes = thread::scope(|scope| {
        scope.spawn(|| {
            rotate(&mut answers, PollFlags::POLLOUT, |stream| stream.write(&piece), |_| done.load(Ordering::SeqCst));
        });
        let bytes = read_equally(&mut clients, TOTAL);
        done.store(true, Ordering::SeqCst);
        bytes
    });
    assert_equal(&bytes);
}

#[test]
fn clients_that_stop_reading_hold_up_nobody() {
    let site = Site::new();
    let nano = serve(&site);
    let _idle: Vec<_> = (0..4 * STREAMS).map(|_| get(&nano, "/endless")).collect();
    let mut readers: Vec<_> = (0..STREAMS).map(|_| get(&nano, "/endless")).collect();
    assert_equal(&read_equally(&mut readers, TOTAL));
}

#[test]
fn who_gets_single_bytes_gets_its_turn_beside_large_pieces() {
    let site = Site::new();
    let nano = serve(&site);
    let mut readers: Vec<_> = (0..STREAMS).map(|n| get(&nano, if n == 7 { "/bytes" } else { "/endless" })).collect();
    let mut bytes = read_equally(&mut readers, TOTAL);
    assert!(bytes.remove(7) > 10_000, "{bytes:?}");
    assert_equal(&bytes);
}

#[test]
fn a_stream_of_single_bytes_gives_way_to_what_else_its_app_does() {
    let site = Site::new();
    let nano = serve(&site);
    assert_eq!(nano.get("a.local", "/ticks").status, 200);
    let mut reader = [get(&nano, "/bytes")];
    // More than a window.
    read_equally(&mut reader, 400 << 10);
    let counts = nano.get("a.local", "/most").json();
    let [made, most] = ["made", "most"].map(|name| counts[name].as_u64().unwrap());
    assert!(made > 1 << 18, "{counts}");
    assert!(most < 1 << 17, "{most} pieces were made while a timer waited");
}
