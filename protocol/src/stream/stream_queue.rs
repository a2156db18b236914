//! Streams in the order in which they came.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;

use super::number_hasher::NumberHasher;
use super::stream_id::StreamId;

/// Gaps that are not worth closing.
const FEW: usize = 16;

/// A queue of streams: each stands in it once, and may leave it from anywhere. Every operation takes constant time on
/// average.
#[derive(Debug)]
pub(super) struct StreamQueue {
    /// Streams that left from the middle left a gap.
    order: VecDeque<Option<StreamId>>,
    /// The place of `order`'s first entry.
    first: u64,
    /// By the number on the wire: the place of each.
    places: HashMap<u32, u64, BuildHasherDefault<NumberHasher>>,
}

impl Default for StreamQueue {
    fn default() -> Self {
        // In the middle: it grows in both directions.
        Self { order: VecDeque::new(), first: u64::MAX / 2, places: HashMap::default() }
    }
}

impl StreamQueue {
    /// Puts a stream at the end, if it does not stand in the queue.
    pub(super) fn push(&mut self, stream: StreamId) {
        let end = self.first + self.order.len() as u64;
        if let Entry::Vacant(free) = self.places.entry(stream.to_wire()) {
            free.insert(end);
            self.order.push_back(Some(stream));
        }
    }

    /// Puts a stream at the beginning, if it does not stand in the queue.
    pub(super) fn push_first(&mut self, stream: StreamId) {
        if let Entry::Vacant(free) = self.places.entry(stream.to_wire()) {
            self.first -= 1;
            free.insert(self.first);
            self.order.push_front(Some(stream));
        }
    }

    /// Takes the first stream.
    pub(super) fn pop(&mut self) -> Option<StreamId> {
        while let Some(first) = self.order.pop_front() {
            self.first += 1;
            if let Some(stream) = first {
                self.places.remove(&stream.to_wire());
                return Some(stream);
            }
        }
        None
    }

    /// Takes a stream out, wherever it stands.
    pub(super) fn remove(&mut self, stream: StreamId) {
        let Some(place) = self.places.remove(&stream.to_wire()) else { return };
        let at = usize::try_from(place - self.first).unwrap_or(usize::MAX);
        if let Some(entry) = self.order.get_mut(at) {
            *entry = None;
        }
        if self.order.len() > 2 * self.places.len() + FEW {
            self.close_gaps();
        }
    }

    /// Whether a stream stands in it.
    pub(super) fn contains(&self, stream: StreamId) -> bool {
        self.places.contains_key(&stream.to_wire())
    }

    /// Whether no stream stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn close_gaps(&mut self) {
        self.order.retain(Option::is_some);
        for (place, stream) in (self.first..).zip(self.order.iter().flatten()) {
            self.places.insert(stream.to_wire(), place);
        }
    }
}

#[cfg(test)]
mod tests;
