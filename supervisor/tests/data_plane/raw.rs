//! What comes in at the front door and is no proper request: each is answered as the contract says, as JSON.

use std::time::{Duration, Instant};

use crate::host::{Host, settings, until};

fn code(host: &Host, request: &str) -> (u16, String) {
    let mut client = host.connect();
    client.send(request);
    let answer = client.answer();
    (answer.status, answer.error_code())
}

#[test]
fn hosts() {
    let host = Host::new();
    let with = |hosts: &str| code(&host, &format!("GET / HTTP/1.1\r\n{hosts}\r\n"));
    for (hosts, status, expected) in [
        ("", 400, "missing_host"),
        ("Host: a.example\r\nHost: a.example\r\n", 400, "several_hosts"),
        ("Host: a.example\r\nhOsT: b.example\r\n", 400, "several_hosts"),
        ("Host:\r\n", 400, "malformed_host"),
        ("Host: user@a.example\r\n", 400, "malformed_host"),
        ("Host: a.example, b.example\r\n", 400, "malformed_host"),
        ("Host: a example\r\n", 400, "malformed_host"),
        ("Host: a.example/\r\n", 400, "malformed_host"),
        ("Host: a.example:http\r\n", 400, "malformed_host"),
        ("Host: a.example:99999\r\n", 400, "malformed_host"),
        ("Host: a..example\r\n", 400, "malformed_host"),
        ("Host: [::1\r\n", 400, "malformed_host"),
        ("Host: \u{e4}.example\r\n", 400, "malformed_host"),
        ("Host: b.example\r\n", 404, "unknown_host"),
        ("Host: sub.a.example\r\n", 404, "unknown_host"),
        ("Host: 127.0.0.1:8080\r\n", 404, "unknown_host"),
        ("Host: [::1]:8080\r\n", 404, "unknown_host"),
    ] {
        assert_eq!(with(hosts), (status, expected.to_owned()), "{hosts:?}");
    }
}

#[test]
fn targets() {
    let host = Host::new();
    for (line, status, expected) in [
        ("GET http://user:pw@a.example/ HTTP/1.1", 400, "malformed_host"),
        ("GET http://b.example/ HTTP/1.1", 404, "unknown_host"),
        ("GET ftp://a.example/ HTTP/1.1", 400, "malformed_target"),
        ("OPTIONS * HTTP/1.1", 400, "malformed_target"),
        ("GET a.example:80 HTTP/1.1", 400, "malformed_target"),
        ("CONNECT a.example:80 HTTP/1.1", 405, "method_not_allowed"),
        ("TRACE / HTTP/1.1", 405, "method_not_allowed"),
        ("GET /a b HTTP/1.1", 400, "bad_request"),
        ("GET / HTTP/9.9", 400, "bad_request"),
        ("GET /", 400, "bad_request"),
        ("G(T / HTTP/1.1", 400, "bad_request"),
        ("\u{1}\u{2}\u{3}", 400, "bad_request"),
    ] {
        let request = format!("{line}\r\nHost: a.example\r\n\r\n");
        assert_eq!(code(&host, &request), (status, expected.to_owned()), "{line:?}");
    }
}

#[test]
fn framing() {
    let host = Host::new();
    for headers in [
        "Content-Length: x",
        "Content-Length: -1",
        "Content-Length: 1\r\nContent-Length: 2",
        "Transfer-Encoding: gzip",
        "Bad Header: x",
        "NoColon",
        ": empty",
        "X: a\0b",
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: a.example\r\n{headers}\r\n\r\n");
        assert_eq!(code(&host, &request), (400, "bad_request".to_owned()), "{headers:?}");
    }
}

#[test]
fn codings_that_are_not_ours() {
    let host = Host::with_worker().0;
    for coding in ["gzip, chunked", "chunked, chunked", "identity, chunked", "gzip\r\nTransfer-Encoding: chunked"] {
        let mut client = host.connect();
        client
            .send(format!("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\nGET / "));
        let answer = client.answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "malformed_body"), "{coding:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{coding:?}");
        client.assert_closed();
    }
}

#[test]
fn a_head_that_is_too_large() {
    let host = Host::new();
    let long = "x".repeat(70_000);
    assert_eq!(
        code(&host, &format!("GET / HTTP/1.1\r\nHost: a.example\r\nX: {long}\r\n\r\n")),
        (431, "headers_too_large".to_owned())
    );
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    assert_eq!(
        code(&host, &format!("GET / HTTP/1.1\r\nHost: a.example\r\n{many}\r\n")),
        (431, "headers_too_large".to_owned())
    );
    let (status, _) = code(&host, &format!("GET /{long} HTTP/1.1\r\nHost: a.example\r\n\r\n"));
    assert!(matches!(status, 414 | 431), "{status}");
}

#[test]
fn a_bad_request_after_good_ones_is_answered_after_them() {
    let (host, worker) = Host::with_worker();
    let server = worker.serve();
    let mut client = host.connect();
    client.send("GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\nGET /2 HTTP/1.1\r\nHost: a.example\r\n\r\nnonsense\r\n\r\n");
    assert_eq!(client.answer().body, "http://a.example/1");
    assert_eq!(client.answer().body, "http://a.example/2");
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"));
    assert_eq!(answer.header("connection"), Some("close"));
    client.assert_closed();
    drop(host);
    server.join().unwrap();
}

#[test]
fn a_body_that_looks_like_an_error_of_ours_is_left_alone() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    let body = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for _ in 0..3 {
        client.get("/");
        let (id, _) = worker.request();
        worker.respond(id, body);
        let answer = client.answer();
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
}

#[test]
fn a_head_that_does_not_come() {
    let (host, worker) = {
        let host = Host::with(settings(), |options| options.clients.head_timeout = Duration::from_millis(150));
        let worker = host.add_worker();
        (host, worker)
    };
    let start = Instant::now();
    for begin in ["GET / HTTP/1.1\r\nHost: a.exa", "G", ""] {
        let mut client = host.connect();
        client.send(begin);
        let answer = client.answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (408, "request_timeout"), "{begin:?}");
        client.assert_closed();
    }
    assert!(start.elapsed() >= Duration::from_millis(3 * 150));

    // One byte now and then does not help.
    let mut client = host.connect();
    for byte in "GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".as_bytes() {
        if !client.try_send([*byte]) {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(client.answer().status, 408);

    // A connection that is merely kept is not a slow one.
    let server = worker.serve();
    let mut client = host.connect();
    until("a request comes in time", || {
        let sent = client.try_send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
        let in_time = sent && client.read(true).is_ok_and(|answer| answer.status == 200);
        if !in_time {
            client = host.connect();
        }
        in_time
    });
    std::thread::sleep(Duration::from_millis(400));
    client.get("/");
    assert_eq!(client.answer().status, 200);
    drop((client, host));
    server.join().unwrap();
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let host = Host::with(settings(), |options| options.clients.idle_timeout = Duration::from_millis(100));
    let server = host.add_worker().serve();
    let mut client = host.connect();
    client.get("/");
    client.answer();
    client.assert_closed();
    drop(host);
    server.join().unwrap();
}

#[test]
fn a_body_that_stalls_frees_the_worker() {
    let host = Host::with(settings(), |options| options.clients.stall_timeout = Duration::from_millis(150));
    let mut worker = host.add_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\npart");
    let (id, _) = worker.request();
    assert!(worker.next().is_some());
    assert_eq!(worker.reset(), (id, nano_protocol::ResetReason::ClientGone));
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (408, "request_timeout"));
}

#[test]
fn only_so_many_connections_are_open_at_once() {
    let host = Host::with(settings(), |options| options.clients.max_connections = 2);
    let mut worker = host.add_worker();
    let mut kept: Vec<_> = (0..2).map(|_| host.get("/")).collect();
    let both = [worker.request().0, worker.request().0];
    let mut third = host.get("/third");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(host.app.metrics.requests_in_flight(), 2, "the third is in the kernel");
    both.into_iter().for_each(|id| worker.respond(id, "done"));
    for mut client in kept.drain(..) {
        assert_eq!(client.answer().status, 200);
    }
    let (id, request) = worker.request();
    assert_eq!(request.url, "http://a.example/third");
    worker.respond(id, "third");
    assert_eq!(third.answer().status, 200);
}

#[test]
fn a_full_shard_closes_what_is_idle_for_somebody_new() {
    let host = Host::with(settings(), |options| options.clients.max_connections = 3);
    let mut worker = host.add_worker();
    let mut busy = host.get("/busy");
    let (busy_id, _) = worker.request();
    let mut idle: Vec<_> = (0..2)
        .map(|_| {
            let mut client = host.get("/idle");
            let (id, _) = worker.request();
            worker.respond(id, "now idle");
            client.answer();
            // So that it is clear which one has been idle for longer.
            std::thread::sleep(Duration::from_millis(1100));
            client
        })
        .collect();
    let mut fresh = host.get("/fresh");
    let (id, request) = worker.request();
    assert_eq!(request.url, "http://a.example/fresh");
    worker.respond(id, "fresh");
    assert_eq!(fresh.answer().status, 200);
    idle[0].assert_closed();
    worker.respond(busy_id, "busy");
    assert_eq!(busy.answer().status, 200);
}

#[test]
fn an_id_of_the_client_is_in_the_error() {
    let host = Host::new();
    let mut client = host.connect();
    client.send("GET / HTTP/1.1\r\nHost: nobody.example\r\nX-Request-Id: abc-123\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("x-request-id"), Some("abc-123"));
}
