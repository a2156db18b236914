//! `fetch()` in apps: what leaves, what comes back, what goes wrong, what it costs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use nano_test::{Nano, Site};
use serde_json::{Value, json};

mod bodies;
mod connections;
mod content;
mod failures;
mod hostile;
mod programs;
mod redirects;
mod requests;
mod tls;
mod upstream;

const APP: &str = include_str!("app.js");
const HOST: &str = "a.local";

/// Serves the app with this `egress`.
fn serve(site: &Site, egress: Value) -> Nano {
    site.app("a", APP);
    site.apps(
        json!([{
            "hostname": HOST, "path": "a", "egress": egress, "max_buffer_size_mb": 1, "max_body_mb": 1000, "timeout_ms": 120_000
        }]),
    );
    site.serve()
}

/// The path of a request to one of the app's routes.
fn path(route: &str, parameters: &[(&str, &str)]) -> String {
    let mut path = route.to_owned();
    for (index, (name, value)) in parameters.iter().enumerate() {
        let value: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        path.push_str(&format!("{}{name}={value}", if index == 0 { '?' } else { '&' }));
    }
    path
}

/// `fetch(spec.url, spec.init)` in the app: what it saw.
fn fetch(nano: &Nano, spec: &Value) -> Value {
    nano.get(HOST, &path("/fetch", &[("spec", &spec.to_string())])).json()
}

fn get(nano: &Nano, url: &str) -> Value {
    fetch(nano, &json!({ "url": url, "init": {} }))
}
