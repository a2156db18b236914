//! The wire between the supervisor and its workers: frames over Unix stream sockets, as values and as bytes.
//!
//! This crate does no I/O. [`Frame`] is every message there is; [`Decoder`] turns received bytes into frames and
//! refuses what the other side must not send; [`Outbox`] turns frames into bytes and says what to write next. A body on
//! its way is a [`SendHalf`] at one end and a [`ReceiveHalf`] at the other; a [`StreamTable`] holds those of a link,
//! which share its room by [`Turns`].
//!
//! A worker has one *control link* (boot, modules, logs, statistics, drain) and one *data link* per supervisor shard
//! (requests, fetches, and the bodies of both). The first byte that the supervisor writes on a control link is
//! [`PROTOCOL_VERSION`]; the data links' file descriptors travel with it (`SCM_RIGHTS`). The worker closes its sandbox and
//! reports that ([`Frame::Sandboxed`]); frames of both sides follow.
//!
//! A worker is hostile: everything it sends is checked here before it is acted on. See [`limits`].

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod bundle;
mod codec;
mod compatibility_flags;
mod exit_code;
mod exit_reason;
mod fetch_destination;
mod frame;
mod header_block;
pub mod limits;
pub mod memory;
mod outbox;
mod reset_reason;
mod sandbox;
mod stats;
mod stream;
mod token_bucket;

pub use codec::{DecodeError, Decoder, Side};
pub use compatibility_flags::CompatibilityFlags;
pub use exit_code::ExitCode;
pub use exit_reason::ExitReason;
pub use fetch_destination::{CacheCall, FetchDestination};
pub use frame::{
    AccessorStyle, BodyLength, Boot, BootFailed, Check, EnvValue, FetchHead, FetchId, FetchResponse, Frame, LogLevel,
    LogLine, ModuleError, Ready, RequestAccessors, RequestHead, RequestId, ResponseHead, RuntimeLimits, Scheduled,
};
pub use header_block::{HeaderBlock, HeaderBlockBuilder};
pub use outbox::Outbox;
pub use reset_reason::{FetchFailure, ResetReason};
pub use sandbox::{LayerReport, SandboxLayer};
pub use stats::{Stat, StatKind, StatMetric, StatSource, Stats};
pub use stream::{MAX_STREAM_NUMBER, ReceiveHalf, Received, SendHalf, StreamId, StreamTable, StreamViolation, Turns};
pub use token_bucket::MessageRate;

/// The version of this wire, and the first byte on every control link. Both ends come from one build, so it only ever
/// differs where an installation mixes two.
pub const PROTOCOL_VERSION: u8 = 17;
