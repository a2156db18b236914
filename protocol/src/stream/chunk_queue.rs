//! What has come of a body and was not taken yet.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Chunks below this size are copied together while they are not taken: a sender of single bytes must not make us keep
/// a buffer for each.
const COALESCE_BELOW: usize = 4096;

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
        self.bytes += data.len();
        if data.len() >= COALESCE_BELOW {
            self.seal_tail();
            self.chunks.push_back(data);
        } else if !self.tail.is_empty() {
            self.tail.extend_from_slice(&data);
        } else if self.chunks.is_empty() {
            // Alone, it need not be copied.
            self.chunks.push_back(data);
        } else {
            if self.chunks.back().is_some_and(|last| last.len() < COALESCE_BELOW) {
                self.chunks.pop_back().iter().for_each(|last| self.tail.extend_from_slice(last));
            }
            self.tail.extend_from_slice(&data);
        }
    }

    /// The next piece, at most `most` bytes of it; `None` if there is none, or `most` is 0.
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
mod tests {
    use super::*;

    #[test]
    fn tiny_chunks_are_copied_together_and_keep_their_place() {
        let mut queue = ChunkQueue::default();
        for n in 0..10_000_u32 {
            queue.push(Bytes::copy_from_slice(&n.to_le_bytes()));
        }
        assert_eq!((queue.len(), queue.chunks.len()), (40_000, 0));
        queue.push(Bytes::from(vec![7; 5000]));
        queue.push(Bytes::new());
        let mut all = Vec::new();
        while let Some(piece) = queue.pop(1000) {
            assert!(piece.len() <= 1000);
            all.extend_from_slice(&piece);
        }
        let expected: Vec<u8> = (0..10_000_u32).flat_map(u32::to_le_bytes).chain(vec![7; 5000]).collect();
        assert!(all == expected);
        assert!(queue.is_empty() && queue.pop(1).is_none());
    }

    #[test]
    fn large_chunks_are_not_copied() {
        let mut queue = ChunkQueue::default();
        let large = Bytes::from(vec![1; 10_000]);
        queue.push(large.clone());
        queue.push(large.clone());
        assert!(queue.pop(0).is_none());
        assert_eq!(queue.pop(usize::MAX).map(|piece| piece.as_ptr()), Some(large.as_ptr()));
        assert_eq!(queue.pop(4).map(|piece| piece.as_ptr()), Some(large.as_ptr()));
        assert_eq!(queue.len(), 9996);
    }
}
