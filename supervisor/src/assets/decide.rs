//! Who answers a request: a file, a redirect, or the worker. In the order of wrangler: `run_worker_first`, a file, the
//! worker; without a worker, and for a browser's navigation, what `not_found` says.

use http::header::HeaderName;
use http::{HeaderMap, Method};

use super::path::{decode, encode};
use super::resolve::{Resolved, not_found, resolve};
use super::{Assets, respond::AssetAnswer};

/// What a request says that decides about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'r> {
    pub(crate) method: &'r Method,
    pub(crate) headers: &'r HeaderMap,
    /// The URL's path, as the URL standard writes it.
    pub(crate) path: &'r str,
    /// With its `?`, or empty.
    pub(crate) query: &'r str,
}

/// Who answers.
#[derive(Debug)]
pub(crate) enum Decision {
    /// The app's worker.
    Worker,
    /// This file, with this status.
    File(String, u16),
    /// Nothing has to be read.
    Answer(AssetAnswer),
    /// Only GET and HEAD are served.
    Method,
    /// Nobody.
    Nothing,
}

impl Assets {
    /// Who answers a client's request.
    pub(crate) fn decide(&self, asked: Asked<'_>) -> Decision {
        let Asked { method, headers, path, query } = asked;
        let serves = matches!(*method, Method::GET | Method::HEAD);
        if self.has_worker && (!serves || self.config.run_worker_first.has(path)) {
            return Decision::Worker;
        }
        let decoded = decode(path);
        let (file, status) = match resolve(&decoded, self.config.html_handling, &self.manifest) {
            Resolved::Redirect(_) if !serves => return Decision::Method,
            Resolved::Redirect(to) => return Decision::Answer(AssetAnswer::redirect(&encode(&to), query)),
            Resolved::File(file) => (file, 200),
            Resolved::Nothing if self.has_worker && !navigates(headers) => return Decision::Worker,
            Resolved::Nothing => match not_found(&decoded, self.config.not_found, &self.manifest) {
                Some(page) => page,
                None if self.has_worker => return Decision::Worker,
                None => return Decision::Nothing,
            },
        };
        if !serves {
            return Decision::Method;
        }
        // Each file has one path, so that no other spelling of it comes past `run_worker_first`.
        let own = encode(&decoded);
        if own != path {
            return Decision::Answer(AssetAnswer::redirect(&own, query));
        }
        Decision::File(file, status)
    }
}

/// Whether a browser shows the response as a page (Fetch metadata).
fn navigates(headers: &HeaderMap) -> bool {
    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode == "navigate")
}

#[cfg(test)]
mod tests;
