//! What a connection with TLS promises beside one without: how it ends, how long it may take.

use crate::client::{Authority, answer, ask, connect, head};
use crate::usual;
use nano_test::exchange;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn a_client_that_says_it_is_done_gets_the_whole_response() {
    let authority = Authority::new();
    let (_site, front) = usual(&authority);
    let config = Arc::new(authority.config());
    for by_tls in [true, false] {
        let mut tls = connect(front.address, &config, "a.example").unwrap();
        ask(&mut tls, "a.example", "/pieces?n=40&ms=5");
        if by_tls {
            tls.conn.send_close_notify();
            tls.flush().unwrap();
        }
        tls.sock.shutdown(Shutdown::Write).unwrap();
        let (_, mut body) = head(&mut tls);
        // The end is announced: rustls would fail otherwise.
        tls.read_to_end(&mut body).unwrap();
        assert!(body.ends_with(b"\r\n0\r\n\r\n"), "{by_tls}");
    }
}

#[test]
fn a_response_that_is_cut_does_not_look_whole() {
    let authority = Authority::new();
    let (_site, front) = usual(&authority);
    let mut tls = connect(front.address, &Arc::new(authority.config()), "a.example").unwrap();
    // Without chunks its end would be that of the connection.
    tls.write_all(b"GET /pieces?n=5&cut HTTP/1.0\r\nHost: a.example\r\n\r\n").unwrap();
    let (_, mut body) = head(&mut tls);
    assert!(tls.read_to_end(&mut body).is_err(), "{}", body.len());
    let mut tls = connect(front.address, &Arc::new(authority.config()), "a.example").unwrap();
    ask(&mut tls, "a.example", "/pieces?n=5&cut");
    let (_, mut body) = head(&mut tls);
    let error = tls.read_to_end(&mut body).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert_eq!(body.iter().filter(|byte| **byte == b'a').count(), 5 * 16384, "what was sent before arrives");
}

#[test]
fn bodies_go_both_ways_and_connections_are_kept() {
    let authority = Authority::new();
    let (_site, front) = usual(&authority);
    let mut tls = connect(front.address, &Arc::new(authority.config()), "a.example").unwrap();
    for size in [0, 1, 16_383, 16_385, 3_000_000] {
        let body: Vec<u8> = (0..=250).cycle().take(size).collect();
        let head = format!("POST /echo HTTP/1.1\r\nHost: a.example\r\nContent-Length: {size}\r\n\r\n");
        let mut sending = tls.sock.try_clone().unwrap();
        // What does not fit into the sockets is sent while the answer is read.
        tls.conn.set_buffer_limit(None);
        tls.conn.writer().write_all(&[head.as_bytes(), &body].concat()).unwrap();
        let mut ciphertext = Vec::new();
        while tls.conn.wants_write() {
            tls.conn.write_tls(&mut ciphertext).unwrap();
        }
        let writer = std::thread::spawn(move || sending.write_all(&ciphertext).unwrap());
        let (head, mut got) = crate::client::head(&mut tls);
        let is_whole = |got: &[u8]| match head.contains("chunked") {
            true => got.ends_with(b"0\r\n\r\n"),
            false => got.len() >= size,
        };
        let mut piece = [0; 65536];
        while !is_whole(&got) {
            let count = tls.read(&mut piece).unwrap();
            assert!(count > 0);
            got.extend_from_slice(&piece[..count]);
        }
        writer.join().unwrap();
        if !head.contains("chunked") {
            assert_eq!(got, body);
        } else {
            assert!(got.len() > size);
        }
    }
}

#[test]
fn a_websocket_goes_over_tls() {
    let authority = Authority::new();
    let (site, front) = usual(&authority);
    site.app("a", "export default { fetch() { const [a, b] = Object.values(new WebSocketPair()); b.accept(); b.addEventListener('message', (event) => b.send('echo ' + event.data)); return new Response(null, { status: 101, webSocket: a }); } };");
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    let mut tls = connect(front.address, &Arc::new(authority.config()), "a.example").unwrap();
    tls.write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").unwrap();
    let (head, rest) = head(&mut tls);
    assert!(head.starts_with("HTTP/1.1 101") && rest.is_empty(), "{head}");
    for text in ["one", "two"] {
        let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        tls.write_all(&frame).unwrap();
        let mut got = vec![0; 2 + 5 + text.len()];
        tls.read_exact(&mut got).unwrap();
        assert_eq!(&got[2..], format!("echo {text}").as_bytes());
    }
}

#[test]
fn http_without_tls_is_told_what_is_wrong() {
    let authority = Authority::new();
    let (_site, front) = usual(&authority);
    let got = exchange(front.address, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").unwrap();
    assert_eq!((got.status, &got.json()["code"]), (400, &"plain_http".into()));
    // What is neither is answered by an alert, or not at all.
    for bytes in [&b"\0\0\0\0\0\0\0\0"[..], b"\x16\x03\x01\x40\x01aaaa", b"ssh", b"\x80\x2e\x01\x03\x01"] {
        let mut socket = TcpStream::connect(front.address).unwrap();
        socket.write_all(bytes).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut got = Vec::new();
        drop(socket.read_to_end(&mut got));
        assert!(got.is_empty() || got[0] == 21 || got.starts_with(b"HTTP/1.1 400"), "{got:?}");
    }
}

#[test]
fn a_handshake_that_never_ends_is_ended() {
    let authority = Authority::new();
    let (_site, front) = usual(&authority);
    let begun = Instant::now();
    let mut silent = TcpStream::connect(front.address).unwrap();
    // A record of which one byte comes now and then.
    let mut slow = TcpStream::connect(front.address).unwrap();
    slow.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    loop {
        let _ = slow.write_all(b"\0");
        match slow.read(&mut [0; 1]) {
            Ok(0) => break,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            other => {
                assert!(other.is_err(), "{other:?}");
                break;
            }
        }
        assert!(begun.elapsed() < nano_test::PATIENCE, "it is still open");
    }
    assert!(begun.elapsed() > Duration::from_secs(8));
    assert_eq!(silent.read(&mut [0; 1]).unwrap_or(0), 0);
    front.nano.await_metric("nano_tls_handshakes_total", &[("result", "timed_out")], 2.0);
    // The time for a request begins after the handshake, and its 408 comes over TLS.
    let mut tls = connect(front.address, &Arc::new(authority.config()), "a.example").unwrap();
    assert_eq!(answer(&mut tls).status, 408);
}
