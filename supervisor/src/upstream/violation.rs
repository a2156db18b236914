//! Violations of the protocol by a worker.

use nano_protocol::{DecodeError, FetchId, RequestId, StreamViolation};

/// A violation of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    /// Not a valid frame.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// A frame of the control link.
    #[error("a frame that does not belong on a data link")]
    WrongLink,
    /// A number that no request ever had.
    #[error("a frame for request {0}, which was never sent")]
    UnknownRequest(RequestId),
    /// A second `BodyWanted`.
    #[error("asked twice for one request's body")]
    SecondWish,
    /// A body that breaks the rules of streams.
    #[error("{0}")]
    Stream(#[from] StreamViolation),
    /// A reset reason that a worker may not give.
    #[error("a reset for a reason that only the supervisor has, or that this request cannot have")]
    ResetReason,
    /// HTTP for a scheduled event, or the other way round.
    #[error("an answer to a request for a scheduled event, or the other way round")]
    NotScheduled,
    /// An acknowledgement of a reset that there was not.
    #[error("an acknowledgement for request {0}, which was not reset, or a second one")]
    UnknownReset(RequestId),
    /// It does not acknowledge resets.
    #[error("it acknowledged the end of no request for too long")]
    ResetIgnored,
    /// A number that no fetch ever had.
    #[error("a frame for fetch {0}, which was never begun")]
    UnknownFetch(FetchId),
    /// A number out of turn.
    #[error("a fetch with the number {0}, out of turn")]
    FetchNumber(FetchId),
    /// Too many open fetches.
    #[error("more fetches at once than allowed")]
    TooManyFetches,
    /// A flood of useless frames.
    #[error("more frames of no use than any honest worker sends")]
    Useless,
    /// It does not read its socket.
    #[error("it did not read its requests for too long, and too much waits for it")]
    NotReading,
    /// 101 where no WebSocket was asked for, or with a length.
    #[error("the status 101 for a request that asks for no WebSocket, or with a body that has a length")]
    Switch,
    /// A response head that is not HTTP.
    #[error("a response header that is not legal in HTTP")]
    Header,
}
