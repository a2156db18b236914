//! WebSockets while one nano after the other takes over: each message has its echo or the server's 1012, and who opens a socket
//! gets one.

use crate::{end, serve, site, upgrade};
use nano_test::{Frame, WebSocket, opcode, until};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// What a client saw.
#[derive(Default)]
struct Seen {
    echoes: AtomicU64,
    /// Sockets that ended with 1012, after which it opened another.
    restarts: AtomicU64,
    stop: AtomicBool,
}

fn client(address: SocketAddr, seen: &Seen) -> Result<(), String> {
    while !seen.stop.load(Ordering::Relaxed) {
        let opened = WebSocket::open(address, "a.local", "/socket", "").map_err(|error| format!("open: {error}"))?;
        let mut socket = opened.map_err(|response| format!("open: {response:?}"))?;
        for number in 0.. {
            if seen.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let text = format!("message {number}");
            // The server may be closing at this moment: then its Close is what comes.
            let sent = socket.try_send(&Frame::text(&text).masked());
            let got = socket.try_receive().map_err(|error| format!("{text}, sent {sent:?}: {error}"))?;
            if got.code() == Some(1012) {
                seen.restarts.fetch_add(1, Ordering::Relaxed);
                break;
            }
            if (got.opcode, &*got.payload) != (opcode::TEXT, text.as_bytes()) {
                return Err(format!("{text}: {got:?}"));
            }
            seen.echoes.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

#[test]
fn every_message_has_its_echo_until_the_socket_is_closed_with_1012() {
    let site = site();
    site.config(json!({
        "drain_ms": 1000, "log": { "access": false }, "apps": [{ "hostname": "a.local", "name": "a", "path": "a" }],
    }));
    let nano = serve(&site);
    let seen = Arc::new(Seen::default());
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (address, seen) = (nano.address, Arc::clone(&seen));
            thread::spawn(move || client(address, &seen))
        })
        .collect();
    let flows = || {
        let before = seen.echoes.load(Ordering::Relaxed);
        until("echoes, or a client's end", || {
            let failed = clients.iter().any(thread::JoinHandle::is_finished);
            (failed || seen.echoes.load(Ordering::Relaxed) > before + 20).then_some(())
        });
    };
    flows();
    for _ in 0..3 {
        upgrade(&nano);
        flows();
    }
    // Each client was moved on at least once: the last upgrade waited for the end of the second nano.
    until("sockets that were closed", || {
        let failed = clients.iter().any(thread::JoinHandle::is_finished);
        (failed || seen.restarts.load(Ordering::Relaxed) >= 8).then_some(())
    });
    seen.stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.join().unwrap(), Ok(()), "after {} echoes", seen.echoes.load(Ordering::Relaxed));
    }
    end(nano);
}
