//! TLS of clients: certificates, versions, sessions, reloads, and what ends a connection.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod certificates;
mod client;
mod connections;
mod files;
mod flood;
mod proxied;
mod redirect;

use client::Authority;
use nano_test::{Nano, Site};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Says how it was asked, sends what is wanted, in pieces or cut.
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
    if (url.pathname === '/echo') return new Response(request.body);
    return Response.json({
      url: request.url,
      proto: request.headers.get('x-forwarded-proto'),
      host: request.headers.get('host'),
    });
  },
};";

/// A nano with one app for all hosts, a plain port and one with TLS.
struct Front {
    nano: Nano,
    /// The port with TLS.
    address: SocketAddr,
}

/// A site with these certificates.
fn site(tls: Value) -> Site {
    let site = Site::new();
    site.app("a", APP);
    write(&site, tls);
    site
}

fn write(site: &Site, tls: Value) {
    site.config(json!({
        "listen": ["127.0.0.1:0", { "address": "127.0.0.1:0", "tls": true }],
        "tls": tls,
        "apps": [{ "hostname": "*", "name": "a", "path": "a" }],
    }));
}

fn serve(site: &Site) -> Front {
    let nano = site.serve();
    let mut listening = nano.log.lines().into_iter().filter_map(|line| {
        let line: Value = serde_json::from_str(&line).ok()?;
        (line["message"] == "listening").then(|| line["address"].as_str().unwrap().parse().unwrap())
    });
    let address = listening.next_back().unwrap();
    Front { nano, address }
}

/// The same with certificates of `authority` for `a.example` (and one label below), `b.example`.
fn usual(authority: &Authority) -> (Site, Front) {
    let site = site(entries());
    put(&site, authority);
    let front = serve(&site);
    (site, front)
}

fn entries() -> Value {
    json!({ "certificates": [
        { "hostnames": ["a.example", "*.a.example"], "cert": "a.pem", "key": "a.key" },
        { "hostnames": ["b.example"], "cert": "b.pem", "key": "b.key" },
    ]})
}

fn put(site: &Site, authority: &Authority) {
    authority.write(site, "a", &["a.example", "*.a.example"]);
    authority.write(site, "b", &["b.example"]);
}
