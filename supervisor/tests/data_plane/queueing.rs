//! More requests than the workers may have.

use std::sync::atomic::Ordering;

use nano_protocol::{
    BodyLength, FetchDestination, FetchFailure, FetchHead, Frame, HeaderBlock, ResetReason, Side, StreamId,
};
use nano_supervisor::shard::command::ShardCommand;

use crate::host::{Host, app, routes, settings, until};

#[test]
fn beyond_max_concurrent_requests_wait_and_then_go_in_order() {
    let mut narrow = settings();
    narrow.max_concurrent = 2;
    let host = Host::with(narrow, |_| {});
    let mut worker = host.add_worker();
    let mut clients = Vec::new();
    for n in 0..6 {
        clients.push(host.get(&format!("/{n}")));
        until("it is where it should be", || {
            let waiting = host.app.admission.waiting();
            waiting + worker.worker.in_flight.load(Ordering::SeqCst) == n + 1 && waiting == (n + 1).saturating_sub(2)
        });
    }
    let mut order = Vec::new();
    for _ in 0..6 {
        let (id, request) = worker.request();
        assert!(worker.worker.in_flight.load(Ordering::SeqCst) <= 2);
        worker.respond(id, "done");
        order.push(request.url);
    }
    assert_eq!(order, (0..6).map(|n| format!("http://a.example/{n}")).collect::<Vec<_>>());
    for client in &mut clients {
        assert_eq!(client.answer().body, "done");
    }
}

#[test]
fn a_full_queue_refuses() {
    let mut narrow = settings();
    narrow.max_concurrent = 1;
    let host = Host::with(narrow, |_| {});
    let worker = host.add_worker();
    let bound = host.app.admission.queue_bound();
    assert_eq!(bound, 64);
    let mut clients: Vec<_> = (0..=bound).map(|_| host.get("/")).collect();
    until("the queue is full", || host.app.admission.waiting() == bound);
    let answer = host.get("/").answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "queue_full"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    // One that gives up makes room for another.
    clients.pop();
    until("there is room", || host.app.admission.waiting() == bound - 1);
    let server = worker.serve();
    for client in &mut clients {
        assert_eq!(client.answer().status, 200);
    }
    drop(host);
    assert!(server.join().unwrap() >= clients.len());
}

#[test]
fn clients_that_wait_and_leave_give_up_their_turn() {
    let mut narrow = settings();
    narrow.max_concurrent = 1;
    let host = Host::with(narrow, |_| {});
    let mut worker = host.add_worker();
    let mut running = host.get("/running");
    let (id, _) = worker.request();
    for request in [
        "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nwhole",
        "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nhalf",
        "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n",
    ] {
        let mut client = host.connect();
        client.send(request);
        until("it waits", || host.app.admission.waiting() == 1);
        drop(client);
        until("it waits no more", || host.app.admission.waiting() == 0);
    }
    // One that stays is served, its body too.
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 8\r\n\r\nfour");
    until("it waits", || host.app.admission.waiting() == 1);
    client.send("more");
    worker.respond(id, "done");
    assert_eq!(running.answer().body, "done");
    let (id, _) = worker.request();
    assert_eq!(worker.body(id), b"fourmore");
    worker.respond(id, "all of it");
    assert_eq!(client.answer().body, "all of it");
}

#[test]
fn clients_that_ask_a_deaf_worker_and_leave_do_not_fill_the_memory() {
    let (host, mut worker) = Host::with_worker();
    let field = format!("x-large: {}\r\n", "x".repeat(60_000));
    // Each keeps its place until the worker has read that it is over.
    let asked = (0..200).take_while(|before| {
        let mut client = host.connect();
        client.send(format!("GET / HTTP/1.1\r\nHost: a.example\r\n{field}\r\n"));
        let places = || worker.worker.in_flight.load(Ordering::SeqCst) + host.app.admission.waiting();
        until("it has a place", || places() == before + 1);
        let with_the_worker = host.app.admission.waiting() == 0;
        drop(client);
        until("its client is gone", || host.app.metrics.requests_in_flight() == u64::from(places()));
        if !with_the_worker {
            until("it waits no more", || places() == *before);
        }
        with_the_worker
    });
    let asked = asked.count();
    assert!((10..100).contains(&asked), "{asked} large requests were taken for a worker that reads nothing");

    // Once it reads again, waiting requests are served.
    let mut waiting = host.get("/at-last");
    until("it waits", || host.app.admission.waiting() == 1);
    let id = loop {
        match worker.next() {
            Some(Frame::RequestHead(id, head)) if head.url.ends_with("/at-last") => break id,
            Some(_) => {}
            None => panic!("the link ended"),
        }
    };
    worker.respond(id, "served");
    assert_eq!(waiting.answer().body, "served");
}

#[test]
fn the_least_loaded_worker_is_chosen() {
    let (host, mut first) = Host::with_worker();
    let mut second = host.add_worker();
    let clients: Vec<_> = (0..10).map(|_| host.get("/")).collect();
    for _ in 0..5 {
        first.request();
        second.request();
    }
    drop(clients);
}

#[test]
fn requests_that_wait_go_to_the_new_generation() {
    let mut narrow = settings();
    narrow.max_concurrent = 1;
    let host = Host::with(narrow.clone(), |_| {});
    let mut old = host.add_worker();
    let mut running = host.get("/running");
    let (id, _) = old.request();
    let mut waiting = host.get("/waiting");
    until("it waits", || host.app.admission.waiting() == 1);

    let next = app(narrow);
    let mut new = host.add_worker_of(&next);
    host.order(|done| ShardCommand::SwapRoutes { routes: routes(&next), done });
    let retired = host.order_later(|done| ShardCommand::RetireWorker { worker: old.worker.id, done });
    let (new_id, request) = new.request();
    assert_eq!(request.url, "http://a.example/waiting");
    new.respond(new_id, "new");
    assert_eq!(waiting.answer().body, "new");

    // The old worker finishes its requests; its fetches continue until it closes its link.
    old.respond(id, "old");
    assert_eq!(running.answer().body, "old");
    retired.blocking_recv().unwrap();
    let head = FetchHead {
        method: "GET".to_owned(),
        url: "http://127.0.0.1/".to_owned(),
        headers: HeaderBlock::default(),
        body: BodyLength::None,
        to: FetchDestination::Network,
        request: None,
    };
    old.send(&[Frame::FetchHead(0, Box::new(head))]);
    match old.next() {
        Some(Frame::Reset {
            stream: StreamId { initiator: Side::Worker, number: 0 },
            reason: ResetReason::FetchFailed(FetchFailure::Denied),
            message,
        }) => {
            assert!(message.contains("loopback"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_app_that_was_removed_is_not_found() {
    let (host, worker) = Host::with_worker();
    let server = worker.serve();
    let mut client = host.connect();
    client.get("/");
    assert_eq!(client.answer().status, 200);
    host.order(|done| ShardCommand::SwapRoutes { routes: std::sync::Arc::default(), done });
    client.get("/");
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (404, "unknown_host"));
    drop(host);
    server.join().unwrap();
}

#[test]
fn nothing_is_lost_while_workers_are_replaced_under_load() {
    let host = Host::new();
    let first = host.add_worker();
    let mut servers = vec![(first.worker.id, first.serve())];
    let mut retired = Vec::new();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let counted = std::sync::atomic::AtomicUsize::new(0);
    let served = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = host.connect();
                    let mut count = 0;
                    while !stop.load(Ordering::Relaxed) {
                        client.get("/");
                        assert_eq!(client.answer().status, 200);
                        counted.fetch_add(1, Ordering::Relaxed);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        until("there is load", || counted.load(Ordering::Relaxed) > 20);
        for _ in 0..50 {
            let worker = host.add_worker();
            let id = worker.worker.id;
            servers.push((id, worker.serve()));
            let (old, server) = servers.remove(0);
            host.order(|done| ShardCommand::RetireWorker { worker: old, done });
            retired.push(server);
        }
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>()
    });
    assert!(served > 0);
    drop(host);
    let answered: usize = retired.into_iter().map(|server| server.join().unwrap()).sum();
    assert!(answered > 0 && answered <= served, "{answered} of {served}");
}

#[test]
fn a_stalled_worker_does_not_hold_its_neighbours() {
    let (host, mut stalled) = Host::with_worker();
    let other = app(settings());
    let worker = host.add_worker_of(&other);
    let patterns = |name| vec![nano_config::HostPattern::parse(name).unwrap()];
    let table = nano_supervisor::route::RouteTable::new(&[
        (patterns("a.example"), std::sync::Arc::clone(&host.app)),
        (patterns("*.b.example"), std::sync::Arc::clone(&other)),
    ]);
    host.order(|done| ShardCommand::SwapRoutes { routes: std::sync::Arc::new(table), done });
    let _stuck: Vec<_> = (0..50).map(|_| host.get("/")).collect();
    assert!(matches!(stalled.next(), Some(Frame::RequestHead(..))));
    let server = worker.serve();
    let mut client = host.connect();
    for _ in 0..50 {
        client.send("GET / HTTP/1.1\r\nHost: x.b.example\r\n\r\n");
        assert_eq!(client.answer().status, 200);
    }
    drop((client, host));
    server.join().unwrap();
}
