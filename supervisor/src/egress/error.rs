//! Why a fetch failed: a [`FetchFailure`] for programs, a text for the app's author.

use std::time::Duration;

use nano_protocol::FetchFailure;

/// A failed fetch. The text says no more than the app may know: not what an internal name resolves to.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct EgressError {
    pub(crate) failure: FetchFailure,
    pub(crate) message: String,
}

impl EgressError {
    pub(crate) fn new(failure: FetchFailure, message: impl Into<String>) -> Self {
        Self { failure, message: message.into() }
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(FetchFailure::Denied, message)
    }

    pub(super) fn timed_out(what: impl std::fmt::Display, within: Duration) -> Self {
        Self::new(FetchFailure::TimedOut, format!("{what} within {} s", within.as_secs_f64()))
    }

    /// hyper's error, of a connection to `host`.
    pub(super) fn of_http(host: &str, error: &hyper::Error) -> Self {
        if error.is_parse() || error.is_parse_too_large() {
            return Self::new(FetchFailure::Malformed, format!("{host} sent no valid HTTP response: {error}"));
        }
        Self::new(FetchFailure::Closed, format!("{host} closed the connection early"))
    }
}
