//! HTTP/2 of clients: what curl and h2load get, what an app sees, how it ends, and what hostile clients can do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod ends;
mod frames;
mod hostile;
mod requests;
mod tools;
mod uploads;

use nano_test::{Nano, Site};
use serde_json::{Value, json};

/// Says how it was asked, sends pieces, or never ends.
const APP: &str = "
export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === '/pieces') {
      let left = Number(url.searchParams.get('n'));
      const pause = Number(url.searchParams.get('ms') ?? 0);
      return new Response(new ReadableStream({
        async pull(controller) {
          if (left-- > 0) {
            controller.enqueue(new Uint8Array(16384).fill(97));
            if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
          } else if (url.searchParams.has('cut')) controller.error(new Error('no more'));
          else controller.close();
        },
      }));
    }
    if (url.pathname === '/wait') await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get('ms'))));
    if (url.pathname === '/count') {
      let bytes = 0;
      for await (const piece of request.body) bytes += piece.byteLength;
      return new Response(`${bytes}`);
    }
    if (url.pathname === '/echo') return new Response(request.body);
    if (url.pathname === '/unread') { await new Promise((resolve) => setTimeout(resolve, 5000)); return new Response('late'); }
    return Response.json({
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    });
  },
};";

fn serve() -> (Site, Nano) {
    serve_with(&json!({}))
}

/// With these settings of all apps.
fn serve_with(defaults: &Value) -> (Site, Nano) {
    let site = Site::new();
    site.app("a", APP);
    site.config(json!({
        "listen": ["127.0.0.1:0"],
        "defaults": defaults,
        "apps": [{ "hostname": "a.example", "name": "a", "path": "a" }, { "hostname": "b.example", "name": "b", "path": "a" }],
    }));
    let nano = site.serve();
    (site, nano)
}
