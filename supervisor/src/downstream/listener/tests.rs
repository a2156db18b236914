//! Sockets that are bound, adopted, refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use super::*;

fn tcp(text: &str) -> Listen {
    Listen::tcp(text.parse().unwrap())
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    for shards in [1, 2] {
        let held = bind(&[tcp("127.0.0.1:0")], shards).unwrap().shards;
        let address = held[0][0].tcp_address().unwrap();
        let error = bind(&[Listen::tcp(address)], shards).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{address} is in use")) && error.contains("`port`"), "{error}");
    }
}

#[test]
fn every_shard_has_the_same_port() {
    let all = bind(&[tcp("127.0.0.1:0"), tcp("127.0.0.1:0")], 3).unwrap().shards;
    assert_eq!(all.len(), 3);
    let ports: Vec<Vec<_>> = all.iter().map(|own| own.iter().map(Listener::address).collect()).collect();
    assert_eq!(ports[0], ports[1]);
    assert_eq!(ports[1], ports[2]);
    assert_ne!(ports[0][0], ports[0][1]);
}

#[test]
fn all_addresses_are_both_families() {
    let all = bind(&[Listen::all_addresses(0)], 1).unwrap().shards;
    let port = all[0][0].tcp_address().unwrap().port();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        assert!(TcpStream::connect(("::1", port)).is_ok());
    }
}

#[test]
fn a_unix_socket_left_by_a_dead_process_is_replaced_a_live_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nano.sock");
    let listen = [Listen::unix(UnixListen::open(&path))];
    let Bound { shards, files, .. } = bind(&listen, 1).unwrap();
    // As after kill -9: the file stays, no process listens.
    std::mem::forget(files);
    drop(shards);
    assert!(path.exists());
    let held = bind(&listen, 2).unwrap();
    assert_eq!(held.shards[1][0].address(), format!("unix:{}", path.display()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
    assert!(matches!(bind(&listen, 1), Err(ListenError::InUse { .. })));
    drop(held);
    assert!(!path.exists());

    let file = dir.path().join("file");
    std::fs::write(&file, "precious").unwrap();
    assert!(matches!(bind(&[Listen::unix(UnixListen::open(&file))], 1), Err(ListenError::NotASocket { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
}

#[test]
fn a_start_that_fails_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nano.sock");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = [Listen::unix(UnixListen::open(&path)), Listen::tcp(taken.local_addr().unwrap())];
    assert!(matches!(bind(&listen, 1), Err(ListenError::InUse { .. })));
    assert!(!path.exists());
    let nobodys = UnixListen { group: Some("no-such-group".to_owned()), ..UnixListen::open(&path) };
    let error = bind(&[Listen::unix(nobodys)], 1).unwrap_err().to_string();
    assert!(error.contains("there is no group \"no-such-group\""), "{error}");
    assert!(!path.exists());
}

#[test]
fn inherited_sockets_are_shared_and_anything_else_refused() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let all = adopt(vec![listener.into()], &[], 2).unwrap();
    assert!(all.inherited && all.shards.iter().all(|own| own[0].address() == address));

    let datagram = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(matches!(adopt(vec![datagram.into()], &[], 1), Err(ListenError::Inherited)));
    let (stream, _other) = UnixStream::pair().unwrap();
    assert!(matches!(adopt(vec![stream.into()], &[], 1), Err(ListenError::Inherited)));
}

#[test]
fn an_inherited_socket_has_the_options_of_its_entry() {
    let with =
        |address| Listen { address, options: ListenOptions { proxy_protocol: true, ..ListenOptions::default() } };
    let bound = |address: &str| std::net::TcpListener::bind(address).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.sock");
    let (one, all, other) = (bound("127.0.0.1:0"), bound("0.0.0.0:0"), bound("127.0.0.1:0"));
    let all_as_v6 = SocketAddr::from(([0_u16; 8], all.local_addr().unwrap().port()));
    let configured = [
        with(ListenAddress::Tcp(one.local_addr().unwrap())),
        with(ListenAddress::Tcp(all_as_v6)),
        with(ListenAddress::Unix(UnixListen::open(&path))),
    ];
    let unix = UnixListener::bind(&path).unwrap();
    let sockets = vec![one.into(), all.into(), unix.into(), other.into()];
    let shards = adopt(sockets, &configured, 2).unwrap();
    let options = |own: &Vec<Listener>| own.iter().map(|own| own.options().proxy_protocol).collect::<Vec<_>>();
    assert!(shards.shards.iter().all(|own| options(own) == [true, true, true, false]));
}

/// The sockets of a nano with these addresses and so many shards.
fn sockets(listen: &[Listen], shards: usize) -> (Bound, Vec<OwnedFd>) {
    let bound = bind(listen, shards).unwrap();
    let sockets = bound.shards.iter().flatten().map(|each| each.duplicate().unwrap()).collect();
    (bound, sockets)
}

#[test]
fn every_socket_of_the_nano_before_is_accepted_from_whatever_the_number_of_shards() {
    let listen = [Listen::tcp("127.0.0.1:0".parse().unwrap())];
    for (before, after) in [(1, 1), (1, 3), (3, 1), (2, 3), (3, 2)] {
        let (bound, sockets) = sockets(&listen, before);
        let port = bound.shards[0][0].tcp_address().unwrap();
        let taken = take_over(sockets, &listen, after).unwrap();
        drop(bound);
        assert_eq!(taken.shards.len(), after);
        assert!(taken.shards.iter().all(|own| !own.is_empty() && own[0].tcp_address() == Some(port)));
        let count: usize = taken.shards.iter().map(Vec::len).sum();
        assert_eq!(count, before.max(after));
        // The kernel spreads connections over the sockets, so each of them must be among those that are accepted from.
        let clients: Vec<_> = (0..64).map(|_| TcpStream::connect(port).unwrap()).collect();
        let accepts = |listener: &Listener| match &listener.socket {
            Kind::Tcp(socket) => std::iter::from_fn(|| socket.accept().ok()).count(),
            Kind::Unix(_) => 0,
        };
        assert_eq!(taken.shards.iter().flatten().map(accepts).sum::<usize>(), clients.len(), "{before} to {after}");
    }
}

#[test]
fn what_is_configured_decides_which_sockets_are_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let (kept, left) = (dir.path().join("kept.sock"), dir.path().join("left.sock"));
    let unix = |path: &std::path::Path| Listen::unix(UnixListen::open(path));
    let any = Listen::tcp("127.0.0.1:0".parse().unwrap());
    let (bound, sockets) = sockets(&[unix(&left), any.clone(), unix(&kept), any.clone()], 1);
    let ports = [1, 3].map(|at: usize| bound.shards[0][at].tcp_address().unwrap());
    // By its number first; what the kernel picked goes to those that do not care.
    let fresh = dir.path().join("fresh.sock");
    let closed = UnixListen { mode: 0o600, ..UnixListen::open(&kept) };
    let wanted = [any, Listen::tcp(ports[0]), Listen::unix(closed), unix(&fresh)];
    let taken = take_over(sockets, &wanted, 1).unwrap();
    let own: Vec<_> = taken.shards[0].iter().map(Listener::tcp_address).collect();
    assert_eq!(own[..2], [Some(ports[1]), Some(ports[0])]);
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    // What it did not make is not its own yet, and what it made is.
    drop(taken);
    assert!(kept.exists() && left.exists() && !fresh.exists());
    drop(bound);
    assert!(!left.exists());

    let datagram = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(matches!(take_over(vec![datagram.into()], &wanted, 1), Err(ListenError::Inherited)));
}
