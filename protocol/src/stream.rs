//! A stream is one body in one direction, with its number: this is all that both sides keep of it, written once.
//!
//! [`SendHalf`] and [`ReceiveHalf`] are its two ends under a credit window; [`StreamTable`] holds the open streams of one
//! link and knows which numbers were used. What the peer does against the rules is a [`StreamViolation`]. Wakers, promises
//! and frames are the caller's.

mod chunk_queue;
mod receive_half;
mod send_half;
mod stream_id;
mod stream_table;
mod violation;
mod window;

pub use receive_half::{ReceiveHalf, Received};
pub use send_half::SendHalf;
pub use stream_id::StreamId;
pub use stream_table::{MAX_STREAM_NUMBER, StreamTable};
pub use violation::StreamViolation;
