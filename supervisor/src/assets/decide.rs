//! Who answers a request: a file, a redirect, or the worker. In the order of wrangler: `run_worker_first`, a file, the
//! worker; `_redirects` come before files; without a worker, and for a browser's navigation, what `not_found` says.

use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::path::{decode, encode};
use super::redirects::Led;
use super::resolve::{Resolved, not_found, resolve};
use super::{Assets, respond::AssetAnswer};

/// What a request says that decides about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'r> {
    pub(crate) method: &'r Method,
    pub(crate) headers: &'r HeaderMap,
    /// The whole URL, as the URL standard writes it.
    pub(crate) url: &'r str,
    /// Its path.
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
        let Asked { method, headers, url, path, query } = asked;
        let serves = matches!(*method, Method::GET | Method::HEAD);
        if self.has_worker && (!serves || self.config.run_worker_first.has(path)) {
            return Decision::Worker;
        }
        let led = match self.lead(url) {
            Some(Led::Away(status, to)) => return Decision::Answer(AssetAnswer::redirect(status, &to)),
            Some(Led::Within(path)) => Some(path),
            None => None,
        };
        let decoded = decode(led.as_deref().unwrap_or(path));
        let mut resolved = resolve(&decoded, self.config.html_handling, &self.manifest);
        // The client does not see where its path led, and is not to be told another spelling of it.
        if let (Some(_), Resolved::Redirect(to)) = (&led, &resolved) {
            resolved = resolve(to, self.config.html_handling, &self.manifest);
        }
        let (file, status) = match resolved {
            Resolved::Redirect(_) if !serves => return Decision::Method,
            Resolved::Redirect(to) => return moved(&encode(&to), query),
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
        if led.is_none() && own != path {
            return moved(&own, query);
        }
        Decision::File(file, status)
    }

    fn lead(&self, url: &str) -> Option<Led> {
        if self.rules.redirects.is_empty() {
            return None;
        }
        self.rules.redirects.lead(&Url::parse(url).ok()?)
    }
}

/// The file has another path.
fn moved(to: &str, query: &str) -> Decision {
    Decision::Answer(AssetAnswer::redirect(StatusCode::TEMPORARY_REDIRECT, &format!("{to}{query}")))
}

/// Whether a browser shows the response as a page (Fetch metadata).
fn navigates(headers: &HeaderMap) -> bool {
    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode == "navigate")
}

#[cfg(test)]
mod tests;
