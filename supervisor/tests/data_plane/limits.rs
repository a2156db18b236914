//! Clients that take more than their part: connections, or time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use nano_protocol::limits::RESPONSE_WINDOW;
use nano_protocol::{BodyLength, Frame, ResetReason, StreamId};
use socket2::{Domain, Socket, Type};

use crate::client::Client;
use crate::host::{Host, PATIENCE, settings, until};
use crate::worker::{FakeWorker, chunk, head};

/// A connection from one of this machine's many addresses, unless it is reset at once.
fn try_from(address: [u8; 4], to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Any port will do, also one that another connection uses.
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::from(address), 0)).into())?;
    socket.connect(&to.into())?;
    Ok(socket.into())
}

fn from(address: [u8; 4], to: SocketAddr) -> Client {
    Client::over(try_from(address, to).unwrap())
}

/// Whether the server answers on it, rather than closing it.
fn is_served(client: &mut Client) -> bool {
    let sent = client.try_send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    sent && client.read(true).is_ok_and(|answer| answer.status == 200)
}

fn host_and_worker(tune: impl FnOnce(&mut nano_supervisor::shard::ShardOptions)) -> (Host, FakeWorker) {
    let host = Host::with(settings(), tune);
    let worker = host.add_worker();
    (host, worker)
}

#[test]
fn an_address_gets_its_part_of_the_connections_and_others_have_theirs() {
    let (host, worker) = host_and_worker(|options| options.clients.max_connections = 8);
    let server = worker.serve();
    // Three quarters for an address of this machine.
    let mut kept: Vec<_> = (0..6).map(|_| from([127, 0, 0, 1], host.address)).collect();
    assert!(kept.iter_mut().all(is_served));
    for _ in 0..3 {
        assert!(!try_from([127, 0, 0, 1], host.address).is_ok_and(|stream| is_served(&mut Client::over(stream))));
    }
    assert_eq!(host.metrics.connections_refused(), 3);
    assert!(is_served(&mut from([127, 0, 0, 2], host.address)));
    assert!(kept.iter_mut().all(is_served), "those who are in stay in");
    kept.pop();
    until("there is room again", || {
        try_from([127, 0, 0, 1], host.address).is_ok_and(|stream| is_served(&mut Client::over(stream)))
    });
    drop((kept, host));
    server.join().unwrap();
}

#[test]
fn a_unix_socket_is_one_address_with_everybody_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("front.sock");
    let host = Host::build(
        settings(),
        |options| options.clients.max_connections = 8,
        &nano_config::Listen::unix(nano_config::UnixListen::open(&path)),
    );
    let server = host.add_worker().serve();
    let mut kept: Vec<_> = (0..8).map(|_| std::os::unix::net::UnixStream::connect(&path).unwrap()).collect();
    for stream in &mut kept {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    assert_eq!(host.metrics.connections_refused(), 0);
    drop((kept, host));
    server.join().unwrap();
}

#[test]
fn a_flood_of_connections_from_one_address_delays_nobody_else() {
    let (host, worker) = host_and_worker(|options| options.clients.max_connections = 64);
    let server = worker.serve();
    let stop = Arc::new(AtomicBool::new(false));
    let floods: Vec<_> = (0..2)
        .map(|_| {
            let (stop, to, begun) = (Arc::clone(&stop), host.address, Instant::now());
            std::thread::spawn(move || {
                let mut kept = Vec::new();
                let mut opened = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    assert!(begun.elapsed() < 2 * PATIENCE, "the flood was not ended");
                    opened += 1;
                    kept.extend(try_from([127, 0, 0, 1], to));
                    if kept.len() > 200 {
                        kept.clear();
                    }
                }
                opened
            })
        })
        .collect();
    until("the flood is refused", || host.metrics.connections_refused() > 500);
    // How many of the flood had their turn while a fresh client waited for its own.
    let mut before_it: Vec<u64> = (0..50)
        .map(|_| {
            let refused = host.metrics.connections_refused();
            assert!(is_served(&mut from([127, 0, 0, 2], host.address)));
            host.metrics.connections_refused() - refused
        })
        .collect();
    stop.store(true, Ordering::Relaxed);
    let opened: u32 = floods.into_iter().map(|flood| flood.join().unwrap()).sum();
    before_it.sort_unstable();
    let (middle, most) = (before_it[before_it.len() / 2], before_it[before_it.len() - 1]);
    eprintln!("{opened} connections of the flood; {middle} of them before a fresh client, at most {most}");
    // About what the kernel's queue holds, and not all there are.
    assert!(middle < 5000, "{before_it:?}");
    drop(host);
    server.join().unwrap();
}

#[test]
fn a_body_that_trickles_is_cut_as_one_that_stalls() {
    let (host, mut worker) = host_and_worker(|options| {
        options.clients.min_rate = 10_000;
        options.clients.upload_grace = Duration::from_millis(300);
    });
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\n");
    let (id, _) = worker.request();
    let start = Instant::now();
    while client.try_send("x") && host.app.metrics.requests_in_flight() > 0 {
        assert!(start.elapsed() < PATIENCE, "a byte every 10 ms is enough");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(start.elapsed() >= Duration::from_millis(300));
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (408, "request_timeout"));
    // The app learns of it.
    loop {
        match worker.next() {
            Some(Frame::Data { .. }) => {}
            Some(Frame::Reset { stream: StreamId { number: reset, .. }, reason, .. }) => {
                assert_eq!((reset, reason), (id, ResetReason::ClientGone));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_slow_body_that_keeps_pace_is_taken() {
    // Each piece pays for a minute more: what a slow machine puts between them is less.
    let (host, mut worker) = host_and_worker(|options| {
        options.clients.min_rate = 2;
        options.clients.upload_grace = Duration::from_millis(500);
    });
    let mut client = host.connect();
    let piece = "x".repeat(120);
    client.send(format!("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 12000\r\n\r\n{piece}"));
    let (id, _) = worker.request();
    for _ in 1..100 {
        std::thread::sleep(Duration::from_millis(15));
        client.send(&piece);
    }
    assert_eq!(worker.body(id).len(), 12_000);
    worker.respond(id, "all");
    assert_eq!(client.answer().body, "all");
}

#[test]
fn a_client_that_its_app_holds_back_is_not_slow() {
    let (host, mut worker) = host_and_worker(|options| {
        options.clients.stall_timeout = Duration::from_millis(200);
        options.clients.upload_grace = Duration::from_millis(200);
    });
    // Its kernel has all of it at once: what the client's thread does meanwhile is no matter.
    let stream = TcpStream::connect(host.address).unwrap();
    socket2::SockRef::from(&stream).set_send_buffer_size(1 << 20).unwrap();
    let mut client = Client::over(stream);
    // More than the app's window; the rest waits with us and in the kernel.
    let body = vec![b'x'; 300_000];
    let begin = format!("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: {}\r\n\r\n", body.len());
    client.send([begin.as_bytes(), &body].concat());
    let (id, _) = worker.request();
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(worker.body(id).len(), body.len());
    worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(300));
        worker.send(&[chunk(id, "now and then", false)]);
    }
    worker.send(&[chunk(id, "", true)]);
    assert_eq!(client.answer().body, "now and then".repeat(3));
}

#[test]
fn a_client_that_reads_byte_by_byte_is_cut() {
    let (host, mut worker) = host_and_worker(|options| {
        options.clients.min_rate = 100_000;
        options.clients.stall_timeout = Duration::from_millis(400);
    });
    let mut client = host.get("/");
    let (id, _) = worker.request();
    // Without end: more than the kernel keeps for the two of them.
    let sender = std::thread::spawn(move || {
        worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
        let data = Bytes::from(vec![b'y'; 16_000]);
        let mut credit = RESPONSE_WINDOW as usize;
        loop {
            while credit >= data.len() {
                worker.send(&[Frame::Data { stream: StreamId::request(id), end: false, data: data.clone() }]);
                credit -= data.len();
            }
            match worker.next() {
                Some(Frame::Credit { bytes, .. }) => credit += bytes as usize,
                Some(Frame::Reset { reason, .. }) => return reason,
                other => panic!("{other:?}"),
            }
        }
    });
    client.head().unwrap();
    let start = Instant::now();
    while !sender.is_finished() && client.exactly(1).is_ok() {
        assert!(start.elapsed() < PATIENCE, "a byte every 10 ms is enough");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(start.elapsed() >= Duration::from_millis(400));
    assert_eq!(sender.join().unwrap(), ResetReason::ClientGone);
    until("the request is over", || host.app.metrics.requests_in_flight() == 0);
    // The client must not take the part for the whole.
    assert!(client.rest().map_or(true, |rest| !rest.ends_with(b"0\r\n\r\n")));
}
