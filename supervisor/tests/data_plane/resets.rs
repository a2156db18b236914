//! Requests whose clients have gone, or that took too long: each keeps its place until the worker has let go of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nano_protocol::{BodyLength, Frame, RequestId, ResetReason};
use nano_supervisor::shard::command::ShardCommand;

use crate::host::{Host, settings, until};
use crate::worker::{FakeWorker, chunk, head};

/// A host whose worker takes two requests at once and acknowledges nothing by itself.
fn narrow(timeout: Duration) -> (Host, FakeWorker) {
    let mut settings = settings();
    settings.max_concurrent = 2;
    settings.timeout = timeout;
    let host = Host::with(settings, |_| {});
    let mut worker = host.add_worker();
    worker.acknowledges = false;
    (host, worker)
}

fn in_flight(worker: &FakeWorker) -> u32 {
    worker.worker.in_flight.load(Ordering::SeqCst)
}

fn acknowledge(worker: &mut FakeWorker, id: RequestId) {
    worker.send(&[Frame::ResetAck { id }]);
}

const LONG: Duration = crate::host::PATIENCE;

#[test]
fn a_place_is_free_when_the_worker_has_acknowledged_the_reset() {
    let (host, mut worker) = narrow(LONG);
    let clients = [host.get("/0"), host.get("/1")];
    let ids = [worker.request().0, worker.request().0];
    drop(clients);
    let mut reset = [worker.reset(), worker.reset()];
    reset.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(reset, ids.map(|id| (id, ResetReason::ClientGone)));
    assert_eq!(in_flight(&worker), 2);
    until("only the worker has them", || host.app.metrics.requests_in_flight() == 2);

    // Others wait, and a flood of clients that leave gets nowhere.
    let mut next = host.get("/next");
    until("it waits", || host.app.admission.waiting() == 1);
    for _ in 0..20 {
        let client = host.get("/flood");
        until("it waits too", || host.app.admission.waiting() == 2);
        drop(client);
        until("it has left", || host.app.admission.waiting() == 1);
    }
    assert_eq!((in_flight(&worker), host.app.metrics.requests_in_flight()), (2, 3));

    acknowledge(&mut worker, ids[0]);
    let (id, request) = worker.request();
    assert_eq!((request.url.as_str(), in_flight(&worker)), ("http://a.example/next", 2));
    worker.respond(id, "next");
    assert_eq!(next.answer().body, "next");
    until("its place is free", || in_flight(&worker) == 1);
    acknowledge(&mut worker, ids[1]);
    until("all are", || in_flight(&worker) == 0);
    until("nothing is in flight", || host.app.metrics.requests_in_flight() == 0);
}

#[test]
fn one_that_took_too_long_keeps_its_place_too() {
    let (host, mut worker) = narrow(Duration::from_millis(200));
    // The same client asks again and again on its connection.
    let mut client = host.connect();
    let mut ids = Vec::new();
    for _ in 0..2 {
        client.get("/");
        ids.push(worker.request().0);
        assert_eq!(client.answer().status, 504);
        assert_eq!(worker.reset(), (ids[ids.len() - 1], ResetReason::TimedOut));
    }
    client.get("/");
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "queue_timeout"));
    assert_eq!((in_flight(&worker), host.app.metrics.requests_in_flight()), (2, 2));
    for id in ids {
        acknowledge(&mut worker, id);
    }
    until("nothing is in flight", || host.app.metrics.requests_in_flight() == 0 && in_flight(&worker) == 0);
}

#[test]
fn what_ended_on_both_sides_at_once_is_over_with_the_acknowledgement() {
    let (host, mut worker) = narrow(LONG);
    for begun in [false, true] {
        let mut client = host.get("/");
        let (id, _) = worker.request();
        if begun {
            worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "a", false)]);
            client.head().unwrap();
        }
        drop(client);
        worker.reset();
        // It answered before it read that.
        if !begun {
            worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
        }
        worker.send(&[chunk(id, "whole", true)]);
        assert_eq!(in_flight(&worker), 1);
        acknowledge(&mut worker, id);
        until("its place is free", || in_flight(&worker) == 0);
    }
    // A response without a body that is wanted.
    let mut client = host.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
    assert_eq!(in_flight(&worker), 1);
    acknowledge(&mut worker, id);
    until("its place is free", || in_flight(&worker) == 0);
    until("nothing is in flight", || host.app.metrics.requests_in_flight() == 0);
}

#[test]
fn a_complete_response_frees_its_place_whatever_is_left_of_the_request() {
    let (host, mut worker) = narrow(LONG);
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\npart");
    let (id, _) = worker.request();
    worker.respond(id, "enough");
    assert_eq!(client.answer().body, "enough");
    until("its place is free", || in_flight(&worker) == 0);
    // Nothing is to be acknowledged: the response was its end.
    loop {
        match worker.next() {
            Some(Frame::Data { .. }) => {}
            Some(Frame::Reset { reason, .. }) => break assert_eq!(reason, ResetReason::BodyUnwanted),
            other => panic!("{other:?}"),
        }
    }
    until("nothing is in flight", || host.app.metrics.requests_in_flight() == 0);
}

#[test]
fn a_worker_that_is_retired_or_ends_is_not_waited_for() {
    let (host, mut worker) = narrow(LONG);
    let client = host.get("/");
    let (id, _) = worker.request();
    drop(client);
    assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
    host.order(|done| ShardCommand::RetireWorker { worker: worker.worker.id, done });
    assert_eq!(in_flight(&worker), 1);
    let gone = std::sync::Arc::clone(&worker.worker);
    drop(worker);
    until("its places are free", || gone.in_flight.load(Ordering::SeqCst) == 0);
    until("nothing is in flight", || host.app.metrics.requests_in_flight() == 0);
}
