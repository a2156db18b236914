//! The socket of an egress connection: counts what is read, against its shard's read budget and before a response's
//! head, and decides how it is closed.
//!
//! A TLS handshake runs on another thread, so a socket must be movable: what belongs to the shard is added when the
//! socket is there.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use fragile::Fragile;
use nano_protocol::limits::MAX_HEADER_BYTES;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::fair_semaphore::FairPermit;
use crate::read_budget::Reader;

/// Bytes that may come before a response's head is whole, informational ones and that of TLS included.
const BEFORE_HEAD: usize = 2 * MAX_HEADER_BYTES;
/// Informational responses (1xx) that may come before the final one.
const MAX_INFORMATIONAL: u32 = 64;

/// The socket of an egress connection.
#[derive(Debug)]
pub(super) struct EgressSocket {
    stream: TcpStream,
    shard: Option<Fragile<InShard>>,
}

/// What a socket has once it is in its shard.
#[derive(Debug)]
pub(super) struct InShard {
    pub(super) reader: Reader,
    pub(super) watch: Rc<ResponseWatch>,
    /// Held as long as the descriptor is open.
    pub(super) _permit: FairPermit,
}

/// What the request and the socket of a connection share.
#[derive(Debug, Default)]
pub(super) struct ResponseWatch {
    /// Bytes that have come while a response's head is awaited.
    before_head: Cell<Option<usize>>,
    informational: Cell<u32>,
    farewell: Cell<bool>,
}

impl ResponseWatch {
    /// A request is sent.
    pub(super) fn expect_head(&self) {
        self.before_head.set(Some(0));
        self.informational.set(0);
    }

    /// The head has come, or will not come.
    pub(super) fn head_came(&self) {
        self.before_head.set(None);
    }

    /// An informational response came.
    pub(super) fn count_informational(&self) {
        self.informational.set(self.informational.get().saturating_add(1));
    }

    /// Too much came before the head was complete.
    pub(super) fn too_much(&self) -> bool {
        self.informational.get() > MAX_INFORMATIONAL || self.before_head.get().is_some_and(|bytes| bytes > BEFORE_HEAD)
    }

    /// Close the connection as TCP does by default.
    pub(super) fn close_gracefully(&self) {
        self.farewell.set(true);
    }
}

impl EgressSocket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, shard: None }
    }

    /// Takes the socket into the shard of the calling thread.
    pub(super) fn settle(&mut self, parts: InShard) {
        self.shard = Some(Fragile::new(parts));
    }

    /// Takes a socket that was polled on another thread into the shard of the calling thread; `fresh` is the same socket,
    /// registered here.
    pub(super) fn replace(&mut self, fresh: TcpStream, parts: InShard) {
        self.stream = fresh;
        self.settle(parts);
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

impl Drop for EgressSocket {
    fn drop(&mut self) {
        let farewell = self.shard.as_ref().is_some_and(|shard| shard.get().watch.farewell.get());
        if !farewell {
            // The side that closes first keeps the port for a minute, so an app that closes many connections would
            // leave other apps none. A reset does not keep it; nothing that is needed is in flight at this point.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for EgressSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, shard } = self.get_mut();
        let Some(shard) = shard else { return Pin::new(stream).poll_read(cx, buffer) };
        let InShard { reader, watch, .. } = shard.get();
        if watch.too_much() {
            return Poll::Ready(Err(io::Error::other("too much before the head of a response")));
        }
        let bytes = ready!(reader.poll_read(stream, cx, buffer))?;
        if let Some(before) = watch.before_head.get() {
            watch.before_head.set(Some(before.saturating_add(bytes)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for EgressSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper never shuts down one direction and continues with the other: this closes the connection, as decided
        // above.
        Poll::Ready(Ok(()))
    }
}
