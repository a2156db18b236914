//! Why streams end early.

/// Why a stream ended before its response was complete. Of a request by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetReason {
    /// From the supervisor: the client went away.
    ClientGone,
    /// From the supervisor: `timeout_ms` passed.
    TimedOut,
    /// From the supervisor: the request's body is over `max_body_mb`.
    BodyTooLarge,
    /// From the worker: the handler threw or its promise rejected.
    HandlerThrew,
    /// From the worker: the handler returned something that is not a Response.
    NoResponse,
    /// From the worker: the response's body failed after its head was sent.
    BodyErrored,
    /// From the worker: it got `Drain` before the request, or is out of memory.
    Refused,
    /// From the worker, of a scheduled event: the app has no handler for it.
    NoHandler,
    /// From the worker: the response is complete, and the app does not read the request's body any more. From the
    /// supervisor: the response is complete, the app has not begun to read the request's body, and no more of it will come.
    BodyUnwanted,
    /// From the worker, of a fetch: the app does not want the response any more, or there is no whole request.
    FetchAborted,
    /// From the supervisor, of a fetch: there will be no (whole) response.
    FetchFailed(FetchFailure),
}

impl ResetReason {
    /// The reasons that end requests, in the order of their codes on the wire.
    pub const OF_REQUESTS: [Self; 9] = [
        Self::ClientGone,
        Self::TimedOut,
        Self::BodyTooLarge,
        Self::HandlerThrew,
        Self::NoResponse,
        Self::BodyErrored,
        Self::Refused,
        Self::BodyUnwanted,
        Self::NoHandler,
    ];
}

/// Why there is no (whole) response to a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchFailure {
    /// The app's `egress` does not allow it.
    Denied,
    /// The host's name has no address.
    Resolve,
    /// No connection could be made.
    Connect,
    /// No TLS session could be made, mostly because of the certificate.
    Tls,
    /// A phase took too long.
    TimedOut,
    /// The server sent something that is not HTTP, or too much.
    Malformed,
    /// The connection ended early.
    Closed,
    /// The request cannot be sent.
    Unsendable,
}

impl FetchFailure {
    /// All of them, in the order of their codes on the wire.
    pub const ALL: [FetchFailure; 8] = [
        FetchFailure::Denied,
        FetchFailure::Resolve,
        FetchFailure::Connect,
        FetchFailure::Tls,
        FetchFailure::TimedOut,
        FetchFailure::Malformed,
        FetchFailure::Closed,
        FetchFailure::Unsendable,
    ];

    /// What an app finds in the error's `cause.code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FetchFailure::Denied => "EGRESS_DENIED",
            FetchFailure::Resolve => "RESOLVE_FAILED",
            FetchFailure::Connect => "CONNECT_FAILED",
            FetchFailure::Tls => "TLS_FAILED",
            FetchFailure::TimedOut => "TIMED_OUT",
            FetchFailure::Malformed => "MALFORMED_RESPONSE",
            FetchFailure::Closed => "CONNECTION_CLOSED",
            FetchFailure::Unsendable => "UNSENDABLE",
        }
    }
}
