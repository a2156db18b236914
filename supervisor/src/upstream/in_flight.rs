//! The requests that a worker had when its link ended, for the flight record.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use http::{HeaderValue, Method};

use crate::otlp::ChildSpans;

/// Most requests of one link that are listed; the others are only counted.
pub(crate) const MAX_LISTED: usize = 32;

/// Longest method and path in a record.
const MAX_TEXT: usize = 256;

/// A request in the flight record. Shares memory with the request's head.
#[derive(Debug, Clone)]
pub(crate) struct RequestSummary {
    pub(crate) what: Subject,
    pub(crate) id: HeaderValue,
    /// Where its fetches have their spans, if its trace is kept.
    pub(crate) spans: Option<Rc<ChildSpans>>,
}

/// What a place in a worker is taken for.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// A client's request.
    Request(Method, Option<PathAndQuery>),
    /// A run of this cron expression.
    Run(Arc<str>),
}

/// A request whose worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRequest {
    /// As the client sent it, at most 256 bytes; `scheduled` for a run.
    pub method: String,
    /// Without the query, at most 256 bytes; of a run the cron expression.
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
        let (method, path) = match &self.what {
            Subject::Request(method, target) => (method.as_str(), target.as_ref().map_or("*", PathAndQuery::path)),
            Subject::Run(cron) => ("scheduled", &**cron),
        };
        LostRequest {
            method: cut(method),
            path: cut(path),
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
