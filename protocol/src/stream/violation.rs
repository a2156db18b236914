//! What the peer of a stream must not do.

/// The peer broke a rule of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamViolation {
    /// More than the window, or credit for nothing.
    #[error("more body bytes or credit than the flow-control window allows")]
    Window,
    /// A chunk without data that does not end the body.
    #[error("an empty chunk that is not the last")]
    EmptyChunk,
    /// More or fewer bytes than announced.
    #[error("a body of another length than its head announced")]
    Length,
    /// A chunk of a body that is complete.
    #[error("a body of another length than its head announced: more comes after its end")]
    AfterEnd,
    /// A chunk of a body that no head announced.
    #[error("a response body before its head")]
    BeforeHead,
    /// Two heads.
    #[error("a second response head for one request")]
    SecondHead,
    /// Numbers count up.
    #[error("the number {0}, out of turn")]
    OutOfTurn(u32),
    /// A number that no stream ever had.
    #[error("the number {0}, which no stream ever had")]
    Unknown(u32),
}
