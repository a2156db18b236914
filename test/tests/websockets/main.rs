//! WebSockets, end to end: the handshake, what an app can do with one, the protocol case by case, and how they end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod api;
mod client;
mod compression;
mod handshake;
mod lifetime;
mod protocol;

use nano_test::{Nano, Site};
use serde_json::json;

/// Sends back what comes, and logs how it ends.
const ECHO: &str = r#"export default { async fetch(request) {
    if (request.headers.get("upgrade") !== "websocket") return new Response("plain");
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.binaryType = "arraybuffer";
    server.addEventListener("message", (event) => server.send(event.data));
    server.addEventListener("error", (event) => console.log("error", event.message));
    server.addEventListener("close", (event) => console.log("closed", event.code, event.reason, event.wasClean));
    return new Response(null, { status: 101, webSocket: client });
} };"#;

const HOST: &str = "a.local";

/// One app.
fn serve(source: &str) -> Nano {
    let site = Site::new();
    site.app("a", source);
    site.apps(json!([{ "name": "a", "hostname": HOST, "path": "a", "max_buffer_size_mb": 1 }]));
    site.serve()
}
