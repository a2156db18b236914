//! The body of a response at the metrics address: pieces that are copied from a text that several responses share, so that
//! a client which does not read holds the text no longer than it may.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Bytes of one piece.
const PIECE: usize = 16 << 10;

/// A body.
#[derive(Debug)]
pub(super) struct ScrapeBody {
    text: Bytes,
    sent: usize,
    reading: Rc<Cell<Option<Instant>>>,
}

impl ScrapeBody {
    pub(super) fn new(text: Bytes) -> Self {
        Self { text, sent: 0, reading: Rc::default() }
    }

    /// Says there since when the client may read, until it has taken the last piece.
    pub(super) fn watch(&mut self, reading: Rc<Cell<Option<Instant>>>) {
        reading.set(Some(Instant::now()));
        self.reading = reading;
    }

    fn left(&self) -> &[u8] {
        self.text.get(self.sent..).unwrap_or_default()
    }
}

impl Body for ScrapeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let left = self.left();
        let piece = Bytes::copy_from_slice(left.get(..PIECE).unwrap_or(left));
        self.sent += piece.len();
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left().len() as u64)
    }
}

impl Drop for ScrapeBody {
    fn drop(&mut self) {
        self.reading.set(None);
    }
}
