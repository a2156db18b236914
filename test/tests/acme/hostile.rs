//! Servers in the place of an authority that mean harm: nano goes on, and holds no more than it is bounded to.

use crate::pebble::authority;
use crate::{APP, Front, serve};
use nano_test::{Site, process, until};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

type Client = StreamOwned<ServerConnection, std::net::TcpStream>;

/// A server with TLS whose answers a function writes. It ends with the test's process.
struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn start(site: &Site, answer: impl Fn(&mut Client, &str, u16) + Send + Sync + 'static) -> Self {
        authority(site.folder());
        let chain = vec![CertificateDer::from_pem_file(site.path("own.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(site.path("own.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let (config, answer) = (Arc::new(config), Arc::new(answer));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&asked);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let (config, answer) = (Arc::clone(&config), Arc::clone(&answer));
                thread::spawn(move || {
                    let session = ServerConnection::new(config).unwrap();
                    let mut client = BufReader::new(StreamOwned::new(session, socket));
                    let mut request = String::new();
                    if client.read_line(&mut request).is_ok() {
                        answer(client.get_mut(), &request, port);
                    }
                });
            }
        });
        Self { port, asked }
    }

    fn front(&self, site: &Site) -> Front {
        let directory = format!("https://127.0.0.1:{}/dir", self.port);
        let acme = json!({ "directory": directory, "storage": "acme", "agree": true });
        site.app("a", APP);
        crate::write(site, json!({ "acme": acme }), &["a.example"], true);
        let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
        command.env("SSL_CERT_FILE", site.path("ca.pem"));
        serve(site, command)
    }
}

/// Waits for the failure that has this text, and looks whether nano is well.
fn suffers(why: &str, answer: impl Fn(&mut Client, &str, u16) + Send + Sync + 'static) {
    let site = Site::new();
    let server = Server::start(&site, answer);
    let front = server.front(&site);
    let known = until(why, || {
        let known = front.of_name("a.example");
        (known["error"].as_str().is_some_and(|error| error.contains(why))).then_some(known)
    });
    assert!(known["error"].as_str().unwrap().len() < 4000, "{known}");
    assert_eq!(front.nano.get("a.example", "/").text(), "app of a.example");
    let log = front.nano.log.lines().join("\n");
    assert!(!log.contains("panicked") && !log.contains("broke down"), "{log}");
    let resident = process::resident(front.nano.pid());
    assert!(resident < 120 << 20, "{resident} bytes");
    assert!(server.asked.load(Ordering::Relaxed) < 30);
}

/// A directory whose other resources are on the same server.
fn directory(port: u16, nonce: &str) -> String {
    let base = format!("https://127.0.0.1:{port}");
    json!({ "newNonce": nonce.replace("BASE", &base), "newAccount": format!("{base}/a"), "newOrder": format!("{base}/o") })
        .to_string()
}

fn send(client: &mut Client, head: &str, body: &str) {
    let _ = client.write_all(format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    client.conn.send_close_notify();
    let _ = client.flush();
}

#[test]
fn a_body_without_end() {
    suffers("larger than 262144 bytes", |client, _, _| {
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while client.write_all(&[b' '; 16384]).is_ok() {}
    });
}

#[test]
fn a_head_without_end() {
    suffers("HTTP with 127.0.0.1", |client, _, _| {
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\nx: ");
        while client.write_all(&[b'x'; 16384]).is_ok() {}
    });
}

#[test]
fn an_answer_that_takes_for_ever() {
    suffers("did not answer within 30s", |client, _, _| {
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while client.write_all(b" ").is_ok() && client.flush().is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
}

#[test]
fn a_redirect_to_elsewhere() {
    suffers("answers with a redirect", |client, _, _| {
        send(client, "302 Found\r\nLocation: https://169.254.169.254/", "");
    });
}

#[test]
fn what_is_no_directory() {
    suffers("it is no JSON", |client, _, _| send(client, "200 OK", &"[".repeat(200_000)));
    suffers("is no URL with https", |client, _, port| {
        send(client, "200 OK", &directory(port, "no url\n"));
    });
    suffers("is no URL with https", |client, _, _| {
        send(client, "200 OK", &directory(80, "http://127.0.0.1/").replace("https://", "http://"));
    });
    suffers("no answer that can be used", |client, _, _| {
        send(client, "500 Oops", &"\u{1b}[31m\"".repeat(1000));
    });
}

#[test]
fn waits_that_no_clock_can_hold_and_nonces_of_any_kind() {
    // Whatever is asked, there is no patience that long.
    let site = Site::new();
    let server = Server::start(&site, |client, request, port| match request.split(' ').nth(1) {
        Some("/dir") => send(client, "200 OK", &directory(port, "BASE/n")),
        Some("/n") => send(client, "200 OK\r\nReplay-Nonce: \"<&%\\", ""),
        _ => {
            let problem = json!({
                "type": "urn:ietf:params:acme:error:rateLimited",
                "detail": format!("{}\n\u{1b}[2J", "too many ".repeat(10_000)),
            });
            send(client, "429 Too Many\r\nRetry-After: 18446744073709551615", &problem.to_string());
        }
    });
    let front = server.front(&site);
    let known = front.await_state("a.example", "failing");
    let wait = known["next_order_in_ms"].as_u64().unwrap();
    assert!((600_000_000..=604_800_000).contains(&wait), "{known}");
    let why = known["error"].as_str().unwrap();
    assert!(why.contains("asks for patience: too many") && why.len() < 1000 && !why.contains('\u{1b}'), "{why}");
    // Also if the operator has none.
    assert_eq!(front.nano.ctl(&["reload"]).code, Some(0));
    assert!(front.of_name("a.example")["next_order_in_ms"].as_u64().unwrap() > 600_000_000);
    assert_eq!(front.nano.get("a.example", "/").text(), "app of a.example");
    assert!(!front.nano.log.lines().join("\n").contains("panicked"));
}

#[test]
fn an_order_for_something_else() {
    suffers("other than one authorization", |client, request, port| {
        let base = format!("https://127.0.0.1:{port}");
        match request.split(' ').nth(1) {
            Some("/dir") => send(client, "200 OK", &directory(port, "BASE/n")),
            Some("/n") => send(client, "200 OK\r\nReplay-Nonce: n", ""),
            Some("/a") => send(client, &format!("201 Created\r\nReplay-Nonce: n\r\nLocation: {base}/me"), "{}"),
            _ => {
                let all: Vec<_> = (0..5000).map(|index| format!("{base}/authz/{index}")).collect();
                let order = json!({ "status": "pending", "authorizations": all, "finalize": base });
                send(client, &format!("201 Created\r\nReplay-Nonce: n\r\nLocation: {base}/mine"), &order.to_string());
            }
        }
    });
}

#[test]
fn a_token_that_is_none_and_a_certificate_that_is_none() {
    fn answer(client: &mut Client, request: &str, port: u16, token: &str, status: &str) {
        let base = format!("https://127.0.0.1:{port}");
        let order = |status: &str| {
            json!({
                "status": status, "authorizations": [format!("{base}/z")],
                "finalize": format!("{base}/f"), "certificate": format!("{base}/c"),
            })
            .to_string()
        };
        let nonce = "Replay-Nonce: n";
        match request.split(' ').nth(1) {
            Some("/dir") => send(client, "200 OK", &directory(port, "BASE/n")),
            Some("/n") => send(client, "200 OK\r\nReplay-Nonce: n", ""),
            Some("/a") => send(client, &format!("201 Created\r\n{nonce}\r\nLocation: {base}/me"), "{}"),
            Some("/o") => send(client, &format!("201 Created\r\n{nonce}\r\nLocation: {base}/mine"), &order("ready")),
            Some("/z") => {
                let challenge = json!({ "type": "http-01", "url": base, "token": token, "status": "pending" });
                let identifier = json!({ "type": "dns", "value": "a.example" });
                let authorization = json!({ "identifier": identifier, "status": status, "challenges": [challenge] });
                send(client, &format!("200 OK\r\n{nonce}"), &authorization.to_string());
            }
            Some("/c") => send(client, &format!("200 OK\r\n{nonce}"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END"),
            _ => send(client, &format!("200 OK\r\n{nonce}"), &order("valid")),
        }
    }
    suffers("the token of its challenge is none", |client, request, port| {
        answer(client, request, port, "../../x", "pending");
    });
    suffers("the certificate that was issued cannot be used", |client, request, port| {
        answer(client, request, port, "x", "valid");
    });
}
