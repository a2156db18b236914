//! The sending half of a stream: how much of a body may be sent now, and whether all of it was.

use bytes::Bytes;

use super::stream_id::StreamId;
use super::violation::StreamViolation;
use super::window::SendWindow;
use crate::frame::BodyLength;
use crate::limits::MAX_CHUNK;
use crate::outbox::Outbox;

/// A body that is being sent, under the window of its receiver.
#[derive(Debug)]
pub struct SendHalf {
    window: SendWindow,
    /// Given by the sender, not sent yet.
    pending: Bytes,
    /// Bytes that were announced and not sent yet, if the head said how many.
    left: Option<u64>,
    ended: bool,
}

impl SendHalf {
    /// A body that is given in chunks, of this length by its head.
    #[must_use]
    pub fn new(length: BodyLength) -> Self {
        let left = if let BodyLength::Known(bytes) = length { Some(bytes) } else { None };
        let ended = matches!(length, BodyLength::None | BodyLength::Known(0));
        Self { window: SendWindow::default(), pending: Bytes::new(), left, ended }
    }

    /// A client's WebSocket, one direction of it.
    #[must_use]
    pub fn of_socket() -> Self {
        Self { window: SendWindow::of_socket(), ..Self::new(BodyLength::Unknown) }
    }

    /// The body of a response to a client, which is given in chunks.
    #[must_use]
    pub fn of_response(length: BodyLength) -> Self {
        Self { window: SendWindow::of_response(), ..Self::new(length) }
    }

    /// That of a response that is there in full.
    #[must_use]
    pub fn whole_response(body: Bytes) -> Self {
        Self { window: SendWindow::of_response(), ..Self::whole(body) }
    }

    /// A body that is there in full.
    #[must_use]
    pub fn whole(body: Bytes) -> Self {
        let length = BodyLength::Known(u64::try_from(body.len()).unwrap_or(u64::MAX));
        Self { pending: body, ..Self::new(length) }
    }

    /// How many bytes the receiver takes now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.window.available()
    }

    /// The receiver gave credit.
    ///
    /// # Errors
    /// [`StreamViolation::Window`]: none, or more than the largest window.
    pub fn credit(&mut self, bytes: u32) -> Result<(), StreamViolation> {
        if bytes == 0 {
            return Err(StreamViolation::Window);
        }
        self.window.credit(bytes)
    }

    /// Gives the next chunk of the body, for [`SendHalf::take`]. Bytes beyond the announced length are dropped.
    pub fn give(&mut self, data: Bytes) {
        self.pending = if self.pending.is_empty() { data } else { [&self.pending[..], &data[..]].concat().into() };
        if let Some(left) = self.left {
            self.pending.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        }
    }

    /// The next chunk to be sent of what was given: at most `max` bytes, as far as there is room. True with the last one,
    /// if the length was announced.
    pub fn take(&mut self, max: usize) -> Option<(Bytes, bool)> {
        let bytes = self.pending.len().min(max).min(self.room());
        if bytes == 0 {
            return None;
        }
        let data = self.pending.split_to(bytes);
        self.sent(bytes, false);
        Some((data, self.ended))
    }

    /// Queues what was given, at most `max` bytes, as far as there is room. Returns how many bytes that were.
    pub fn send(&mut self, stream: StreamId, outbox: &mut Outbox, max: usize) -> usize {
        let mut left = max;
        while let Some((data, end)) = self.take(MAX_CHUNK.min(left)) {
            left -= data.len();
            outbox.push_data(stream, end, data);
        }
        max - left
    }

    /// Counts a chunk that was sent without [`SendHalf::give`]; `end`: it was the last.
    pub fn sent(&mut self, bytes: usize, end: bool) {
        self.window.sent(bytes);
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
        self.ended |= end || self.left == Some(0);
    }

    /// The sender has no more. Returns whether an empty last chunk is to be sent: the last byte of an announced length is
    /// the end by itself.
    ///
    /// # Errors
    /// [`StreamViolation::Length`]: fewer bytes were sent than announced.
    pub fn end(&mut self) -> Result<bool, StreamViolation> {
        debug_assert!(self.pending.is_empty(), "a body that ends before all of it is sent");
        if self.ended {
            return Ok(false);
        }
        if self.left.is_some() {
            return Err(StreamViolation::Length);
        }
        self.ended = true;
        Ok(true)
    }

    /// Whether all of it was sent.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests;
