//! Who may use the room of a link when it has none for all: its streams take turns.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::number_hasher::NumberHasher;
use super::stream_id::StreamId;
use super::stream_queue::StreamQueue;
use crate::limits::MAX_CHUNK;

/// Shares the unsent bytes of one link among the bodies that are sent over it.
///
/// As long as there is room, a body takes what its window allows. A body that finds none waits in a queue, and as long as
/// one waits, all others queue behind it. When enough was written, the queue gets turns of [`Turns::BYTES`] each, until the
/// link is full again. Only a body with credit for a byte waits, so a receiver that does not read does not hold up the others.
#[derive(Debug)]
pub struct Turns {
    /// Unsent bytes from which on no body is added to.
    limit: usize,
    waiting: StreamQueue,
    /// By the number on the wire: what is left of the turns that were given. A body that waits with such a rest is the next.
    given: HashMap<u32, usize, BuildHasherDefault<NumberHasher>>,
    /// Enough was written, and the link is not full again.
    giving: bool,
}

impl Turns {
    /// Bytes of a turn.
    pub const BYTES: usize = MAX_CHUNK;

    /// For a link whose bodies stop at `limit` unsent bytes, and go on below half of that.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, waiting: StreamQueue::default(), given: HashMap::default(), giving: false }
    }

    /// How many bytes of a body may be added to `unsent` bytes of the link, of the `window` that its receiver takes. None
    /// though there is a window: it waits for its turn.
    pub fn room(&mut self, stream: StreamId, window: usize, unsent: usize) -> usize {
        if window == 0 {
            return 0;
        }
        let share = if self.waiting.is_empty() { usize::MAX } else { self.left(stream) };
        let room = window.min(self.limit.saturating_sub(unsent)).min(share);
        if room == 0 && self.given.contains_key(&stream.to_wire()) {
            // Others filled the link in its turn: the rest of that is the next one.
            self.waiting.push_first(stream);
        } else if room == 0 {
            self.waiting.push(stream);
        }
        room
    }

    /// A body that may go on gives way to all that wait: its turn costs more than bytes.
    pub fn give_way(&mut self, stream: StreamId) {
        self.given.remove(&stream.to_wire());
        self.waiting.push(stream);
    }

    /// Counts bytes that were added.
    pub fn sent(&mut self, stream: StreamId, bytes: usize) {
        if let Some(left) = self.given.get_mut(&stream.to_wire()) {
            *left = left.saturating_sub(bytes);
            if *left == 0 {
                self.given.remove(&stream.to_wire());
            }
        }
    }

    /// Gives the next turn, if `unsent` bytes of the link leave room for all of it. The stream is to ask [`Turns::room`].
    pub fn next(&mut self, unsent: usize) -> Option<StreamId> {
        self.giving = self.has_room(unsent);
        let stream = if self.giving { self.waiting.pop()? } else { return None };
        self.given.entry(stream.to_wire()).or_insert(Self::BYTES);
        Some(stream)
    }

    /// Whether [`Turns::next`] would give a turn.
    #[must_use]
    pub fn is_due(&self, unsent: usize) -> bool {
        self.any_waits() && self.has_room(unsent)
    }

    /// Whether a stream waits for its turn.
    #[must_use]
    pub fn any_waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The stream sends no more.
    pub fn leave(&mut self, stream: StreamId) {
        self.waiting.remove(stream);
        self.given.remove(&stream.to_wire());
    }

    /// What is left of its turn; 0 while it waits for one.
    fn left(&self, stream: StreamId) -> usize {
        if self.waiting.contains(stream) {
            return 0;
        }
        self.given.get(&stream.to_wire()).copied().unwrap_or(0)
    }

    fn has_room(&self, unsent: usize) -> bool {
        unsent < self.limit / 2 || (self.giving && unsent + Self::BYTES <= self.limit)
    }
}

#[cfg(test)]
mod tests;
