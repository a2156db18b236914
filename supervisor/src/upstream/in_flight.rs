//! The requests that a worker had when its link ended, for the flight record.

use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use http::{HeaderValue, Method};

/// Most requests of one link that are listed; the others are only counted.
pub(crate) const MAX_LISTED: usize = 32;

/// Longest method and path in a record.
const MAX_TEXT: usize = 256;

/// A request in the flight record. Shares memory with the request's head.
#[derive(Debug, Clone)]
pub(crate) struct RequestSummary {
    pub(crate) method: Method,
    pub(crate) target: Option<PathAndQuery>,
    pub(crate) id: HeaderValue,
}

/// A request whose worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRequest {
    /// As the client sent it, at most 256 bytes.
    pub method: String,
    /// Without the query, at most 256 bytes.
    pub path: String,
    /// The `x-request-id`.
    pub id: String,
    /// Since it was sent to a worker for the first time.
    pub age: Duration,
    /// The response's head had come.
    pub answering: bool,
    /// The worker reported it as the request that ended it.
    pub culprit: bool,
}

/// The requests on a link when it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InFlight {
    /// The oldest ones first.
    pub requests: Vec<LostRequest>,
    /// How many more there were.
    pub more: usize,
}

impl RequestSummary {
    pub(super) fn lost(&self, sent: Instant, answering: bool, culprit: bool) -> LostRequest {
        LostRequest {
            method: cut(self.method.as_str()),
            path: cut(self.target.as_ref().map_or("*", PathAndQuery::path)),
            id: self.id.to_str().unwrap_or("-").to_owned(),
            age: sent.elapsed(),
            answering,
            culprit,
        }
    }
}

impl InFlight {
    /// Keeps the culprit and the oldest requests.
    pub(super) fn of(mut requests: Vec<LostRequest>) -> Self {
        requests.sort_by_key(|request| (!request.culprit, std::cmp::Reverse(request.age)));
        let more = requests.len().saturating_sub(MAX_LISTED);
        requests.truncate(MAX_LISTED);
        Self { requests, more }
    }
}

fn cut(text: &str) -> String {
    truncate_utf8(text, MAX_TEXT).to_owned()
}

/// The beginning of `text`: as many whole characters as fit into `most` bytes.
pub(crate) fn truncate_utf8(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
