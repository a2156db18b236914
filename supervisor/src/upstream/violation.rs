//! What a worker must not send.

use nano_protocol::{DecodeError, FetchId, RequestId, StreamViolation};

/// What a worker must not send, and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    /// No frame at all.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// A frame of the control link.
    #[error("a frame that does not belong on a data link")]
    WrongLink,
    /// A number that no request ever had.
    #[error("a frame for request {0}, which was never sent")]
    UnknownRequest(RequestId),
    /// Wants a body twice.
    #[error("asked twice for one request's body")]
    SecondWish,
    /// A body that breaks the rules of streams.
    #[error("{0}")]
    Stream(#[from] StreamViolation),
    /// A reason that is not the worker's to give.
    #[error("a reset for a reason that only the supervisor has")]
    ResetReason,
    /// A number that no outgoing request ever had.
    #[error("a frame for outgoing request {0}, which was never begun")]
    UnknownFetch(FetchId),
    /// Numbers count up.
    #[error("an outgoing request with the number {0}, out of turn")]
    FetchNumber(FetchId),
    /// More open ones than allowed.
    #[error("more outgoing requests at once than allowed")]
    TooManyFetches,
    /// A flood.
    #[error("more frames of no use than any honest worker sends")]
    Useless,
    /// It leaves its socket alone.
    #[error("it did not read its requests for too long, and too much waits for it")]
    Deaf,
    /// A response head that is no HTTP.
    #[error("a response header that is not legal in HTTP")]
    Header,
}
