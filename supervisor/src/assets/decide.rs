//! Who answers a request: a file, a redirect, or the worker. In the order of wrangler: `run_worker_first`, a file, the
//! worker; `_redirects` come before files; without a worker, and for a browser's navigation, what `not_found` says.

use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};
use nano_config::WorkerFirst;
use url::Url;

use super::head_room::{HeadTooLarge, MAX_LOCATION};
use super::path::{decode, encode};
use super::path_rule::longest_path;
use super::redirect_target::Led;
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
    pub(crate) by: AskedBy,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedBy {
    /// A client; what is no file may be the worker's.
    Client,
    /// The app's worker, through its binding.
    Worker,
}

/// Who answers.
#[derive(Debug)]
pub(super) enum Decision {
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
    /// Nobody: the path is too long for the rules.
    TooLong,
}

impl Assets {
    /// Who answers a request. What wrangler's router and asset worker decide: a rule and a file come before the worker
    /// whatever the method is, and files have GET and HEAD alone.
    ///
    /// # Errors
    /// Where a rule leads is longer than a head may be.
    pub(super) fn decide(&self, asked: Asked<'_>) -> Result<Decision, HeadTooLarge> {
        let Asked { method, headers, url, path, query, by } = asked;
        let serves = matches!(*method, Method::GET | Method::HEAD);
        let has_worker = self.has_worker && by == AskedBy::Client;
        if has_worker {
            let first = &self.config.run_worker_first;
            if path.len() > longest_path(first.patterns()) {
                return Ok(Decision::TooLong);
            }
            if first.has(path) {
                return Ok(Decision::Worker);
            }
        }
        if !self.rules.redirects.take(path) {
            return Ok(Decision::TooLong);
        }
        let led = match self.lead(url)? {
            Some(Led::Away(status, to)) => return Ok(Decision::Answer(AssetAnswer::redirect(status, &to))),
            Some(Led::Within(path)) => Some(path),
            None => None,
        };
        let decoded = decode(led.as_deref().unwrap_or(path), self.manifest.longest_path());
        let mut resolved = resolve(&decoded, self.config.html_handling, &self.manifest);
        // The client does not see where its path led, and is not to be told another spelling of it.
        if let (Some(_), Resolved::Redirect(to)) = (&led, &resolved) {
            resolved = resolve(to, self.config.html_handling, &self.manifest);
        }
        let (file, status) = match resolved {
            Resolved::Redirect(_) | Resolved::File(_) if !serves => return Ok(Decision::Method),
            Resolved::Redirect(to) => return moved(&encode(&to), query),
            Resolved::File(file) => (file, 200),
            Resolved::Nothing => {
                // Patterns of `run_worker_first` have said what is the worker's. A page in place of a file is none for a
                // form that is sent.
                let pages = navigates(headers) || matches!(self.config.run_worker_first, WorkerFirst::Paths { .. });
                let is_workers = has_worker && led.is_none();
                if is_workers && !(pages && serves) {
                    return Ok(Decision::Worker);
                }
                match not_found(&decoded, self.config.not_found, &self.manifest) {
                    Some(_) if !serves => return Ok(Decision::Method),
                    Some(page) => page,
                    None if is_workers => return Ok(Decision::Worker),
                    None => return Ok(Decision::Nothing),
                }
            }
        };
        // Each file has one path, so that no other spelling of it comes past `run_worker_first`.
        let own = encode(&decoded);
        if led.is_none() && own != path {
            return moved(&own, query);
        }
        Ok(Decision::File(file, status))
    }

    fn lead(&self, url: &str) -> Result<Option<Led>, HeadTooLarge> {
        if self.rules.redirects.is_empty() {
            return Ok(None);
        }
        Url::parse(url).map_or(Ok(None), |url| self.rules.redirects.lead(&url))
    }
}

/// The file has another path.
fn moved(to: &str, query: &str) -> Result<Decision, HeadTooLarge> {
    // What is encoded is longer than it was.
    if to.len() + query.len() > MAX_LOCATION {
        return Err(HeadTooLarge);
    }
    Ok(Decision::Answer(AssetAnswer::redirect(StatusCode::TEMPORARY_REDIRECT, &format!("{to}{query}"))))
}

/// Whether a browser shows the response as a page (Fetch metadata).
fn navigates(headers: &HeaderMap) -> bool {
    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode == "navigate")
}

#[cfg(test)]
mod tests;
