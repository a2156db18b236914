//! Certificates by ACME, with Pebble in the place of Let's Encrypt, and with servers that mean harm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod client;
mod door;
mod failing;
mod hostile;
mod issuing;
mod pebble;
mod upgrade;

use client::{Seen, visit};
use nano_test::{Nano, Site, until};
use pebble::Pebble;
use rustls::ClientConfig;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;

/// Says for which host it was asked.
const APP: &str = "export default { fetch: (request) => new Response(`app of ${new URL(request.url).host}`) };";

/// A nano that orders certificates, with a plain port and one with TLS, or with that alone.
struct Front {
    nano: Nano,
    tls: SocketAddr,
}

/// A site with one app for these hostnames.
fn site(tls: Value, hostnames: &[&str], has_plain: bool) -> Site {
    let site = Site::new();
    site.app("a", APP);
    write(&site, tls, hostnames, has_plain);
    site
}

fn write(site: &Site, tls: Value, hostnames: &[&str], has_plain: bool) {
    let mut listen = vec![json!({ "address": "127.0.0.1:0", "tls": true })];
    if has_plain {
        listen.insert(0, json!("127.0.0.1:0"));
    }
    site.config(json!({
        "listen": listen,
        "tls": tls,
        "apps": [{ "hostname": hostnames, "name": "a", "path": "a" }],
    }));
}

fn serve(site: &Site, command: Command) -> Front {
    let nano = site.serve_with(command);
    let listening = nano.log.records().into_iter().filter(|line| line["message"] == "listening");
    let address = listening.filter_map(|line| line["address"].as_str()?.parse().ok()).next_back();
    Front { tls: address.unwrap(), nano }
}

impl Front {
    /// Serves a site, and opens Pebble's doors to it.
    fn of(pebble: &Pebble, site: &Site) -> Self {
        let front = serve(site, pebble.command(site));
        let has_plain = front.nano.address != front.tls;
        pebble.http.lead_to(has_plain.then_some(front.nano.address));
        pebble.tls.lead_to(Some(front.tls));
        front
    }

    /// What `nanoctl status` says of a name.
    fn of_name(&self, name: &str) -> Value {
        let status = self.nano.ctl_json(&["status"]);
        let names = status["acme"]["names"].as_array().unwrap_or_else(|| panic!("no names in {status}"));
        names.iter().find(|known| known["name"] == name).cloned().unwrap_or(Value::Null)
    }

    /// Waits until a name is in this state.
    fn await_state(&self, name: &str, state: &str) -> Value {
        until(&format!("{name} {state}"), || Some(self.of_name(name)).filter(|known| known["state"] == state))
    }

    /// Waits until the name is served with a certificate that this client accepts.
    fn await_secure(&self, config: &ClientConfig, name: &str) -> Seen {
        until(&format!("https of {name}"), || visit(self.tls, config, name).ok())
    }

    /// Why a client that accepts everything gets no certificate for a name.
    fn refusal(&self, name: &str) -> String {
        match visit(self.tls, &client::curious(&[]), name) {
            Ok(_) => panic!("there is a certificate for {name}"),
            Err(error) => error.to_string(),
        }
    }
}
