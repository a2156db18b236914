//! Bodies that the client is asked for, that are not read, and that are read when the response is complete.

use nano_protocol::{BodyLength, Frame, ResetReason, StreamId};
use nano_supervisor::telemetry::CutBy;

use crate::client::{Client, Cut};
use crate::host::{Host, settings, until};
use crate::worker::{FakeWorker, chunk, head, header};

const EXPECT: &str = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";

fn post(host: &Host, headers: &str, body: &str) -> Client {
    let mut client = host.connect();
    client.send(format!("POST / HTTP/1.1\r\nHost: a.example\r\n{headers}\r\n\r\n{body}"));
    client
}

fn next_is_served(client: &mut Client, worker: &mut FakeWorker) {
    client.get("/next");
    let (id, request) = worker.request();
    assert_eq!(request.url, "http://a.example/next");
    worker.respond(id, "next");
    assert_eq!(client.answer().body, "next");
}

#[test]
fn a_body_is_asked_for_when_the_app_reads_it() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send(EXPECT);
    let (id, request) = worker.request();
    assert_eq!(header(&request, "expect"), None);
    worker.send(&[Frame::BodyWanted { id }]);
    assert_eq!(client.head().unwrap().status, 100);
    client.send("ok");
    assert_eq!(worker.body(id), b"ok");
    worker.respond(id, "fine");
    let answer = client.answer();
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("fine", None));
    next_is_served(&mut client, &mut worker);
}

#[test]
fn a_body_is_asked_for_before_a_response_that_is_made_of_it() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send(EXPECT);
    let (id, _) = worker.request();
    worker.send(&[Frame::BodyWanted { id }, head(id, 200, &[], BodyLength::Unknown)]);
    assert_eq!(client.head().unwrap().status, 100);
    assert_eq!(client.head().unwrap().status, 200);
    client.send("ok");
    assert_eq!(worker.body(id), b"ok");
    worker.send(&[chunk(id, "ok", true)]);
    assert_eq!(client.chunk().unwrap().unwrap(), b"ok");
}

#[test]
fn a_body_that_the_app_does_not_read_is_not_asked_for() {
    let (host, mut worker) = Host::with_worker();
    for streamed in [false, true] {
        let mut client = host.connect();
        client.send(EXPECT);
        let (id, _) = worker.request();
        let length = if streamed { BodyLength::Unknown } else { BodyLength::Known(2) };
        worker.send(&[head(id, 401, &[], length), chunk(id, "no", true)]);
        let answer = client.answer();
        assert_eq!((answer.status, answer.body.as_str()), (401, "no"));
        // Whether the body comes is the client's to decide: where the next request would begin is not clear.
        assert_eq!(answer.header("connection"), Some("close"));
        if !streamed {
            assert_eq!(worker.reset(), (id, ResetReason::BodyUnwanted));
        } else {
            assert!(matches!(worker.next(), Some(Frame::Reset { .. })));
        }
        client.assert_closed();
    }
    // Nor is it for an answer of our own.
    let mut client = host.connect();
    client.send(EXPECT.replace("a.example", "nobody.example"));
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (404, Some("close")));
    client.assert_closed();
}

#[test]
fn other_expectations_are_refused_and_old_clients_have_none() {
    let (host, mut worker) = Host::with_worker();
    for expect in ["200-ok", "100-continue, x", "100-continue\r\nExpect: x", "x\r\nExpect: 100-continue"] {
        let mut client = post(&host, &format!("Expect: {expect}\r\nContent-Length: 2"), "");
        let answer = client.answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (417, "expectation_failed"), "{expect:?}");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    for (version, expect) in [("1.0", "100-continue"), ("1.0", "x"), ("1.1", ""), ("1.1", "100-Continue\r\nExpect:")] {
        let mut client = host.connect();
        client.send(format!(
            "POST / HTTP/{version}\r\nHost: a.example\r\nExpect: {expect}\r\nContent-Length: 2\r\n\r\nok"
        ));
        let (id, _) = worker.request();
        assert_eq!(worker.body(id), b"ok");
        worker.respond(id, "fine");
        assert_eq!(client.answer().status, 200, "{version} {expect}");
    }
}

#[test]
fn a_response_before_the_end_of_the_body_says_that_the_connection_ends() {
    let (host, mut worker) = Host::with_worker();
    for length in [BodyLength::Known(6), BodyLength::Unknown] {
        let mut client = post(&host, "Content-Length: 1000000", "part");
        let (id, _) = worker.request();
        worker.send(&[head(id, 200, &[], length), chunk(id, "enough", true)]);
        let answer = client.answer();
        assert_eq!((answer.body.as_str(), answer.header("connection")), ("enough", Some("close")));
        client.assert_closed();
        while !matches!(worker.next(), Some(Frame::Reset { .. })) {}
    }
    // As do our own.
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: nobody.example\r\nContent-Length: 1000000\r\n\r\npart");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (404, Some("close")));
    client.assert_closed();
}

#[test]
fn a_body_that_is_there_is_no_reason_to_end_the_connection() {
    let (host, mut worker) = Host::with_worker();
    for (headers, body) in [("Content-Length: 4", "body"), ("Transfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n")] {
        let mut client = host.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: nobody.example\r\n{headers}\r\n\r\n{body}"));
        let answer = client.answer();
        assert_eq!((answer.status, answer.header("connection")), (404, None), "{headers}");
        next_is_served(&mut client, &mut worker);
    }
}

#[test]
fn a_body_that_is_read_goes_on_after_the_response() {
    let (host, mut worker) = Host::with_worker();
    let mut client = post(&host, "Content-Length: 8", "four");
    let (id, _) = worker.request();
    assert!(matches!(worker.next(), Some(Frame::Data { end: false, .. })));
    worker.send(&[Frame::BodyWanted { id }, head(id, 200, &[], BodyLength::Known(5)), chunk(id, "early", true)]);
    let answer = client.answer();
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("early", None));
    until("the request is over", || host.app.metrics.requests_in_flight() == 0);
    client.send("more");
    assert_eq!(worker.body(id), b"more");
    next_is_served(&mut client, &mut worker);

    // The client leaves in the middle of it.
    let mut client = post(&host, "Content-Length: 8", "four");
    let (id, _) = worker.request();
    assert!(worker.next().is_some());
    worker.send(&[Frame::BodyWanted { id }, head(id, 204, &[], BodyLength::None)]);
    assert_eq!(client.answer().status, 204);
    drop(client);
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));

    // The app wants no more of it.
    let mut client = post(&host, "Content-Length: 8", "four");
    let (id, _) = worker.request();
    assert!(worker.next().is_some());
    worker.send(&[Frame::BodyWanted { id }, head(id, 204, &[], BodyLength::None)]);
    assert_eq!(client.answer().status, 204);
    worker.send(&[Frame::reset(StreamId::request(id), ResetReason::BodyUnwanted)]);
    client.assert_closed();
    assert_eq!(host.get("/still").stream.get_ref().peer_addr().unwrap(), host.address, "the worker lives");
    assert_eq!(worker.request().1.url, "http://a.example/still");
}

#[test]
fn what_was_accepted_of_a_response_arrives_before_the_cut() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send(&[
        head(id, 200, &[], BodyLength::Unknown),
        chunk(id, "one", false),
        chunk(id, "two", false),
        Frame::reset(StreamId::request(id), ResetReason::BodyErrored),
    ]);
    assert_eq!(client.head().unwrap().status, 200);
    let first = client.chunk().unwrap().unwrap();
    let rest = if first == b"one" { client.chunk().unwrap().unwrap() } else { Vec::new() };
    assert_eq!([first, rest].concat(), b"onetwo");
    assert_eq!(client.chunk(), Err(Cut));
    until("it is counted", || host.app.metrics.responses_cut(CutBy::App) == 1);

    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Known(9)), chunk(id, "six of", false)]);
    drop(worker);
    client.head().unwrap();
    assert_eq!(client.exactly(6).unwrap(), b"six of");
    assert_eq!(client.exactly(1), Err(Cut));
    until("it is counted", || host.app.metrics.responses_cut(CutBy::Worker) == 1);

    let mut worker = host.add_worker();
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "begun", false)]);
    client.head().unwrap();
    drop(client);
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
    until("it is counted", || host.app.metrics.responses_cut(CutBy::Client) == 1);
}

#[test]
fn asking_twice_for_one_body_ends_the_worker() {
    let host = Host::with(settings(), |_| {});
    let mut worker = host.add_worker();
    let mut client = post(&host, "Content-Length: 8", "four");
    let (id, _) = worker.request();
    let _ = worker.try_send(&[Frame::BodyWanted { id }, Frame::BodyWanted { id }]);
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (502, "worker_protocol"));
}
