//! Sockets that are closed, half closed and not found.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_closed_socket_is_told_from_one_that_closed_its_half() {
    for at in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(at) else { continue };
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, peer) = listener.accept().unwrap();
        let own = server.local_addr().unwrap();
        let peers = Peers::default();
        assert!(!peers.is_closed(own, peer));
        client.shutdown(Shutdown::Write).unwrap();
        assert!(!peers.is_closed(own, peer), "it still reads");
        drop(client);
        let start = Instant::now();
        while !peers.is_closed(own, peer) {
            assert!(start.elapsed() < Duration::from_secs(20), "waited in vain until the socket of {peer} is closed");
            std::thread::yield_now();
        }
    }
}

#[test]
fn nothing_is_claimed_of_a_socket_that_is_not_found() {
    let peers = Peers::default();
    assert!(!peers.is_closed(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()));
    assert!(!peers.is_closed(([192, 0, 2, 1], 1).into(), ([198, 51, 100, 1], 2).into()));
}
