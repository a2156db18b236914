//! Bodies, both ways, with back-pressure, and clients that leave in the middle.

use bytes::Bytes;
use nano_protocol::limits::{INITIAL_WINDOW, RESPONSE_WINDOW};
use nano_protocol::{BodyLength, Frame, ResetReason, StreamId};

use crate::client::Cut;
use crate::host::{Host, settings, until};
use crate::worker::{chunk, head, header};

const WINDOW: usize = INITIAL_WINDOW as usize;

#[test]
fn a_body_with_a_length_arrives_whole() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello");
    let (id, request) = worker.request();
    assert_eq!(request.body, BodyLength::Known(5));
    assert_eq!(header(&request, "content-length"), Some("5"));
    assert_eq!(worker.body(id), b"hello");
    worker.respond(id, "got it");
    assert_eq!(client.answer().body, "got it");
}

#[test]
fn a_chunked_body_arrives_whole() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    let (id, request) = worker.request();
    assert_eq!(request.body, BodyLength::Unknown);
    assert_eq!(header(&request, "transfer-encoding"), None);
    client.send("2\r\nde\r\n0\r\n\r\n");
    assert_eq!(worker.body(id), b"abcde");
    worker.respond(id, "ok");
    assert_eq!(client.answer().body, "ok");
}

#[test]
fn a_request_body_waits_for_the_worker() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    let total = 3 * WINDOW;
    client.send(format!("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: {total}\r\n\r\n"));
    let sender = std::thread::spawn(move || {
        client.send(vec![b'x'; total]);
        client
    });
    let (id, _) = worker.request();
    let mut read = 0;
    while read < WINDOW {
        match worker.next() {
            Some(Frame::Data { data, end, .. }) => {
                assert!(!end);
                read += data.len();
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(read, WINDOW, "more than the window was sent");
    // Nothing more without credit: what comes next is the answer to it, exactly as much as was given.
    worker.send(&[Frame::Credit { stream: StreamId::request(id), bytes: 1000 }]);
    let mut more = 0;
    while more < 1000 {
        match worker.next() {
            Some(Frame::Data { data, .. }) => more += data.len(),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(more, 1000);
    worker.send(&[Frame::Credit { stream: StreamId::request(id), bytes: WINDOW as u32 }]);
    assert_eq!(read + more + worker.body(id).len(), total);
    worker.respond(id, "all");
    assert_eq!(sender.join().unwrap().answer().body, "all");
}

#[test]
fn a_response_body_waits_for_the_client() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    let total = 64 * WINDOW;
    worker.send(&[head(id, 200, &[], BodyLength::Known(total as u64))]);
    // Sends what it has credit for, as long as there is any.
    let sender = std::thread::spawn(move || {
        let (mut sent, mut credit) = (0, RESPONSE_WINDOW as usize);
        while sent < total {
            while credit == 0 {
                match worker.next() {
                    Some(Frame::Credit { bytes, .. }) => credit += bytes as usize,
                    other => panic!("{other:?}"),
                }
            }
            let size = credit.min(60_000).min(total - sent);
            let data = Bytes::from(vec![b'y'; size]);
            worker.send(&[Frame::Data { stream: StreamId::request(id), end: sent + size == total, data }]);
            sent += size;
            credit -= size;
        }
        sent
    });
    assert_eq!(client.head().unwrap().header("content-length"), Some(total.to_string().as_str()));
    // A client that takes nothing: the worker comes to a halt long before the end.
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!sender.is_finished(), "16 MiB were sent although nothing reads them");
    assert_eq!(client.exactly(total).unwrap().len(), total);
    assert_eq!(sender.join().unwrap(), total);
}

#[test]
fn both_bodies_flow_at_once() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
    assert_eq!(client.head().unwrap().status, 200);
    for _ in 0..10 {
        client.send("4\r\nping\r\n");
        match worker.next() {
            Some(Frame::Data { data, .. }) => assert_eq!(&data[..], b"ping"),
            other => panic!("{other:?}"),
        }
        worker.send(&[chunk(id, "pong", false)]);
        assert_eq!(client.chunk().unwrap().unwrap(), b"pong");
    }
    client.send("0\r\n\r\n");
    assert_eq!(worker.body(id), b"");
    worker.send(&[chunk(id, "", true)]);
    assert_eq!(client.chunk().unwrap(), None);
}

#[test]
fn a_response_may_come_before_the_request_body_is_there() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\npart");
    let (id, _) = worker.request();
    worker.respond(id, "enough");
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "enough"));
    assert_eq!(answer.header("connection"), Some("close"));
    until("the request is over", || host.app.metrics.requests_in_flight() == 0);
}

#[test]
fn a_client_that_leaves_before_the_head_is_reported() {
    let (host, mut worker) = Host::with_worker();
    let client = host.get("/");
    let (id, _) = worker.request();
    drop(client);
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
    until("the permit is free", || worker.worker.in_flight.load(std::sync::atomic::Ordering::SeqCst) == 0);
    // The frames that the worker had sent by then do no harm.
    worker.respond(id, "too late");
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.respond(id, "next");
    assert_eq!(client.answer().body, "next");
}

#[test]
fn a_client_that_leaves_in_the_middle_of_its_body_is_reported() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\npart");
    let (id, _) = worker.request();
    match worker.next() {
        Some(Frame::Data { data, end, .. }) => assert_eq!((&data[..], end), (&b"part"[..], false)),
        other => panic!("{other:?}"),
    }
    drop(client);
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
    until("the permit is free", || worker.worker.in_flight.load(std::sync::atomic::Ordering::SeqCst) == 0);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_the_response_is_reported() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "begun", false)]);
    client.head().unwrap();
    drop(client);
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
    until("the request is over", || host.app.metrics.requests_in_flight() == 0);
}

#[test]
fn a_body_that_is_announced_too_large_is_refused_at_once() {
    let mut small = settings();
    small.max_body_bytes = 10;
    let host = Host::with(small, |_| {});
    let _worker = host.add_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 11\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "body_too_large"));
}

#[test]
fn a_refused_body_does_not_keep_its_sender_from_reading_why() {
    let mut small = settings();
    small.max_body_bytes = 10;
    let host = Host::with(small, |_| {});
    let mut client = host.connect();
    let body = vec![b'x'; 500_000];
    client.send(format!("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: {}\r\n\r\n", body.len()));
    client.try_send(&body);
    assert_eq!(client.answer().status, 413);
}

#[test]
fn a_chunked_body_that_grows_too_large_is_refused_and_the_worker_told() {
    let mut small = settings();
    small.max_body_bytes = 10;
    let host = Host::with(small, |_| {});
    let mut worker = host.add_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n");
    let (id, _) = worker.request();
    assert!(matches!(worker.next(), Some(Frame::Data { .. })));
    client.send("3\r\nabc\r\n");
    assert_eq!(worker.reset(), (id, ResetReason::BodyTooLarge));
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "body_too_large"));
}

#[test]
fn a_chunked_body_that_grows_too_large_under_a_begun_response_cuts_it() {
    let mut small = settings();
    small.max_body_bytes = 10;
    let host = Host::with(small, |_| {});
    let mut worker = host.add_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
    client.head().unwrap();
    client.send("b\r\n12345678901\r\n");
    assert_eq!(worker.reset(), (id, ResetReason::BodyTooLarge));
    assert_eq!(client.chunk(), Err(Cut));
}

#[test]
fn a_body_with_broken_framing_is_a_bad_request() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    let (id, _) = worker.request();
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "malformed_body"));
}
