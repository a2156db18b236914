//! Proxies played by hand.

use super::{HOST, Town, of};
use nano_test::{Connection, WebSocket, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// Everything by which a client might say who it is.
const LIES: &str = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.local\r\nX-Forwarded-Port: 1\r\n\
    Forwarded: for=6.6.6.6;proto=https;host=b.local\r\nX-Real-IP: 6.6.6.6\r\nTrue-Client-IP: 6.6.6.6\r\n\
    CF-Connecting-IP: 6.6.6.6\r\ncf-ipcountry: XX\r\n";

#[test]
fn what_a_stranger_says_of_itself_is_dropped() {
    let town = Town::new(Value::Null);
    assert_eq!(town.told_by(""), of("http", "127.0.0.1"));
    assert_eq!(town.told_by(LIES), of("http", "127.0.0.1"));
    // An operator whose proxy is not named learns it, once.
    town.nano.log.wait_for_text("name it in `trusted_proxies`");
    // Naming a header in `Connection` makes no difference.
    assert_eq!(town.told_by("Connection: x-forwarded-for, cf-connecting-ip\r\n"), of("http", "127.0.0.1"));
}

#[test]
fn a_trusted_proxy_is_believed_up_to_the_first_that_is_none() {
    let town = Town::new(json!(["127.0.0.0/8", "10.0.0.0/8"]));
    assert_eq!(town.told_by(""), of("http", "127.0.0.1"));
    for (headers, told) in [
        ("X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.7\r\n", of("http", "192.0.2.1")),
        ("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n", of("https", "192.0.2.1")),
        ("Forwarded: for=6.6.6.6, for=\"[2001:db8::1]:80\";proto=https, for=10.0.0.7\r\n", of("http", "2001:db8::1")),
        ("Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", of("http", "192.0.2.1")),
        ("X-Forwarded-For: unknown\r\n", of("http", "127.0.0.1")),
        ("CF-Connecting-IP: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", of("http", "192.0.2.1")),
    ] {
        let mut told = told;
        if headers.contains("proto=https, for=10") {
            // The scheme stands beside the client's own address.
            told["url"] = json!(format!("https://{HOST}/x"));
            told["x-forwarded-proto"] = json!("https");
        }
        assert_eq!(town.told_by(headers), told, "{headers}");
    }
    // What else it says is passed on, and decides nothing: the host is that of `Host`.
    let mut with_host = of("http", "192.0.2.1");
    with_host["x-forwarded-host"] = json!("b.local");
    with_host["x-real-ip"] = json!("192.0.2.1");
    let headers = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: b.local\r\nX-Real-IP: 192.0.2.1\r\n";
    assert_eq!(town.told_by(headers), with_host);
}

#[test]
fn the_log_has_the_client_and_not_the_proxy() {
    let town = Town::new(json!(["127.0.0.1"]));
    town.told_by("X-Forwarded-For: 192.0.2.1\r\nX-Request-Id: by-header\r\n");
    assert_eq!(town.logged("by-header"), "192.0.2.1");
    town.told(town.proxied, b"PROXY TCP4 192.0.2.2 198.51.100.1 4711 443\r\n", "X-Request-Id: by-proxy\r\n");
    assert_eq!(town.logged("by-proxy"), "192.0.2.2:4711");
    // Of a request that no app gets, too.
    let lost = "GET / HTTP/1.1\r\nHost: nobody.local\r\nX-Forwarded-For: 192.0.2.3\r\nX-Request-Id: lost\r\n\r\n";
    assert_eq!(town.nano.raw(lost).status, 404);
    assert_eq!(town.logged("lost"), "192.0.2.3");
}

#[test]
fn a_websocket_is_no_exception() {
    let town = Town::new(json!(["127.0.0.1"]));
    let headers = "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n";
    let mut socket = WebSocket::open(town.nano.address, HOST, "/x", headers).unwrap().unwrap();
    let told: Value = serde_json::from_str(&socket.receive_text()).unwrap();
    assert_eq!(told, of("https", "192.0.2.1"));
}

#[test]
fn who_comes_over_a_unix_socket_has_an_address_only_if_a_proxy_says_so() {
    let ask = |town: &Town, headers: &str| -> Value {
        let mut client = UnixStream::connect(town.site.path("http.sock")).unwrap();
        let request = format!("GET /x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{headers}\r\n");
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let nobody = json!({ "url": format!("http://{HOST}/x"), "x-forwarded-proto": "http" });
    let strict = Town::new(json!(["10.0.0.0/8"]));
    assert_eq!(ask(&strict, "X-Forwarded-For: 192.0.2.1\r\nX-Request-Id: over-unix\r\n"), nobody);
    assert_eq!(strict.logged("over-unix"), "unix");
    let trusting = Town::new(json!(["unix"]));
    assert_eq!(ask(&trusting, ""), nobody);
    let headers = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n";
    assert_eq!(ask(&trusting, headers), of("https", "192.0.2.1"));
}

#[test]
fn proxy_headers_are_taken_where_they_are_agreed_on_and_nowhere_else() {
    let town = Town::new(Value::Null);
    let v1 = b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n";
    assert_eq!(town.told(town.proxied, v1, ""), of("http", "2001:db8::1"));
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x01\x12\x67\x01\xbb";
    assert_eq!(town.told(town.proxied, v2, LIES), of("http", "192.0.2.1"));
    let over_tls = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x14"[..], &v2[16..], b"\x20\0\x05\x01\0\0\0\0"].concat();
    assert_eq!(town.told(town.proxied, &over_tls, ""), of("https", "192.0.2.1"));
    // The proxy's own connection: a health check.
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    assert_eq!(town.told(town.proxied, local, ""), of("http", "127.0.0.1"));
    assert_eq!(town.told(town.proxied, b"PROXY UNKNOWN\r\n", ""), of("http", "127.0.0.1"));
    // Elsewhere it is a request that is none.
    let mut plain = town.nano.connect();
    plain.send(v1).unwrap();
    assert_eq!(plain.receive().unwrap().status, 400);
    // And without one there is no answer.
    let mut bare = Connection::open(town.proxied).unwrap();
    bare.send_get(HOST, "/x").unwrap();
    assert!(bare.is_closed_by_server());
    town.nano.await_metric("nano_proxy_protocol_refused_total", &[("cause", "malformed")], 1.0);
}

#[test]
fn with_trusted_proxies_only_those_may_announce_clients_and_the_announced_may_be_one() {
    let town = Town::new(json!(["10.0.0.0/8"]));
    // It may be reset before the client is done with connecting.
    if let Ok(mut stranger) = Connection::open(town.proxied) {
        drop(stranger.send(b"PROXY UNKNOWN\r\n"));
        assert!(stranger.is_closed_by_server());
    }
    until("it is counted", || {
        let counted = town.nano.metrics().get("nano_proxy_protocol_refused_total", &[("cause", "untrusted")]);
        counted.filter(|count| *count >= 1.0)
    });
    let town = Town::new(json!(["10.0.0.0/8", "127.0.0.1"]));
    let headers = "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n";
    let from = |ip: &str| format!("PROXY TCP4 {ip} 198.51.100.1 4711 443\r\n").into_bytes();
    assert_eq!(town.told(town.proxied, &from("10.0.0.5"), headers), of("http", "192.0.2.1"));
    assert_eq!(town.told(town.proxied, &from("192.0.2.9"), headers), of("http", "192.0.2.9"));
}

#[test]
fn a_reload_takes_over_whom_to_trust() {
    let town = Town::new(Value::Null);
    let headers = "X-Forwarded-For: 192.0.2.1\r\n";
    assert_eq!(town.told_by(headers), of("http", "127.0.0.1"));
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(town.site.config_path()).unwrap()).unwrap();
    config["trusted_proxies"] = json!(["127.0.0.1"]);
    town.site.config(config);
    let reload = town.nano.ctl(&["reload"]);
    assert!(reload.code == Some(0) && reload.stdout.contains("trusted_proxies"), "{reload:?}");
    assert_eq!(town.told_by(headers), of("http", "192.0.2.1"));
}
