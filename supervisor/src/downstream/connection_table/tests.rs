//! Idle connections when the clock jumps.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::task::{Context, Waker};

use super::*;
use crate::downstream::socket::Wire;

/// A connection, and the client's end of it.
fn connected(connections: &ConnectionTable) -> (Rc<Connection>, UnixStream) {
    let (theirs, ours) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let client =
        Connection::new(Wire::Unix(tokio::net::UnixStream::from_std(ours).unwrap()), None, connections.shared());
    connections.insert(Rc::clone(&client), false).unwrap();
    (client, theirs)
}

#[test]
fn what_is_idle_is_closed_by_the_order_and_not_by_the_clock() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connections = ConnectionTable::new(&ClientLimits::default());
        let (served, _one) = connected(&connections);
        let (asks_again, mut two) = connected(&connections);
        let (is_served, _three) = connected(&connections);
        let (new, _four) = connected(&connections);
        for client in [&served, &asks_again, &is_served] {
            client.begin();
        }
        for client in [&served, &asks_again] {
            client.end();
            client.wrote_all();
        }
        two.write_all(b"GET /").unwrap();
        // No tick goes by.
        let expired = |client: &Connection| client.poll_expired(&Context::from_waker(Waker::noop()));
        connections.close_quiet(|client| client.phase() == ConnectionPhase::Idle);
        assert_eq!(expired(&served), Some(Expiry::Idle));
        assert_eq!((expired(&asks_again), expired(&is_served), expired(&new)), (None, None, None));
        connections.close_idle(Drain::default().grace()).await;
        assert_eq!((expired(&asks_again), expired(&is_served), expired(&new)), (None, None, Some(Expiry::Idle)));
    });
}
