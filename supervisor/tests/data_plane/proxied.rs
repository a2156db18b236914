//! Listeners with `proxy_protocol`: what is taken, what is closed, and what is counted by whom.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use nano_config::{Listen, ListenOptions};
use nano_supervisor::shard::ShardOptions;

use crate::client::Client;
use crate::host::{Host, PATIENCE, settings, until};

const V1: &str = "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n";
const GET: &str = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

fn host(tune: impl FnOnce(&mut ShardOptions)) -> Host {
    let plain = Listen::tcp(([127, 0, 0, 1], 0).into());
    Host::build(
        settings(),
        tune,
        &Listen { options: ListenOptions { proxy_protocol: true, ..ListenOptions::default() }, ..plain },
    )
}

fn refused(host: &Host, cause: &str) -> u64 {
    let sample = format!("nano_proxy_protocol_refused_total{{cause=\"{cause}\"}} ");
    let text = host.metrics.render().unwrap();
    text.lines().find_map(|line| line.strip_prefix(&sample)).unwrap().parse().unwrap()
}

/// Closed without a byte.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    !matches!(stream.read(&mut [0; 64]), Ok(1..))
}

#[test]
fn a_header_in_single_bytes_is_read_and_not_a_byte_behind_it() {
    let host = host(|_| {});
    let mut worker = host.add_worker();
    let mut client = Client::connect(host.address);
    for byte in V1.bytes() {
        client.send([byte]);
    }
    client.send(GET);
    let (id, request) = worker.request();
    let forwarded = request.headers.iter().find(|(name, _)| *name == b"x-forwarded-for").unwrap();
    assert_eq!(forwarded.1, b"192.0.2.1");
    worker.respond(id, "hello");
    assert_eq!(client.answer().body, "hello");
    // A second header is no part of the protocol.
    client.send(V1);
    assert_eq!(client.answer().status, 400);
}

#[test]
fn a_header_that_does_not_end_is_closed_in_time_and_without_an_answer() {
    let host = host(|options| options.clients.head_timeout = Duration::from_millis(200));
    for beginning in ["P", "PROXY TCP4 192.0.2.1 ", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"] {
        let mut stream = TcpStream::connect(host.address).unwrap();
        stream.write_all(beginning.as_bytes()).unwrap();
        assert!(is_closed(&mut stream), "{beginning:?}");
    }
    assert_eq!(refused(&host, "late"), 3);
    let _worker = host.add_worker().serve();
    let mut client = Client::connect(host.address);
    client.send([V1, GET].concat());
    assert_eq!(client.answer().status, 200);
    // And the head of a request has its own time.
    let mut stream = TcpStream::connect(host.address).unwrap();
    stream.write_all(V1.as_bytes()).unwrap();
    assert_eq!(Client::over(stream).answer().status, 408);
}

#[test]
fn what_is_no_header_is_closed_and_counted_and_a_look_is_neither() {
    let host = host(|_| {});
    let bad =
        [GET.as_bytes(), b"PROXY\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", b"\x16\x03\x01\x02\0", &[b'P'; 65536]];
    for (index, bytes) in bad.iter().enumerate() {
        let mut stream = TcpStream::connect(host.address).unwrap();
        drop(stream.write_all(bytes));
        assert!(is_closed(&mut stream), "{index}");
    }
    until("they are counted", || refused(&host, "malformed") == bad.len() as u64);
    for _ in 0..20 {
        drop(TcpStream::connect(host.address).unwrap());
    }
    let cut_off = TcpStream::connect(host.address).unwrap();
    (&cut_off).write_all(b"PROXY ").unwrap();
    drop(cut_off);
    until("the one that was cut off is counted", || refused(&host, "malformed") == bad.len() as u64 + 1);
    assert_eq!((refused(&host, "late"), refused(&host, "untrusted")), (0, 0));
}

#[test]
fn the_clients_behind_a_proxy_are_counted_and_not_the_proxy() {
    let host = host(|options| options.clients.max_connections = 16);
    let _worker = host.add_worker().serve();
    let open = |source: &str| {
        let mut client = Client::connect(host.address);
        client.send(format!("PROXY TCP4 {source} 198.51.100.1 4711 443\r\n{GET}"));
        client
    };
    // A quarter for each.
    let mut kept: Vec<_> = (0..4).map(|_| open("192.0.2.1")).collect();
    assert!(kept.iter_mut().all(|client| client.answer().status == 200));
    open("192.0.2.1").assert_closed();
    assert_eq!(host.metrics.connections_refused(), 1);
    for source in ["192.0.2.2", "192.0.2.3"] {
        kept.extend((0..4).map(|_| open(source)));
    }
    assert!(kept.iter_mut().skip(4).all(|client| client.answer().status == 200));
    kept.remove(0);
    until("there is room again", || {
        let mut client = open("192.0.2.1");
        client.read(true).is_ok_and(|answer| answer.status == 200)
    });
}
