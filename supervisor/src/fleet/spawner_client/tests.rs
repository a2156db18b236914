//! Replies whose callers have gone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Waker};

use nano_spawner::pair;

use super::*;

/// A client, and the spawner's end of its socket.
fn client() -> (SpawnerClient, OwnedFd) {
    let (ours, theirs) = pair().unwrap();
    let client = SpawnerClient {
        pid: Pid::this(),
        socket: register(ours).unwrap(),
        source: ConfigSource::File(PathBuf::new()),
        outbox: RefCell::default(),
        queued: Notify::new(),
        pending: RefCell::default(),
        lives: RefCell::default(),
        changes: Notify::new(),
        coverage: RefCell::default(),
        last: Cell::new(0),
    };
    (client, theirs)
}

fn asked(spawner: &OwnedFd) -> Request {
    let packet = receive(spawner, Wait::No).unwrap().unwrap();
    serde_json::from_slice(&packet.bytes).unwrap()
}

/// The next reply is taken in, which wakes its caller.
async fn take_in(client: &SpawnerClient, spawner: &OwnedFd, reply: &Reply) {
    send(spawner, reply, &[], Wait::No).unwrap();
    let mut ready = client.socket.readable().await.unwrap();
    let packet = ready.try_io(|socket| receive(socket, Wait::No)).unwrap().unwrap().unwrap();
    client.on_packet(packet);
}

#[tokio::test]
async fn a_worker_is_killed_whose_slot_was_retired_when_the_reply_was_there() {
    let (client, spawner) = client();
    {
        let files = || OwnedFd::from(File::open("/dev/null").unwrap());
        let mut spawned = pin!(client.spawn(WorkerPurpose::Serve(1), files(), files()));
        assert!(spawned.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let Request::Spawn { id, purpose: WorkerPurpose::Serve(1) } = asked(&spawner) else { panic!("no spawn") };
        take_in(&client, &spawner, &Reply::Spawned { id, worker: 7, pid: 1, layers: Vec::new() }).await;
        // Woken, and dropped before it is polled.
    }
    assert_eq!(asked(&spawner), Request::Kill { worker: 7 });
}

#[tokio::test]
async fn what_comes_for_a_caller_that_has_gone_is_released() {
    let (client, spawner) = client();
    for early in [false, true] {
        let mut opened = Some(Box::pin(client.open(1, "a")));
        let poll = opened.as_mut().map(|opened| opened.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        assert!(poll.unwrap().is_pending());
        let Request::Open { id, .. } = asked(&spawner) else { panic!("no open") };
        if early {
            opened = None;
        }
        take_in(&client, &spawner, &Reply::Opened { id, generation: 3 }).await;
        drop(opened);
        assert_eq!(asked(&spawner), Request::Close { generation: 3 });
    }
}

#[tokio::test]
async fn a_reply_that_is_taken_is_the_caller_s() {
    let (client, spawner) = client();
    let mut opened = pin!(client.open(1, "a"));
    assert!(opened.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let Request::Open { id, .. } = asked(&spawner) else { panic!("no open") };
    take_in(&client, &spawner, &Reply::Opened { id, generation: 3 }).await;
    assert_eq!(opened.await.unwrap(), 3);
    let none = receive(&spawner, Wait::No);
    assert!(none.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock), "nothing is closed");
}
