//! Handshakes by the hundred, with a certificate that makes each as costly as can be.

use crate::client::{Authority, careless, connect};
use crate::{serve, site};
use rcgen::KeyPair;
use serde_json::json;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Greets, and leaves once the server has answered with its signature.
fn greet(address: SocketAddr, config: &Arc<rustls::ClientConfig>) -> std::io::Result<()> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let name = rustls::pki_types::ServerName::try_from("a.example").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::clone(config), name).unwrap();
    session.write_tls(&mut socket)?;
    session.read_tls(&mut socket).map(drop)
}

#[test]
fn a_flood_of_handshakes_leaves_requests_alone() {
    let authority = Authority::new();
    let site = site(json!({ "certificates": [{ "hostnames": ["a.example"], "cert": "a.pem", "key": "a.key" }] }));
    let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_4096).unwrap();
    let (cert, key) = authority.pair_of(&["a.example"], &rsa, |_| {});
    site.file("a.pem", &cert).file("a.key", &key);
    let front = serve(&site);
    let (stop, made) = (AtomicBool::new(false), AtomicU64::new(0));
    let config = careless();
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    if greet(front.address, &config).is_ok() {
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        // 64 signatures of RSA 4096 that come first would take longer than this in a debug build.
        let (mut plain, mut handshakes) = (Vec::new(), Vec::new());
        let mut kept = front.nano.connect();
        while made.load(Ordering::Relaxed) < 300 || plain.len() < 50 {
            let begun = Instant::now();
            assert_eq!(kept.get("c.example", "/").unwrap().status, 200);
            plain.push(begun.elapsed());
            if plain.len() % 10 == 0 {
                let begun = Instant::now();
                // Another address of this machine: its turn comes before those that wait at 127.0.0.1.
                drop(from_another_address(front.address, &config));
                handshakes.push(begun.elapsed());
            }
        }
        stop.store(true, Ordering::Relaxed);
        plain.sort();
        handshakes.sort();
        let (plain, handshake) = (plain[plain.len() / 2], handshakes[handshakes.len() / 2]);
        eprintln!(
            "median of requests {plain:?}, of handshakes elsewhere {handshake:?}, {} handshakes",
            made.load(Ordering::Relaxed)
        );
        assert!(plain < Duration::from_millis(500), "requests take {plain:?}");
    });
    connect(front.address, &config, "a.example").unwrap();
}

fn from_another_address(address: SocketAddr, config: &Arc<rustls::ClientConfig>) -> std::io::Result<()> {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from(([127, 0, 0, 7], 0)))?;
    connect(&socket, &address)?;
    let mut socket = TcpStream::from(socket);
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let name = rustls::pki_types::ServerName::try_from("a.example").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::clone(config), name).unwrap();
    session.write_tls(&mut socket)?;
    session.read_tls(&mut socket).map(drop)
}
