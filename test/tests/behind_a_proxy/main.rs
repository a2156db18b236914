//! Clients behind proxies: what an app, the access log and the metrics make of them, with proxies played by hand and with real
//! ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod by_hand;
mod real;

use nano_test::{Connection, Nano, Site, until};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Says what it was told of its client, in the response, or in the first message of a WebSocket.
const APP: &str = r#"export default { fetch(request) {
    const told = { url: request.url };
    for (const [name, value] of request.headers) if (/forwarded|^cf-|client-ip|real-ip/.test(name)) told[name] = value;
    if (request.headers.get("upgrade") !== "websocket") return Response.json(told);
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.send(JSON.stringify(told));
    return new Response(null, { status: 101, webSocket: client });
} };"#;

const HOST: &str = "a.local";

/// A nano that listens plainly on TCP, for PROXY headers on TCP, and on a Unix socket, in this order.
struct Town {
    nano: Nano,
    proxied: SocketAddr,
    site: Site,
}

impl Town {
    fn new(trusted_proxies: Value) -> Self {
        let site = Site::new();
        site.app("a", APP);
        let town = |site: &Site| {
            let mut config = json!({
                "listen": [
                    "127.0.0.1:0",
                    { "address": "127.0.0.1:0", "proxy_protocol": true },
                    { "address": format!("unix:{}", site.path("http.sock").display()) },
                ],
                "log": { "format": "json" },
                "apps": [{ "name": "a", "hostname": HOST, "path": "a" }],
            });
            if !trusted_proxies.is_null() {
                config["trusted_proxies"] = trusted_proxies.clone();
            }
            config
        };
        site.config(town(&site));
        let nano = site.serve();
        let proxied = until("both TCP listeners are announced", || {
            let records = nano.log.records();
            let announced = records.iter().filter(|record| record["message"] == "listening");
            let addresses: Vec<SocketAddr> =
                announced.filter_map(|record| record["address"].as_str()?.parse().ok()).collect();
            addresses.get(1).copied()
        });
        Self { nano, proxied, site }
    }

    /// What the app is told of a client of this listener that sends these headers, behind `before`.
    fn told(&self, listener: SocketAddr, before: &[u8], headers: &str) -> Value {
        let mut connection = Connection::open(listener).unwrap();
        connection.send(before).unwrap();
        connection.send(format!("GET /x HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n").as_bytes()).unwrap();
        connection.receive().unwrap().json()
    }

    /// The same, at the plain listener.
    fn told_by(&self, headers: &str) -> Value {
        self.told(self.nano.address, b"", headers)
    }

    /// The client in the access log's line of a request.
    fn logged(&self, id: &str) -> String {
        let line = self
            .nano
            .log
            .wait_for("the access line", |record| record["message"] == "request" && record["request_id"] == id);
        line["client"].as_str().unwrap().to_owned()
    }
}

/// What an app is told of a client.
fn of(scheme: &str, ip: &str) -> Value {
    json!({
        "url": format!("{scheme}://{HOST}/x"),
        "x-forwarded-proto": scheme, "x-forwarded-for": ip, "cf-connecting-ip": ip,
    })
}
