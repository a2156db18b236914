//! Clients that want to be taken for others, or to make it cost much to find out who they are: every header that names a client,
//! the longest and the most broken ones through a proxy that passes them on, and PROXY headers that never end. A client that says
//! nothing is told right all the while, and the bystander notices nothing.
//!
//! Sabotage control: the same lies from a trusted address are believed, so that the check would see it.

use crate::bystander::{APP, Bystander, HOST};
use nano_test::{Connection, Nano, Site, is_long, sized, until};
use serde_json::{Value, json};
use std::net::SocketAddr;

const TELL: &str = "export default { fetch: (request) => Response.json({
    url: request.url, headers: [...request.headers].filter(([name]) => /forwarded|^cf-|client-ip|real-ip/.test(name)),
}) };";

const LIAR: &str = "6.6.6.6";

/// A nano for plain clients and for proxied ones.
fn serve(trusted_proxies: &Value) -> (Nano, SocketAddr) {
    let site = Site::new();
    site.app("tell", TELL).app("bystander", APP);
    let mut config = json!({
        "listen": ["127.0.0.1:0", { "address": "127.0.0.1:0", "proxy_protocol": true }],
        "log": { "format": "json", "access": false },
        "apps": [
            { "name": "tell", "hostname": "t.local", "path": "tell" },
            { "name": "bystander", "hostname": HOST, "path": "bystander" },
        ],
    });
    if !trusted_proxies.is_null() {
        config["trusted_proxies"] = trusted_proxies.clone();
    }
    site.config(config);
    let nano = site.serve();
    let proxied = until("the second listener is announced", || {
        let records = nano.log.records();
        let mut listening = records.iter().filter(|record| record["message"] == "listening");
        listening.nth(1)?["address"].as_str()?.parse().ok()
    });
    (nano, proxied)
}

/// What an app is told, as text.
fn told(nano: &Nano, headers: &str) -> String {
    let answer = nano.raw(&format!("GET / HTTP/1.1\r\nHost: t.local\r\n{headers}\r\n"));
    assert!(answer.status == 200 || answer.status == 431, "{answer:?}");
    answer.text()
}

/// Every way to say that one is `LIAR`, over https.
fn lies() -> Vec<String> {
    let names = [
        "X-Forwarded-For",
        "X-Real-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "CF-Connecting-IPv6",
        "X-Forwarded-Server",
    ];
    let mut lies: Vec<String> = names.iter().map(|name| format!("{name}: {LIAR}\r\n")).collect();
    lies.extend([
        format!("Forwarded: for={LIAR};proto=https;host=b.local\r\nX-Forwarded-Proto: https\r\n"),
        format!("x-forwarded-for: 127.0.0.1, {LIAR}\r\nX-FORWARDED-FOR: {LIAR}\r\n"),
        format!(
            "Connection: cf-connecting-ip, x-forwarded-for\r\nCf-Connecting-Ip: {LIAR}\r\nX-Forwarded-For: {LIAR}\r\n"
        ),
        format!("X-Forwarded-For: {LIAR}\r\n").repeat(80),
        format!("X-Forwarded-For: {}\r\n", format!("{LIAR},").repeat(7000)),
    ]);
    lies
}

#[test]
fn nobody_is_taken_for_another() {
    let (nano, _) = serve(&Value::Null);
    let honest = told(&nano, "");
    assert!(honest.contains("127.0.0.1") && honest.contains("http://t.local/"), "{honest}");
    for lie in lies() {
        assert_eq!(told(&nano, &lie), honest, "{:.200}", lie);
    }
}

#[test]
fn lies_of_a_trusted_proxy_turn_it_red() {
    let (nano, _) = serve(&json!(["127.0.0.1"]));
    let honest = told(&nano, "");
    let believed = lies().iter().filter(|lie| told(&nano, lie) != honest).count();
    assert!(believed > 4, "{believed}");
    assert!(told(&nano, &format!("X-Forwarded-For: {LIAR}\r\n")).contains(LIAR));
}

#[test]
fn what_is_long_or_broken_costs_no_more_than_its_bytes() {
    let (nano, proxied) = serve(&json!(["127.0.0.0/8", "10.0.0.0/8"]));
    let bystander = Bystander::of(&nano);
    let long = |text: &str| text.repeat(60_000 / text.len());
    let hard = [
        format!("X-Forwarded-For: {}\r\n", long(",")),
        format!("X-Forwarded-For: {}\r\n", long("10.1.1.1,")),
        format!("X-Forwarded-For: {}\r\n", long("[")),
        format!("Forwarded: {}\r\n", long("\"")),
        format!("Forwarded: {}\r\n", long("for=10.0.0.1,")),
        format!("Forwarded: {}\r\n", long("for=\"\\1\\0.0.0.1\";a=b;")),
        format!("X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: {}\r\n", long("https,")),
        "X-Forwarded-For: 10.1.1.1, 10.1.1.1\r\n".repeat(90),
    ];
    for _ in 0..sized(5, 200) {
        for headers in &hard {
            let told = told(&nano, headers);
            assert!(told.contains("\"127.0.0.1\"") || told.contains("\"10."), "{told:.300}");
        }
    }
    // Headers of proxies that never end, more than an honest address could have, held at once.
    let beginnings: [&[u8]; 4] = [b"P", b"PROXY TCP4 1.2.3.4 ", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x0f\xf0", b""];
    let count = sized(200, 2000);
    let mut held: Vec<Connection> = (0..count).map(|_| Connection::open(proxied).unwrap()).collect();
    for (index, connection) in held.iter_mut().enumerate() {
        drop(connection.send(beginnings[index % beginnings.len()]));
    }
    for _ in 0..sized(20, 200) {
        let mut bytewise = Connection::open(proxied).unwrap();
        for byte in b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n" {
            bytewise.send(&[*byte]).unwrap();
        }
        let answer = bytewise.get("t.local", "/").unwrap();
        assert!(answer.text().contains("192.0.2.1"), "{answer:?}");
        // The largest length that version 2 can say.
        let mut largest = Connection::open(proxied).unwrap();
        drop(largest.send(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"));
        assert!(largest.is_closed_by_server());
    }
    if is_long() {
        assert!(held.iter_mut().all(Connection::is_closed_by_server), "none is held for ever");
    }
    drop(held);
    bystander.noticed_nothing();
}
