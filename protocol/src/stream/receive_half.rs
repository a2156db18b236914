//! The receiving half of a stream: a body from the head that announces it to its end or its error.

use std::convert::Infallible;

use bytes::Bytes;

use super::chunk_queue::ChunkQueue;
use super::violation::StreamViolation;
use super::window::ReceiveWindow;
use crate::frame::BodyLength;

/// The part of a body that has come and was not taken yet, and whether more will come. `E` is the error that ends it
/// early.
///
/// The end and the error are final: the one that comes first stays.
#[derive(Debug)]
pub struct ReceiveHalf<E = Infallible> {
    queue: ChunkQueue,
    window: ReceiveWindow,
    /// `None`: no head came yet.
    length: Option<BodyLength>,
    /// Bytes that have yet to come, if the head said how many.
    expected: Option<u64>,
    ended: bool,
    error: Option<E>,
}

/// What [`ReceiveHalf::take`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'h, E = Infallible> {
    /// The next chunk, and the credit to send now.
    Data(Bytes, Option<u32>),
    /// Nothing is there yet, or no byte was asked for.
    Pending,
    /// The whole body was taken.
    End,
    /// Everything that came was taken, and no more will come.
    Failed(&'h E),
}

impl<E> Default for ReceiveHalf<E> {
    /// A stream whose head has not come.
    fn default() -> Self {
        Self {
            queue: ChunkQueue::default(),
            window: ReceiveWindow::default(),
            length: None,
            expected: None,
            ended: false,
            error: None,
        }
    }
}

impl<E> ReceiveHalf<E> {
    /// A stream whose head has come.
    #[must_use]
    pub fn new(length: BodyLength) -> Self {
        let mut half = Self::default();
        half.announce(length);
        half
    }

    /// A client's WebSocket, one direction of it.
    #[must_use]
    pub fn of_socket() -> Self {
        Self { window: ReceiveWindow::of_socket(), ..Self::new(BodyLength::Unknown) }
    }

    /// A response to a client whose head has not come.
    #[must_use]
    pub fn of_response() -> Self {
        Self { window: ReceiveWindow::of_response(), ..Self::default() }
    }

    /// Opens the window of a response as far as that of any other body; once. Returns the credit to send for it.
    #[must_use]
    pub fn widen(&mut self) -> u32 {
        self.window.widen()
    }

    /// The head came.
    ///
    /// # Errors
    /// [`StreamViolation::SecondHead`].
    pub fn begin(&mut self, length: BodyLength) -> Result<(), StreamViolation> {
        if self.length.is_some() {
            return Err(StreamViolation::SecondHead);
        }
        self.announce(length);
        Ok(())
    }

    fn announce(&mut self, length: BodyLength) {
        self.length = Some(length);
        self.expected = if let BodyLength::Known(bytes) = length { Some(bytes) } else { None };
        self.ended = matches!(length, BodyLength::None | BodyLength::Known(0));
    }

    /// A chunk came. After an error it is counted and dropped.
    ///
    /// # Errors
    /// The chunk is illegal here; see [`StreamViolation`].
    pub fn push(&mut self, data: Bytes, end: bool) -> Result<(), StreamViolation> {
        if self.length.is_none() {
            return Err(StreamViolation::BeforeHead);
        }
        if self.ended {
            return Err(StreamViolation::AfterEnd);
        }
        if data.is_empty() && !end {
            return Err(StreamViolation::EmptyChunk);
        }
        self.window.received(data.len())?;
        if let Some(expected) = &mut self.expected {
            let bytes = u64::try_from(data.len()).unwrap_or(u64::MAX);
            *expected = expected.checked_sub(bytes).ok_or(StreamViolation::Length)?;
            if end && *expected != 0 {
                return Err(StreamViolation::Length);
            }
        }
        if self.error.is_none() {
            self.ended = end || self.expected == Some(0);
            self.queue.push(data);
        }
        Ok(())
    }

    /// The next chunk, at most `max` bytes of it. Nothing follows an end or an error, so taking the rest then gives no
    /// credit.
    pub fn take(&mut self, max: usize) -> Received<'_, E> {
        if let Some(data) = self.queue.pop(max) {
            let is_open = !self.ended && self.error.is_none();
            let credit = self.window.consumed(data.len()).filter(|_| is_open);
            return Received::Data(data, credit);
        }
        match &self.error {
            _ if !self.queue.is_empty() => Received::Pending,
            Some(error) => Received::Failed(error),
            None if self.ended => Received::End,
            None => Received::Pending,
        }
    }

    /// No more will come.
    pub fn fail(&mut self, error: E) {
        if !self.ended {
            self.error.get_or_insert(error);
        }
    }

    /// Drops what came and was not taken, without credit for it.
    pub fn discard(&mut self) {
        self.queue = ChunkQueue::default();
    }

    /// What the head said; `None`: it has not come.
    #[must_use]
    pub fn length(&self) -> Option<BodyLength> {
        self.length
    }

    /// Why no more will come.
    #[must_use]
    pub fn error(&self) -> Option<&E> {
        self.error.as_ref()
    }

    /// Whether more may come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.ended && self.error.is_none()
    }

    /// Whether the whole body came.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether the whole body came and was taken.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.ended && self.queue.is_empty()
    }

    /// Bytes that the sender may still send under the credit that it has.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        if self.is_open() { self.window.open() } else { 0 }
    }

    /// Bytes that came and were not taken.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.queue.len()
    }

    /// Bytes that are yet to be taken, if that is certain.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        let buffered = u64::try_from(self.queue.len()).unwrap_or(u64::MAX);
        match self.expected {
            Some(expected) => Some(expected.saturating_add(buffered)),
            None => self.ended.then_some(buffered),
        }
    }
}

#[cfg(test)]
mod tests;
