//! The status page: one document with its style and script, which reads `/status.json` of the address that it came from
//! and nothing else. Its policy (CSP) names both by their hashes, so nothing that finds its way into the page runs.

use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderValue;

use crate::base64::base64;

/// The document.
pub(super) const HTML: &str = include_str!("status_page.html");

/// Its `Content-Security-Policy`.
pub(super) fn policy() -> HeaderValue {
    static POLICY: OnceLock<Option<HeaderValue>> = OnceLock::new();
    let make = || {
        let [style, script] = ["style", "script"].map(|name| base64(digest(&SHA256, within(name).as_bytes()).as_ref()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        HeaderValue::from_str(&policy).ok()
    };
    POLICY.get_or_init(make).clone().unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The text of the document's only element of this name.
fn within(name: &str) -> &'static str {
    let inside = HTML.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    inside.map_or("", |(text, _)| text)
}

#[cfg(test)]
mod tests;
