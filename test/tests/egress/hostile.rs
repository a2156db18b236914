//! Servers that never come to an end, or bring something else than they should: each costs the request that asked them.

use crate::upstream::{Peer, Upstream};
use crate::{HOST, get, path, serve};
use nano_test::{Nano, Site, until};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More than any limit of what comes before a body, and what the kernel keeps on the way.
const FLOOD: usize = 64 << 20;

/// Sends `piece` until the other side has had enough; how many bytes it took.
fn flood(peer: &mut Peer, piece: &str) -> usize {
    let pieces = piece.repeat((16_384 / piece.len()).max(1));
    let mut sent = 0;
    while sent < FLOOD && peer.send(&pieces) {
        sent += pieces.len();
    }
    sent
}

/// A server that answers with `first` and then with `piece` for ever; what it could send.
fn endless(first: &'static str, piece: &'static str) -> (Upstream, Arc<AtomicUsize>) {
    let most = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&most);
    let upstream = Upstream::start(move |_, mut peer| {
        if peer.request().is_some() {
            peer.send(first);
            counted.fetch_max(flood(&mut peer, piece), Ordering::SeqCst);
        }
    });
    (upstream, most)
}

fn code(seen: &Value) -> &str {
    seen["code"].as_str().unwrap_or("")
}

#[test]
fn what_comes_instead_of_a_head_has_an_end() {
    for (first, piece) in [
        ("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
        ("", "HTTP/1.1 100 Continue\r\nLink: </style.css>; rel=preload\r\n\r\n"),
        ("", "\r\n"),
        ("", "HTTP/1.1 200 OK "),
        ("HTTP/1.1 200 OK\r\n", "X-Header: value\r\n"),
        ("HTTP/1.1 200 OK\r\nX-Header: ", "value, "),
    ] {
        let (upstream, sent) = endless(first, piece);
        let site = Site::new();
        let nano = serve(&site, json!([upstream.address.to_string()]));
        let seen = get(&nano, &upstream.url("/"));
        assert_eq!(code(&seen), "MALFORMED_RESPONSE", "{piece:?}: {seen}");
        until("the connection is closed", || (upstream.open() == 0).then_some(()));
        // Ours, and what the kernel took on both sides.
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < FLOOD / 2, "{piece:?}: {sent} bytes");
    }
}

#[test]
fn informational_responses_are_passed_over_and_counted() {
    let upstream = Upstream::serve(|peer, asked| {
        let count: usize = asked.path().trim_start_matches('/').parse().unwrap();
        let mut answer = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(count);
        answer.push_str("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
        peer.send(answer);
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    for count in [0, 1, 64] {
        assert_eq!(get(&nano, &upstream.url(&format!("/{count}")))["text"], "done", "{count}");
    }
    for count in [65, 1000] {
        let seen = get(&nano, &upstream.url(&format!("/{count}")));
        assert_eq!(code(&seen), "MALFORMED_RESPONSE", "{count}: {seen}");
    }
    // The request did not ask for a switch.
    let switching = Upstream::serve(|peer, _| {
        peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    });
    let site = Site::new();
    let nano = serve(&site, json!([switching.address.to_string()]));
    assert_eq!(code(&get(&nano, &switching.url("/"))), "MALFORMED_RESPONSE");
}

#[test]
fn what_is_around_a_body_has_an_end() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (first, piece) in [
        // An extension, and trailers.
        ("5", ";extension=x"),
        ("0\r\n", "X-Trailer: value\r\n"),
        ("0\r\nX-Trailer: ", "value"),
        // A size that no number holds.
        ("", "f"),
    ] {
        let first: &'static str = format!("{CHUNKED}{first}").leak();
        let (upstream, sent) = endless(first, piece);
        let site = Site::new();
        let nano = serve(&site, json!([upstream.address.to_string()]));
        let seen = get(&nano, &upstream.url("/"));
        assert!(seen["error"].as_str().is_some_and(|error| error.contains("fetch failed")), "{piece:?}: {seen}");
        until("the connection is closed", || (upstream.open() == 0).then_some(()));
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < FLOOD / 2, "{piece:?}: {sent} bytes");
    }
}

/// Connections to this port that wait for stray segments on our side.
fn time_waits(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let remote = format!(":{port:04X}");
    let lines = table.lines().filter(|line| {
        let mut fields = line.split_whitespace().skip(2);
        fields.next().is_some_and(|address| address.ends_with(&remote)) && fields.next() == Some("06")
    });
    lines.count()
}

fn cancel_many(nano: &Nano, url: &str, times: usize) {
    let mut client = nano.connect();
    for _ in 0..times {
        let answer = client.get(HOST, &path("/head", &[("u", url), ("then", "cancel")])).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[test]
fn connections_that_we_close_leave_their_ports_to_others() {
    // Each makes nano close first: two bodies that are not wanted, and one that ends with the connection.
    let upstream = Upstream::start(|_, mut peer| {
        while let Some(asked) = peer.head() {
            match asked.path() {
                "/endless" => drop(flood(&mut peer, "and so on ")),
                "/long" => drop(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin")),
                _ => drop(peer.respond("Connection: close\r\n", "whole")),
            }
            peer.await_close();
        }
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    cancel_many(&nano, &upstream.url("/long"), 100);
    for _ in 0..100 {
        assert_eq!(get(&nano, &upstream.url("/close"))["text"], "whole");
    }
    until("all are closed", || (upstream.open() == 0).then_some(()));
    assert!(upstream.connections() >= 200, "{}", upstream.connections());
    let waits = time_waits(upstream.address.port());
    assert!(waits < 10, "{waits} of {} connections keep their ports", upstream.connections());
}

#[test]
fn the_short_rest_of_a_response_that_nobody_wants_is_read_for_its_connection() {
    let upstream = Upstream::serve(|peer, asked| {
        // Most likely the rest comes when it is not wanted any more; if not, its connection is simply free.
        let (first, rest) = match asked.path() {
            "/chunked" => ("Transfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n", "3\r\nend\r\n0\r\n\r\n"),
            _ => ("Content-Length: 8\r\n\r\nbegin", "end"),
        };
        peer.send(format!("HTTP/1.1 200 OK\r\n{first}"));
        std::thread::sleep(std::time::Duration::from_millis(100));
        peer.send(rest);
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    for way in ["/known", "/chunked"] {
        let before = upstream.connections();
        let mut asked = 0;
        // Those who ask while a rest is still to come open one more each; then the first is back.
        until("a connection whose response was not wanted is reused", || {
            cancel_many(&nano, &upstream.url(way), 1);
            asked += 1;
            (upstream.connections() - before < asked).then_some(())
        });
    }
}

#[test]
fn who_opens_connections_without_end_does_not_keep_others_from_theirs() {
    let upstream = Upstream::start(|_, mut peer| {
        if peer.head().is_some() {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin");
            peer.await_close();
        }
    });
    let honest = Upstream::start(|_, mut peer| {
        // A connection for each request.
        if peer.request().is_some() {
            peer.respond("Connection: close\r\n", "fine");
        }
    });
    let site = Site::new();
    site.app("a", crate::APP);
    let egress = json!([upstream.address.to_string(), honest.address.to_string()]);
    site.apps(json!([
        { "hostname": HOST, "path": "a", "egress": egress },
        { "hostname": "b.local", "path": "a", "egress": egress },
    ]));
    let nano = site.serve();
    let greedy: Vec<_> = (0..8).map(|_| nano.connect()).collect();
    std::thread::scope(|scope| {
        for mut client in greedy {
            let url = upstream.url("/");
            scope.spawn(move || {
                for _ in 0..200 {
                    client.get(HOST, &path("/head", &[("u", &url), ("then", "cancel")])).unwrap();
                }
            });
        }
        let mut client = nano.connect();
        for _ in 0..100 {
            let answer = client.get("b.local", &path("/pass", &[("u", &honest.url("/"))])).unwrap();
            assert_eq!(answer.text(), "fine");
        }
    });
}
