//! The chunks of a body that have come and were not taken yet.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// A chunk keeps alive the buffer that it was read into, of 64 KiB and more, most of which may be of other streams. So
/// chunks below this size are copied together while they are not taken: what is kept is at most a few times their bytes.
const COALESCE_BELOW: usize = 16 * 1024;

/// Below this size one is copied also if it is alone.
const COPY_BELOW: usize = 4096;

/// Body data in order. Large chunks are kept as they are, small ones copied together.
#[derive(Debug, Default)]
pub(super) struct ChunkQueue {
    chunks: VecDeque<Bytes>,
    /// Small chunks, copied together; they stand behind `chunks`.
    tail: BytesMut,
    bytes: usize,
}

impl ChunkQueue {
    /// Appends a chunk.
    pub(super) fn push(&mut self, data: Bytes) {
        if data.is_empty() {
            return;
        }
        let is_alone = self.is_empty();
        self.bytes += data.len();
        if is_alone && data.len() < COPY_BELOW {
            self.chunks.push_back(Bytes::copy_from_slice(&data));
        } else if is_alone || data.len() >= COALESCE_BELOW {
            self.seal_tail();
            self.chunks.push_back(data);
        } else if !self.tail.is_empty() {
            self.tail.extend_from_slice(&data);
        } else {
            if self.chunks.back().is_some_and(|last| last.len() < COALESCE_BELOW) {
                self.chunks.pop_back().iter().for_each(|last| self.tail.extend_from_slice(last));
            }
            self.tail.extend_from_slice(&data);
        }
    }

    /// The next chunk, at most `most` bytes of it; `None` if there is none, or `most` is 0.
    pub(super) fn pop(&mut self, most: usize) -> Option<Bytes> {
        if self.chunks.is_empty() {
            self.seal_tail();
        }
        let first = self.chunks.front_mut().filter(|_| most > 0)?;
        let data = if first.len() > most { first.split_to(most) } else { self.chunks.pop_front()? };
        self.bytes -= data.len();
        Some(data)
    }

    /// Bytes that wait.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// True if nothing waits.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            self.chunks.push_back(self.tail.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests;
