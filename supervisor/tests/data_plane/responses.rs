//! Requests that go well.

use nano_protocol::{BodyLength, Frame, ResetReason, Stats, StreamId};

use crate::host::{Host, until};
use crate::worker::{chunk, head, header};

#[test]
fn a_request_reaches_the_worker_and_its_response_the_client() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send(
        "GET /path?q=1 HTTP/1.1\r\nHost: A.Example:8080\r\nX-Thing: one\r\nAccept: a\r\nAccept: b\r\n\
         Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nx-request-id: mine-1\r\n\r\n",
    );
    let (id, request) = worker.request();
    assert_eq!((request.method.as_str(), request.url.as_str()), ("GET", "http://a.example:8080/path?q=1"));
    assert_eq!(request.request_id, "mine-1");
    assert_eq!(request.body, BodyLength::None);
    let mut names: Vec<_> =
        request.headers.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
    names.sort();
    let own = ["cf-connecting-ip", "host", "x-forwarded-for", "x-forwarded-proto", "x-request-id"];
    assert_eq!(names, [&["accept", "accept"], &own[..], &["x-thing"]].concat());
    assert_eq!(header(&request, "host"), Some("A.Example:8080"));

    worker.respond(id, "hello");
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    assert_eq!(answer.header("content-length"), Some("5"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    assert!(answer.header("date").is_some());
}

#[test]
fn a_request_without_an_id_gets_one_that_the_worker_knows_too() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, request) = worker.request();
    worker.send(&[head(id, 200, &[("x-request-id", "the app's own")], BodyLength::None)]);
    let answer = client.answer();
    assert_eq!(answer.header("x-request-id"), Some(request.request_id.as_str()));
    assert_eq!(request.request_id.len(), 32);
    assert_eq!(answer.header("content-length"), Some("0"));
}

#[test]
fn an_absolute_target_wins_over_host() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("GET http://a.example:81/x HTTP/1.1\r\nHost: b.example\r\n\r\n");
    let (id, request) = worker.request();
    assert_eq!(request.url, "http://a.example:81/x");
    assert_eq!(header(&request, "host"), Some("a.example:81"));
    worker.respond(id, "");
    assert_eq!(client.answer().status, 200);
}

#[test]
fn connections_are_kept_and_pipelined_requests_are_answered_in_order() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.get("/0");
    let (id, _) = worker.request();
    worker.respond(id, "0");
    assert_eq!(client.answer().body, "0");

    let pipelined: String = (1..=20).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a.example\r\n\r\n")).collect();
    client.send(pipelined);
    let server = worker.serve();
    for n in 1..=20 {
        assert_eq!(client.answer().body, format!("http://a.example/{n}"));
    }
    drop((client, host));
    assert_eq!(server.join().unwrap(), 20);
}

#[test]
fn responses_may_come_in_any_order() {
    let (host, mut worker) = Host::with_worker();
    let mut clients: Vec<_> = (0..10).map(|n| host.get(&format!("/{n}"))).collect();
    let mut requests: Vec<_> = clients.iter().map(|_| worker.request()).collect();
    requests.reverse();
    for (id, request) in requests {
        worker.respond(id, &request.url);
    }
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.answer().body, format!("http://a.example/{n}"));
    }
}

#[test]
fn a_body_that_came_with_its_head_has_a_length_even_if_the_worker_did_not_say_it() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "ab", false), chunk(id, "cd", true)]);
    let answer = client.answer();
    assert_eq!((answer.header("content-length"), answer.body.as_str()), (Some("4"), "abcd"));
}

#[test]
fn a_body_of_unknown_length_is_streamed() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "first", false)]);
    assert_eq!(client.head().unwrap().header("transfer-encoding"), Some("chunked"));
    assert_eq!(client.chunk().unwrap().unwrap(), b"first");
    worker.send(&[chunk(id, "second", false)]);
    assert_eq!(client.chunk().unwrap().unwrap(), b"second");
    worker.send(&[chunk(id, "", true)]);
    assert_eq!(client.chunk().unwrap(), None);
    client.get("/again");
    let (id, _) = worker.request();
    worker.respond(id, "kept");
    assert_eq!(client.answer().body, "kept");
}

#[test]
fn head_no_content_and_not_modified_have_no_body() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    let ask = |method: &str| format!("{method} / HTTP/1.1\r\nHost: a.example\r\n\r\n");

    client.send(ask("HEAD"));
    let (id, request) = worker.request();
    assert_eq!(request.method, "HEAD");
    worker.respond(id, "12345");
    assert_eq!(client.answer_to_head().header("content-length"), Some("5"));

    // As a static file server says it.
    client.send(ask("HEAD"));
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[("content-length", "77")], BodyLength::None)]);
    assert_eq!(client.answer_to_head().header("content-length"), Some("77"));

    // An endless body that is not wanted is stopped.
    client.send(ask("HEAD"));
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "x", false)]);
    let answer = client.answer_to_head();
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));

    for status in [204, 304] {
        client.send(ask("GET"));
        let (id, _) = worker.request();
        worker
            .send(&[head(id, status, &[("content-length", "9")], BodyLength::Known(9)), chunk(id, "123456789", true)]);
        let answer = client.answer();
        assert_eq!((answer.status, answer.body.as_str()), (status, ""));
        assert_eq!(answer.header("transfer-encoding"), None);
    }
    client.get("/");
    let (id, _) = worker.request();
    worker.respond(id, "in step");
    assert_eq!(client.answer().body, "in step");
}

#[test]
fn only_the_supervisor_says_how_a_message_is_framed() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    let lies = [
        ("content-length", "999"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("keep-alive", "timeout=1"),
        ("upgrade", "h2c"),
        ("trailer", "x"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    ];
    worker.send(&[head(id, 200, &lies, BodyLength::Known(2)), chunk(id, "ok", true)]);
    let answer = client.answer();
    let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "date", "set-cookie", "set-cookie", "x-request-id"]);
    assert_eq!(answer.header("content-length"), Some("2"));
}

#[test]
fn the_app_decides_what_a_failed_handler_costs() {
    let (host, mut worker) = Host::with_worker();
    for (reason, status, code) in
        [(ResetReason::HandlerThrew, 500, "handler_threw"), (ResetReason::NoResponse, 500, "no_response")]
    {
        let mut client = host.get("/");
        let (id, _) = worker.request();
        worker.send(&[Frame::reset(StreamId::request(id), reason)]);
        let answer = client.answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (status, code));
    }
}

#[test]
fn a_refused_request_goes_to_another_worker() {
    let (host, mut first) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = first.request();
    first.send(&[Frame::reset(StreamId::request(id), ResetReason::Refused)]);
    let (id, _) = first.request();
    first.respond(id, "then");
    assert_eq!(client.answer().body, "then");
}

#[test]
fn statistics_are_known_before_the_response_is() {
    let (host, mut worker) = Host::with_worker();
    for overflows in 1..100 {
        let mut client = host.get("/");
        let (id, _) = worker.request();
        let stats = Stats { overflows, ..Stats::default() };
        worker.send(&[Frame::Stats(stats), head(id, 200, &[], BodyLength::None)]);
        client.answer();
        assert_eq!(worker.worker.stats().overflows, overflows);
    }
}

#[test]
fn what_is_counted_adds_up() {
    let (host, worker) = Host::with_worker();
    let server = worker.serve();
    for _ in 0..10 {
        assert_eq!(host.get("/").answer().status, 200);
    }
    until("all are finished", || host.app.metrics.requests_in_flight() == 0);
    assert_eq!(host.app.metrics.requests_started(), 10);
    assert_eq!(host.app.admission.waiting(), 0);
    drop(host);
    server.join().unwrap();
}

#[test]
fn an_upgrade_is_ignored_as_the_standard_allows() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    let (id, request) = worker.request();
    assert_eq!((header(&request, "upgrade"), header(&request, "connection")), (None, None));
    worker.respond(id, "plain");
    assert_eq!(client.answer().body, "plain");
    client.get("/");
    let (id, _) = worker.request();
    worker.respond(id, "kept");
    assert_eq!(client.answer().body, "kept");
}

#[test]
fn a_unix_socket_serves_as_well() {
    use std::io::{Read, Write};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("front.sock");
    let host = Host::listening(&nano_config::Listen::unix(nano_config::UnixListen::open(&path)));
    let server = host.add_worker().serve();
    let mut client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    client.write_all(b"GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("http://a.example/x"), "{answer}");
    drop(host);
    server.join().unwrap();
}

#[test]
fn a_stream_to_a_client_of_http_1_0_ends_with_the_connection_and_says_so() {
    let (host, mut worker) = Host::with_worker();
    for connection in ["", "Connection: keep-alive\r\n"] {
        let mut client = host.connect();
        client.send(format!("GET / HTTP/1.0\r\nHost: a.example\r\n{connection}\r\n"));
        let (id, _) = worker.request();
        worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "streamed", false)]);
        let answer = client.head().unwrap();
        assert_eq!((answer.header("connection"), answer.header("transfer-encoding")), (Some("close"), None));
        worker.send(&[chunk(id, "", true)]);
        assert_eq!(client.rest().unwrap(), b"streamed");
    }
    // What has a length, or no body at all, is no reason to close.
    let mut client = host.connect();
    for (method, length) in [("GET", BodyLength::Known(2)), ("HEAD", BodyLength::Unknown), ("GET", BodyLength::None)] {
        client.send(format!("{method} / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n"));
        let (id, _) = worker.request();
        worker.send(&[head(id, 200, &[], length)]);
        if length == BodyLength::Known(2) {
            worker.send(&[chunk(id, "ok", true)]);
        }
        let answer = client.read(length == BodyLength::Known(2)).unwrap();
        assert_eq!(answer.header("connection"), Some("keep-alive"), "{method} {length:?}");
        if method == "HEAD" {
            worker.reset();
        }
    }
}

#[test]
fn cookies_are_one_line_of_pairs() {
    let (host, mut worker) = Host::with_worker();
    for (lines, joined) in [
        ("Cookie: a=1\r\n", "a=1"),
        ("Cookie: a=1\r\nX: y\r\ncookie: b=2\r\nCOOKIE: c=3; d=4\r\n", "a=1; b=2; c=3; d=4"),
        ("Cookie: a=1\r\nCookie:\r\nCookie: b=2\r\n", "a=1; b=2"),
    ] {
        let mut client = host.connect();
        client.send(format!("GET / HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n"));
        let (id, request) = worker.request();
        assert_eq!(header(&request, "cookie"), Some(joined));
        worker.respond(id, "ok");
        client.answer();
    }
}

#[test]
fn a_connection_header_names_so_many_headers_and_no_more() {
    let (host, mut worker) = Host::with_worker();
    let ask = |names: &str| {
        let mut client = host.connect();
        client.send(format!("GET / HTTP/1.1\r\nHost: a.example\r\nX-Own: 1\r\nConnection: {names}\r\n\r\n"));
        client
    };
    for names in ["q,".repeat(29_000), ",".repeat(58_000), "q,".repeat(101)] {
        let answer = ask(&names).answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (431, "headers_too_large"));
    }
    let mut client = ask(&format!("{}x-own", "q, ".repeat(99)));
    let (id, request) = worker.request();
    assert_eq!(header(&request, "x-own"), None);
    // An app that names too many loses none of its headers for it.
    let many = "a,".repeat(40_000);
    worker.send(&[head(id, 200, &[("a", "1"), ("b", "2"), ("connection", &many)], BodyLength::None)]);
    let answer = client.head().unwrap();
    assert_eq!((answer.header("a"), answer.header("b"), answer.header("connection")), (None, Some("2"), None));
}
