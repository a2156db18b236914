//! The end of a shard.

use std::time::Duration;

use nano_protocol::BodyLength;
use nano_supervisor::shard::command::ShardCommand;

use crate::client::Client;
use crate::host::{Host, settings, until};
use crate::worker::{chunk, head};

#[test]
fn what_is_in_flight_is_finished_and_told_to_close() {
    let (host, mut worker) = Host::with_worker();
    let mut begun = host.get("/begun");
    let (begun_id, _) = worker.request();
    worker.send(&[head(begun_id, 200, &[], BodyLength::Unknown), chunk(begun_id, "1", false)]);
    begun.head().unwrap();
    let mut waiting = host.get("/waiting");
    let (waiting_id, _) = worker.request();

    let drained = host.order_later(|done| ShardCommand::Drain { unhurried: false, done });
    let address = host.address;
    until("nobody listens", || std::net::TcpStream::connect(address).is_err());
    worker.respond(waiting_id, "still");
    let answer = waiting.answer();
    assert_eq!((answer.body.as_str(), answer.header("connection")), ("still", Some("close")));
    waiting.assert_closed();
    worker.send(&[chunk(begun_id, "2", true)]);
    assert_eq!(begun.chunk().unwrap().unwrap(), b"1");
    assert_eq!(begun.chunk().unwrap().unwrap(), b"2");
    assert_eq!(begun.chunk().unwrap(), None);
    begun.assert_closed();
    drop((waiting, begun));
    drained.blocking_recv().unwrap();
}

#[test]
fn what_is_on_its_way_is_served_and_what_is_idle_closed() {
    let (host, worker) = Host::with_worker();
    let server = worker.serve();
    let mut late = host.connect();
    late.get("/");
    late.answer();
    let mut idle = host.connect();
    idle.get("/");
    idle.answer();
    late.send("GET /late HTTP/1.1\r\n");
    let drained = host.order_later(|done| ShardCommand::Drain { unhurried: false, done });
    let address = host.address;
    until("nobody listens", || std::net::TcpStream::connect(address).is_err());
    idle.assert_closed();
    late.send("Host: a.example\r\n\r\n");
    let answer = late.answer();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    late.assert_closed();
    drop((late, idle));
    drained.blocking_recv().unwrap();
    drop(host);
    assert_eq!(server.join().unwrap(), 3);
}

#[test]
fn no_accepted_connection_is_lost() {
    for _ in 0..20 {
        let (host, worker) = Host::with_worker();
        let server = worker.serve();
        // Connected and asked, but maybe not accepted yet when the order comes.
        let mut clients: Vec<Client> = (0..20).map(|_| host.get("/")).collect();
        let drained = host.order_later(|done| ShardCommand::Drain { unhurried: false, done });
        for client in &mut clients {
            assert_eq!(client.answer().status, 200);
        }
        drop(clients);
        drained.blocking_recv().unwrap();
        drop(host);
        assert_eq!(server.join().unwrap(), 20);
    }
}

#[test]
fn a_full_shard_drains_too() {
    let host = Host::with(settings(), |options| options.clients.max_connections = 1);
    let server = host.add_worker().serve();
    let mut only = host.get("/");
    only.answer();
    let mut outside = host.get("/outside");
    let drained = host.order_later(|done| ShardCommand::Drain { unhurried: false, done });
    only.assert_closed();
    drop(only);
    assert_eq!(outside.answer().status, 200, "it was connected before the end");
    drop(outside);
    drained.blocking_recv().unwrap();
    drop(host);
    server.join().unwrap();
}

#[test]
fn an_idle_client_that_does_not_close_delays_nothing() {
    let host = Host::with(settings(), |options| {
        options.clients.head_timeout = Duration::from_millis(200);
        options.clients.linger = Duration::from_secs(3600);
    });
    let server = host.add_worker().serve();
    let mut idle = host.get("/");
    idle.answer();
    // The grace for a request that is on its way, and no wait for the client's close.
    host.order(|done| ShardCommand::Drain { unhurried: false, done });
    idle.assert_closed();
    drop((idle, host));
    server.join().unwrap();
}
