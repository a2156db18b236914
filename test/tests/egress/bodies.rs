//! Large bodies in both directions: the right bytes, at the slower side's pace, in flat memory.

use crate::upstream::Upstream;
use crate::{HOST, path, serve};
use nano_test::{Nano, PATIENCE, Site, until};
use serde_json::json;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const TOTAL: usize = 192 << 20;
const PIECE: usize = 64 * 1024;
/// What either process may grow by while a body flows. V8's collector begins at 64 MiB of buffers, and takes its time.
const WORKER_KIB: u64 = 96 << 10;
const SUPERVISOR_KIB: u64 = 16 << 10;

/// A piece of a body that can be checked as it goes by.
fn piece(index: usize) -> Vec<u8> {
    let seed = u64::try_from(index).unwrap().wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    seed.iter().copied().cycle().take(PIECE).collect()
}

/// Checks a body piece by piece.
#[derive(Default)]
struct Check {
    index: usize,
    rest: Vec<u8>,
}

impl Check {
    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while self.rest.len() >= PIECE {
            assert!(self.rest[..PIECE] == piece(self.index), "other bytes in piece {}", self.index);
            self.rest.drain(..PIECE);
            self.index += 1;
        }
    }
}

fn resident(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Looks at the memory of both processes; the first look is what the others are compared to.
struct Memory<'a> {
    nano: &'a Nano,
    first: Option<(u64, u64)>,
}

impl<'a> Memory<'a> {
    fn of(nano: &'a Nano) -> Self {
        Self { nano, first: None }
    }

    fn look(&mut self, at: usize) {
        let (worker, supervisor) = (resident(self.nano.pid_of(HOST)), resident(self.nano.pid()));
        let (worker_before, supervisor_before) = *self.first.get_or_insert((worker, supervisor));
        assert!(worker < worker_before + WORKER_KIB, "worker {worker_before} -> {worker} KiB after {at} bytes");
        let limit = supervisor_before + SUPERVISOR_KIB;
        assert!(supervisor < limit, "supervisor {supervisor_before} -> {supervisor} KiB after {at} bytes");
    }
}

fn source() -> Upstream {
    Upstream::serve(|peer, _| {
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {TOTAL}\r\n\r\n"));
        for index in 0..TOTAL / PIECE {
            if !peer.send(piece(index)) {
                return;
            }
        }
    })
}

#[test]
fn a_large_response_flows_through_in_flat_memory() {
    let upstream = source();
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    // Natively, and through JavaScript.
    for route in ["/pass", "/copy"] {
        let mut memory = Memory::of(&nano);
        let mut stream = TcpStream::connect(nano.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let path = path(route, &[("u", &upstream.url("/"))]);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").unwrap();
        let mut reader = Dechunker::after_head(stream);
        let (mut check, mut received) = (Check::default(), 0);
        let mut buffer = vec![0; PIECE];
        while let length @ 1.. = reader.read(&mut buffer) {
            check.take(&buffer[..length]);
            let before = received >> 23;
            received += length;
            if received >> 23 != before {
                memory.look(received);
            }
        }
        assert_eq!(received, TOTAL, "{route}");
    }
    nano.await_metric("nano_stream_buffered_bytes", &[("app", HOST)], 0.0);
}

/// A body with or without chunks.
struct Dechunker {
    stream: std::io::BufReader<TcpStream>,
    chunked: bool,
    left: usize,
}

impl Dechunker {
    fn after_head(stream: TcpStream) -> Self {
        let mut own = Self { stream: std::io::BufReader::with_capacity(PIECE, stream), chunked: false, left: 0 };
        assert!(own.line().starts_with("HTTP/1.1 200"));
        loop {
            let line = own.line().to_ascii_lowercase();
            if line.is_empty() {
                return own;
            }
            own.chunked |= line == "transfer-encoding: chunked";
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut self.stream, &mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        if !self.chunked {
            return self.stream.read(buffer).unwrap();
        }
        if self.left == 0 {
            self.left = usize::from_str_radix(&self.line(), 16).expect("a chunk's size");
            if self.left == 0 {
                return 0;
            }
        }
        let most = buffer.len().min(self.left);
        let length = self.stream.read(&mut buffer[..most]).unwrap();
        assert_ne!(length, 0, "cut in a chunk");
        self.left -= length;
        if self.left == 0 {
            assert_eq!(self.line(), "");
        }
        length
    }
}

#[test]
fn a_large_request_flows_out_in_flat_memory() {
    let upstream = Upstream::start(|_, mut peer| {
        while let Some(asked) = peer.head() {
            let mut check = Check::default();
            let length = peer.body(&asked, |bytes| check.take(bytes));
            peer.respond("", format!("{length} {}", check.index));
        }
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let mut memory = Memory::of(&nano);
    let mut client = nano.connect();
    let path = path("/upload", &[("u", &upstream.url("/"))]);
    client.send(format!("POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {TOTAL}\r\n\r\n").as_bytes()).unwrap();
    for index in 0..TOTAL / PIECE {
        client.send(&piece(index)).unwrap();
        if index % 128 == 127 {
            memory.look(index * PIECE);
        }
    }
    assert_eq!(client.receive().unwrap().text(), format!("{TOTAL} {}", TOTAL / PIECE));
}

#[test]
fn a_client_that_does_not_read_holds_the_other_server_back() {
    let sent = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sent);
    let upstream = Upstream::serve(move |peer, _| {
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {TOTAL}\r\n\r\n"));
        for index in 0..TOTAL / PIECE {
            if !peer.send(piece(index)) {
                return;
            }
            counted.fetch_add(PIECE as u64, Ordering::SeqCst);
        }
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    for route in ["/pass", "/copy"] {
        sent.store(0, Ordering::SeqCst);
        let mut client = nano.connect();
        client.send_get(HOST, &path(route, &[("u", &upstream.url("/"))])).unwrap();
        let mut last = (0, Instant::now());
        let held = until("the other server to be held back", || {
            let now = sent.load(Ordering::SeqCst);
            if now != last.0 {
                last = (now, Instant::now());
            }
            (now > 0 && last.1.elapsed() > Duration::from_millis(700)).then_some(now)
        });
        // Kernel buffers on both ways, and our windows.
        assert!(held < 48 << 20, "{route}: {held} bytes for a client that takes none");
        drop(client);
        until("its connection is closed", || (upstream.open() == 0).then_some(()));
    }
}

#[test]
fn a_server_that_does_not_read_holds_the_upload_back() {
    let upstream = Upstream::start(|_, mut peer| {
        peer.head();
        thread::sleep(Duration::from_secs(60));
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let before = resident(nano.pid());
    let mut stream = TcpStream::connect(nano.address).unwrap();
    let path = path("/upload", &[("u", &upstream.url("/"))]);
    write!(stream, "POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {}\r\n\r\n", 96 << 20).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut sent = 0;
    while sent < 96 << 20 && stream.write_all(&piece(0)).is_ok() {
        sent += PIECE;
    }
    assert!(sent < 48 << 20, "{sent} bytes for a server that takes none");
    let grown = resident(nano.pid()).saturating_sub(before);
    assert!(grown < SUPERVISOR_KIB, "{grown} KiB");
}
