//! The open streams of one link by their numbers, and which numbers were used.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::RangeInclusive;

use super::number_hasher::NumberHasher;
use super::violation::StreamViolation;

/// The largest number of a stream: on the wire one more bit says which side began it.
pub const MAX_STREAM_NUMBER: u32 = u32::MAX >> 1;

/// The largest key of a stream that JavaScript knows: keys stay within V8's small integers.
const MAX_KEY: u32 = (1 << 30) - 1;

/// Numbers that may be left out when numbers are used for the second time: those of streams that are still open.
const MAX_SKIPPED: u32 = 1 << 16;

/// Open streams by number. Numbers count up and begin again when they are used up; those of open streams are left out.
#[derive(Debug)]
pub struct StreamTable<T> {
    open: HashMap<u32, T, BuildHasherDefault<NumberHasher>>,
    range: RangeInclusive<u32>,
    next: u32,
    wrapped: bool,
}

impl<T> Default for StreamTable<T> {
    /// For the numbers that one side of a link gives its streams.
    fn default() -> Self {
        Self::new(0..=MAX_STREAM_NUMBER)
    }
}

impl<T> StreamTable<T> {
    fn new(range: RangeInclusive<u32>) -> Self {
        Self { open: HashMap::default(), next: *range.start(), range, wrapped: false }
    }

    /// For the keys by which JavaScript knows streams: never 0.
    #[must_use]
    pub fn keys() -> Self {
        Self::new(1..=MAX_KEY)
    }

    /// Uses the next number that no open stream has.
    pub fn issue(&mut self) -> u32 {
        while self.open.contains_key(&self.next) {
            self.step(self.next);
        }
        let number = self.next;
        self.step(number);
        number
    }

    /// The peer uses this number for a new stream.
    ///
    /// # Errors
    /// [`StreamViolation::OutOfTurn`]: it is not the next one.
    pub fn accept(&mut self, number: u32) -> Result<(), StreamViolation> {
        let is_free = self.range.contains(&number) && !self.open.contains_key(&number);
        // The peer leaves out what is open on its side; that may be over here.
        let may_skip = if self.wrapped { MAX_SKIPPED } else { 0 };
        if !is_free || self.distance(number) > may_skip {
            return Err(StreamViolation::OutOfTurn(number));
        }
        self.step(number);
        Ok(())
    }

    /// How many numbers stand between the next one and this one of the range.
    fn distance(&self, number: u32) -> u32 {
        match number.checked_sub(self.next) {
            Some(ahead) => ahead,
            None => (self.range.end() - self.next) + 1 + (number - self.range.start()),
        }
    }

    fn step(&mut self, used: u32) {
        if used >= *self.range.end() {
            self.next = *self.range.start();
            self.wrapped = true;
        } else {
            self.next = used + 1;
        }
    }

    /// Opens a stream under a number of [`StreamTable::issue`] or [`StreamTable::accept`].
    pub fn insert(&mut self, number: u32, stream: T) {
        self.open.insert(number, stream);
    }

    /// An open stream; `None` for one that is over.
    ///
    /// # Errors
    /// [`StreamViolation::Unknown`]: there never was one of this number.
    pub fn find(&self, number: u32) -> Result<Option<&T>, StreamViolation> {
        match self.open.get(&number) {
            Some(stream) => Ok(Some(stream)),
            None if self.wrapped || number < self.next => Ok(None),
            None => Err(StreamViolation::Unknown(number)),
        }
    }

    /// An open stream.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&T> {
        self.open.get(&number)
    }

    /// An open stream, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.open.get_mut(&number)
    }

    /// Whether the stream is open.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        self.open.contains_key(&number)
    }

    /// Closes a stream.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        self.open.remove(&number)
    }

    /// Closes all streams.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        self.open.drain().map(|(_, stream)| stream)
    }

    /// The open streams, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.open.iter().map(|(number, stream)| (*number, stream))
    }

    /// The open streams, in no order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.open.values()
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests;
