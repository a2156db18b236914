//! Which stream a frame is about: the side that began it, and its number there.

use crate::codec::Side;

/// A stream of a link. On the wire the lowest bit says which side began it, as in HTTP/2, so that one kind of frame
/// serves both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId {
    /// The supervisor begins requests, the worker begins fetches.
    pub initiator: Side,
    /// At most [`super::MAX_STREAM_NUMBER`].
    pub number: u32,
}

impl StreamId {
    /// A request's: its body from the supervisor, the response's from the worker.
    #[must_use]
    pub const fn request(number: u32) -> Self {
        Self { initiator: Side::Supervisor, number }
    }

    /// A fetch's: its body from the worker, the response's from the supervisor.
    #[must_use]
    pub const fn fetch(number: u32) -> Self {
        Self { initiator: Side::Worker, number }
    }

    pub(crate) const fn from_wire(bits: u32) -> Self {
        let initiator = if bits & 1 == 0 { Side::Supervisor } else { Side::Worker };
        Self { initiator, number: bits >> 1 }
    }

    pub(crate) const fn to_wire(self) -> u32 {
        let bit = match self.initiator {
            Side::Supervisor => 0,
            Side::Worker => 1,
        };
        (self.number << 1) | bit
    }
}

#[cfg(test)]
mod tests;
