//! What is to be written on one connection: frames appended by many, written in batches.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use crate::codec::{ChunkOf, encode, encode_chunk_head};
use crate::frame::{FetchId, Frame, RequestId};

/// Body data of this size and more is queued as a reference; smaller pieces are copied together.
const COPY_BELOW: usize = 4096;

/// Encoded frames in order. Fill it with [`Outbox::push`], write what [`Outbox::io_slices`] shows, then
/// [`Outbox::advance`] by what was written.
#[derive(Debug, Default)]
pub struct Outbox {
    sealed: VecDeque<Bytes>,
    open: BytesMut,
    queued: usize,
}

impl Outbox {
    /// Bytes that wait to be written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queued
    }

    /// True if nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// Appends a frame. The data of a large `BodyChunk` or `FetchChunk` is not copied.
    pub fn push(&mut self, frame: &Frame) {
        match frame {
            Frame::BodyChunk { id, end, data } => self.push_chunk(*id, *end, data.clone()),
            Frame::FetchChunk { id, end, data } => self.push_fetch_chunk(*id, *end, data.clone()),
            other => self.append(|open| encode(other, open)),
        }
    }

    /// Appends a `BodyChunk`: at most [`crate::limits::MAX_CHUNK`] bytes.
    pub fn push_chunk(&mut self, id: RequestId, end: bool, data: Bytes) {
        self.append_chunk(ChunkOf::Request, id, end, data);
    }

    /// Appends a `FetchChunk`: at most [`crate::limits::MAX_CHUNK`] bytes.
    pub fn push_fetch_chunk(&mut self, id: FetchId, end: bool, data: Bytes) {
        self.append_chunk(ChunkOf::Fetch, id, end, data);
    }

    /// Appends a `BodyChunk` from borrowed data, which is copied: at most [`crate::limits::MAX_CHUNK`] bytes.
    pub fn push_chunk_slice(&mut self, id: RequestId, end: bool, data: &[u8]) {
        self.append_chunk_slice(ChunkOf::Request, id, end, data);
    }

    /// Shows up to `slices.len()` pieces of what is to be written next, and returns how many there are.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pieces = self.sealed.iter().map(Bytes::as_ref).chain(std::iter::once(self.open.as_ref()));
        let mut count = 0;
        for (slot, piece) in slices.iter_mut().zip(pieces.filter(|piece| !piece.is_empty())) {
            *slot = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    /// Takes note that `written` bytes went out.
    pub fn advance(&mut self, mut written: usize) {
        debug_assert!(written <= self.queued, "more was written than was queued");
        self.queued = self.queued.saturating_sub(written);
        while let Some(first) = self.sealed.front_mut() {
            if written < first.len() {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.sealed.pop_front();
        }
        self.open.advance(written.min(self.open.len()));
    }

    fn append_chunk(&mut self, of: ChunkOf, id: u32, end: bool, data: Bytes) {
        if data.len() < COPY_BELOW {
            return self.append_chunk_slice(of, id, end, &data);
        }
        self.append(|open| encode_chunk_head(open, of, id, end, data.len()));
        self.sealed.push_back(self.open.split().freeze());
        self.queued += data.len();
        self.sealed.push_back(data);
    }

    fn append_chunk_slice(&mut self, of: ChunkOf, id: u32, end: bool, data: &[u8]) {
        self.append(|open| {
            encode_chunk_head(open, of, id, end, data.len());
            open.extend_from_slice(data);
        });
    }

    fn append(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let before = self.open.len();
        write(&mut self.open);
        self.queued += self.open.len() - before;
    }
}
