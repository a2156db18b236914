//! Credit-based flow control: how much of a body each side may send, kept by both.

use super::violation::StreamViolation;
use crate::limits::{
    INITIAL_WINDOW, MAX_WINDOW, MIN_CREDIT, RESPONSE_CREDIT, RESPONSE_WINDOW, SOCKET_CREDIT, SOCKET_WINDOW,
};

/// The sender's side of one body.
#[derive(Debug, Clone, Copy)]
pub(super) struct SendWindow {
    available: u32,
}

impl Default for SendWindow {
    fn default() -> Self {
        Self { available: INITIAL_WINDOW }
    }
}

impl SendWindow {
    /// That of a response to a client.
    pub(super) fn of_response() -> Self {
        Self { available: RESPONSE_WINDOW }
    }

    /// That of a WebSocket.
    pub(super) fn of_socket() -> Self {
        Self { available: SOCKET_WINDOW }
    }

    /// Bytes that may be sent now.
    #[must_use]
    pub(super) fn available(&self) -> usize {
        self.available as usize
    }

    /// Counts sent bytes; at most [`Self::available`] of them.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.available = self.available.saturating_sub(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Takes a `Credit` of the other side.
    ///
    /// # Errors
    /// The window would pass [`MAX_WINDOW`].
    pub(super) fn credit(&mut self, bytes: u32) -> Result<(), StreamViolation> {
        let opened =
            self.available.checked_add(bytes).filter(|sum| *sum <= MAX_WINDOW).ok_or(StreamViolation::Window)?;
        self.available = opened;
        Ok(())
    }
}

/// The receiver's side of one body. It gives credit in large steps, not for every chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReceiveWindow {
    open: u32,
    taken: u32,
    /// It gives credit for so many bytes at once.
    step: u32,
}

impl Default for ReceiveWindow {
    fn default() -> Self {
        Self { open: INITIAL_WINDOW, taken: 0, step: MIN_CREDIT }
    }
}

impl ReceiveWindow {
    /// That of a response to a client.
    pub(super) fn of_response() -> Self {
        Self { open: RESPONSE_WINDOW, taken: 0, step: RESPONSE_CREDIT }
    }

    /// Opens that of a response as far as that of any other body. Returns the credit to send for it.
    pub(super) fn widen(&mut self) -> u32 {
        let more = INITIAL_WINDOW - RESPONSE_WINDOW;
        self.step = MIN_CREDIT;
        self.open = self.open.saturating_add(more);
        more
    }

    /// That of a WebSocket.
    pub(super) fn of_socket() -> Self {
        Self { open: SOCKET_WINDOW, taken: 0, step: SOCKET_CREDIT }
    }

    /// Bytes that the sender may still send.
    pub(super) fn open(&self) -> usize {
        self.open as usize
    }

    /// A chunk came in.
    ///
    /// # Errors
    /// The sender had no credit for it.
    pub(super) fn received(&mut self, bytes: usize) -> Result<(), StreamViolation> {
        let bytes = u32::try_from(bytes).map_err(|_| StreamViolation::Window)?;
        self.open = self.open.checked_sub(bytes).ok_or(StreamViolation::Window)?;
        Ok(())
    }

    /// The consumer took bytes out of the buffer. Returns the credit to send now, if it is time to.
    #[must_use]
    pub(super) fn consumed(&mut self, bytes: usize) -> Option<u32> {
        self.taken = self.taken.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.taken < self.step {
            return None;
        }
        let credit = std::mem::take(&mut self.taken);
        self.open = self.open.saturating_add(credit);
        Some(credit)
    }
}

#[cfg(test)]
mod tests;
