//! A proxy that passes TLS on as it is, and says in front of it who its client is.

use crate::client::{Authority, answer, connect, connect_behind};
use crate::{entries, put, serve};
use nano_test::{Site, tool};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;

/// Says whom it was asked by.
const APP: &str = "
export default {
  fetch: (request) => Response.json(['x-forwarded-for', 'x-forwarded-proto'].map((name) => request.headers.get(name))),
};";

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

/// A listener with TLS behind the PROXY protocol.
fn site(authority: &Authority) -> Site {
    let site = Site::new();
    site.app("a", APP);
    site.config(json!({
        "listen": ["127.0.0.1:0", { "address": "127.0.0.1:0", "tls": true, "proxy_protocol": true }],
        "trusted_proxies": ["127.0.0.1"],
        "tls": entries(),
        "apps": [{ "hostname": "*", "name": "a", "path": "a" }],
    }));
    put(&site, authority);
    site
}

/// The header of version 2 for a client at 203.0.113.9:443 (the protocol's §2.2).
fn version_2() -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
    header.extend([203, 0, 113, 9, 127, 0, 0, 1, 1, 187, 1, 187]);
    header
}

#[test]
fn the_client_is_who_the_proxy_says_by_either_version_of_the_header() {
    let authority = Authority::new();
    let site = site(&authority);
    let front = serve(&site);
    let config = Arc::new(authority.config());
    for header in [b"PROXY TCP4 203.0.113.9 127.0.0.1 443 443\r\n".to_vec(), version_2()] {
        let mut tls = connect_behind(front.address, &header, &config, "a.example").unwrap();
        for _ in 0..2 {
            tls.write_all(ASK).unwrap();
            assert_eq!(answer(&mut tls).json(), json!(["203.0.113.9", "https"]));
        }
    }
    // HTTP/2 by ALPN behind it, as curl does it.
    let Some(curl) = tool("curl") else { return };
    let mut command = Command::new(curl);
    command.args(["-sS", "--max-time", "60", "--http2", "--haproxy-protocol", "-w", " %{http_version}"]);
    command.arg("--cacert").arg(site.path("roots.pem"));
    command.args(["--connect-to", &format!("a.example:443:{}", front.address), "https://a.example/"]);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, version) = text.rsplit_once(' ').unwrap();
    assert_eq!(version, "2", "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), json!(["127.0.0.1", "https"]));
}

#[test]
fn a_header_is_needed_before_tls_and_is_none_within_it() {
    let authority = Authority::new();
    let site = site(&authority);
    let front = serve(&site);
    let config = Arc::new(authority.config());
    assert!(connect(front.address, &config, "a.example").is_err(), "without a header");
    // Whoever gets through with one cannot say of itself that it is another.
    let header = b"PROXY TCP4 203.0.113.9 127.0.0.1 443 443\r\n";
    let mut tls = connect_behind(front.address, header, &config, "a.example").unwrap();
    tls.write_all(b"PROXY TCP4 198.51.100.7 127.0.0.1 443 443\r\n").unwrap();
    tls.write_all(ASK).unwrap();
    let mut said = String::new();
    let _ = tls.read_to_string(&mut said);
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
}
