//! A stream is one body in one direction, with its number. This is the state that both sides keep of it.
//!
//! [`SendHalf`] and [`ReceiveHalf`] are its two ends under a credit window; [`StreamTable`] holds the open streams of
//! one link and knows which numbers were used; [`Turns`] shares the link's room among them. A peer that breaks the rules
//! causes a [`StreamViolation`]. Wakers, promises and frames are the caller's.

mod chunk_queue;
mod number_hasher;
mod receive_half;
mod send_half;
mod stream_id;
mod stream_queue;
mod stream_table;
mod turns;
mod violation;
mod window;

pub use receive_half::{ReceiveHalf, Received};
pub use send_half::SendHalf;
pub use stream_id::StreamId;
pub use stream_table::{MAX_STREAM_NUMBER, StreamTable};
pub use turns::Turns;
pub use violation::StreamViolation;
