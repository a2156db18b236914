//! The send buffer of one connection: frames appended by many, written in batches.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use crate::codec::{DATA_HEAD, encode, encode_data_head};
use crate::frame::Frame;
use crate::limits::MAX_CHUNK;
use crate::stats::Stats;
use crate::stream::StreamId;

/// Body data of this size and more is queued by reference; smaller chunks are copied together.
const COPY_BELOW: usize = 4096;

/// Encoded frames in order. Fill it with [`Outbox::push`], write what [`Outbox::io_slices`] shows, then
/// [`Outbox::advance`] by what was written.
#[derive(Debug, Default)]
pub struct Outbox {
    sealed: VecDeque<Bytes>,
    open: BytesMut,
    queued: usize,
    last: Option<Last>,
}

/// The last frame, if it may still be changed: nothing of it was written, and all of it is in `open`, from `at` on.
#[derive(Debug, Clone, Copy)]
struct Last {
    at: usize,
    frame: Changeable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Changeable {
    /// Data that is not its body's last: more of the body may join it.
    Data(StreamId),
    /// Later totals take their place.
    Stats,
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

    /// Appends a frame as it is. The data of a large `Data` is not copied.
    pub fn push(&mut self, frame: &Frame) {
        match frame {
            Frame::Data { stream, end, data } => self.append_data(*stream, *end, data.clone()),
            other => self.append(|open| encode(other, open)),
        }
        // Frames of the caller are never changed.
        self.last = None;
    }

    /// Appends totals. They take the place of those that wait at the end already.
    pub fn push_stats(&mut self, stats: &Stats) {
        if let Some(Last { at, frame: Changeable::Stats }) = self.last {
            self.queued -= self.open.len() - at;
            self.open.truncate(at);
        }
        let at = self.open.len();
        self.append(|open| encode(&Frame::Stats(*stats), open));
        self.last = Some(Last { at, frame: Changeable::Stats });
    }

    /// Appends a `Data` frame: at most [`crate::limits::MAX_CHUNK`] bytes. A small one joins the data of the same body that
    /// waits at the end, so that a body in tiny chunks is not mostly frame heads.
    pub fn push_data(&mut self, stream: StreamId, end: bool, data: Bytes) {
        if data.len() >= COPY_BELOW || !self.join(stream, end, &data) {
            self.append_data(stream, end, data);
        }
    }

    /// Shows up to `slices.len()` slices of what is to be written next, and returns how many there are.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pieces = self.sealed.iter().map(Bytes::as_ref).chain(std::iter::once(self.open.as_ref()));
        let mut count = 0;
        for (slot, piece) in slices.iter_mut().zip(pieces.filter(|piece| !piece.is_empty())) {
            *slot = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    /// Removes `written` bytes, which were written.
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
        let written = written.min(self.open.len());
        self.open.advance(written);
        // The head of a partly written frame stays as it is.
        self.last = self.last.and_then(|last| Some(Last { at: last.at.checked_sub(written)?, ..last }));
    }

    /// Puts data into the last frame, if that is data of the same body with room for it.
    fn join(&mut self, stream: StreamId, end: bool, data: &[u8]) -> bool {
        let Some(Last { at, frame }) = self.last.filter(|last| last.frame == Changeable::Data(stream)) else {
            return false;
        };
        let length = (self.open.len() - at).saturating_sub(DATA_HEAD) + data.len();
        if length > MAX_CHUNK {
            return false;
        }
        let Some(mut head) = self.open.get_mut(at..at + DATA_HEAD) else { return false };
        encode_data_head(&mut head, stream, end, length);
        self.open.extend_from_slice(data);
        self.queued += data.len();
        self.last = (!end).then_some(Last { at, frame });
        true
    }

    fn append_data(&mut self, stream: StreamId, end: bool, data: Bytes) {
        if data.len() < COPY_BELOW {
            return self.append_small(stream, end, &data);
        }
        self.append(|open| encode_data_head(open, stream, end, data.len()));
        self.sealed.push_back(self.open.split().freeze());
        self.last = None;
        self.queued += data.len();
        self.sealed.push_back(data);
    }

    fn append_small(&mut self, stream: StreamId, end: bool, data: &[u8]) {
        let at = self.open.len();
        self.append(|open| {
            encode_data_head(open, stream, end, data.len());
            open.extend_from_slice(data);
        });
        self.last = (!end).then_some(Last { at, frame: Changeable::Data(stream) });
    }

    fn append(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let before = self.open.len();
        write(&mut self.open);
        self.queued += self.open.len() - before;
        self.last = None;
    }
}

#[cfg(test)]
mod tests;
