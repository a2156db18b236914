//! How a connection without ALPN says by its first bytes which version of HTTP it speaks.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::Connection;
use super::http2::PREFACE;

impl Connection {
    /// Looks at the first bytes, of which `read` are the last. Bytes in the answer take the place of `read`. An error ends
    /// what reads HTTP/1: it is HTTP/2.
    pub(super) fn poll_begun(&self, cx: &Context<'_>, read: &[u8]) -> Poll<io::Result<Option<Vec<u8>>>> {
        let mut early = self.early.borrow_mut();
        let is_preface = |bytes: &[u8]| PREFACE.starts_with(bytes) || bytes.starts_with(PREFACE);
        // Almost always.
        if early.is_empty() && (read.is_empty() || !is_preface(read)) {
            self.is_http1.set(true);
            return Poll::Ready(Ok(None));
        }
        let all = [&early, read].concat();
        if !is_preface(&all) || read.is_empty() {
            *early = Bytes::new();
            self.is_http1.set(true);
            return Poll::Ready(Ok(Some(all)));
        }
        let is_whole = all.len() >= PREFACE.len();
        *early = all.into();
        if is_whole {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        // More is read at once, or when it comes.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether the first bytes were those of HTTP/2.
    pub(super) fn speaks_http2(&self) -> bool {
        !self.is_http1.get() && self.early.borrow().starts_with(PREFACE)
    }

    /// At most so many of the bytes that were put aside.
    pub(super) fn take_early(&self, most: usize) -> Bytes {
        let mut early = self.early.borrow_mut();
        let length = early.len().min(most);
        early.split_to(length)
    }

    /// Gives back what was read last.
    pub(super) fn put_back(&self, read: &[u8]) {
        let mut early = self.early.borrow_mut();
        *early = Bytes::from([read, &early].concat());
    }
}
