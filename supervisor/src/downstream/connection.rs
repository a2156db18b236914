//! One client's connection: the socket that hyper reads and writes, and state that hyper does not expose.
//!
//! hyper answers requests that it cannot parse by itself, without a body. Those answers must be JSON like all others,
//! so they are caught here: at a message boundary, with no request in the service, whatever hyper writes is such an
//! answer. It is dropped, its status is kept, and the acceptor writes the real one.
//!
//! The client's bytes are checked before hyper reads them ([`super::framing`]).

use std::cell::{Cell, OnceCell, RefCell};
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, ReadBuf};

use super::client::{Client, Scheme};
use super::framing::{Framing, Part};
use super::http2::Http2State;
use super::min_rate::MinRate;
use super::shared_clock::SharedClock;
use super::socket::{ClientSocket, Glimpse, Wire};
use super::tls::Secured;
use super::upgraded::Tunnel;

/// hyper begins with a smaller buffer, and most requests need no larger one.
const LARGE_BUFFER: usize = 16 * 1024;

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionPhase {
    /// Nothing has come yet.
    Fresh,
    /// A request's head is coming.
    Head,
    /// A request is in the service, or its response is being sent.
    Busy,
    /// Between two requests.
    Idle,
}

/// Why nano ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// A request's head took too long.
    Head,
    /// Idle for too long between two requests, or the shard drains.
    Idle,
    /// The client neither sends what it announced nor reads what it requested.
    Stalled,
    /// The client is gone.
    Gone,
}

/// One connection of a client.
pub(crate) struct Connection {
    pub(super) socket: RefCell<TokioIo<ClientSocket>>,
    /// The address of the other end of the socket; `None` on a unix socket.
    peer: Option<SocketAddr>,
    /// The same, until a proxy says who is behind it.
    pub(super) client: Cell<Client>,
    /// Set by TLS.
    pub(super) secured: OnceCell<Secured>,
    /// The address by which it is counted among the open connections.
    pub(super) counted_by: Cell<Option<IpAddr>>,
    pub(super) shared: Rc<SharedClock>,
    phase: Cell<ConnectionPhase>,
    phase_since: Cell<u32>,
    /// Everything that hyper had to write was written, and no request is in the service.
    at_boundary: Cell<bool>,
    /// Something was written since the request went into the service.
    answering: Cell<bool>,
    /// hyper was given something to write that it has not written yet.
    pub(super) unwritten: Cell<bool>,
    /// The socket took no more, and there is something that it is still to take.
    stuck: Cell<bool>,
    /// The client sends no more. It may still read, and its requests are answered (RFC 9112 §9.6).
    half_closed: Cell<bool>,
    /// Bytes of the client are waiting.
    has_more: Cell<bool>,
    /// Bytes for which hyper had room when it read last: its buffer stays as large as it ever had to be.
    buffer: Cell<usize>,
    /// A request's body is still coming.
    uploading: Cell<bool>,
    upload: MinRate,
    download: MinRate,
    framing: RefCell<Framing>,
    /// The part of a request after which the client's bytes must not be read.
    pub(super) unclear: Cell<Option<Part>>,
    /// Woken when everything is written.
    reader: RefCell<Option<Waker>>,
    refused: Cell<Option<u16>>,
    pub(super) abrupt: Cell<bool>,
    expired: Cell<Option<Expiry>>,
    task: RefCell<Option<Waker>>,
    /// Something was written that was not flushed.
    pub(super) unflushed: Cell<bool>,
    /// What is to have the connection when hyper is done with it.
    pub(super) tunnel: RefCell<Option<Tunnel>>,
    /// What hyper read of the bytes for that.
    pub(super) early: RefCell<Bytes>,
    /// Whether it is known that it does not begin as HTTP/2 does.
    pub(super) is_http1: Cell<bool>,
    /// Set if it is HTTP/2.
    pub(super) http2: OnceCell<Http2State>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(wire: Wire, peer: Option<SocketAddr>, shared: Rc<SharedClock>) -> Rc<Self> {
        let now = shared.now.get();
        Rc::new(Self {
            socket: RefCell::new(TokioIo::new(ClientSocket::new(wire))),
            peer,
            client: Cell::new(Client::at(peer, Scheme::Http)),
            counted_by: Cell::new(None),
            secured: OnceCell::new(),
            shared,
            phase: Cell::new(ConnectionPhase::Fresh),
            phase_since: Cell::new(now),
            at_boundary: Cell::new(true),
            answering: Cell::new(false),
            unwritten: Cell::new(false),
            stuck: Cell::new(false),
            half_closed: Cell::new(false),
            has_more: Cell::new(false),
            buffer: Cell::new(0),
            uploading: Cell::new(false),
            upload: MinRate::default(),
            download: MinRate::default(),
            framing: RefCell::default(),
            unclear: Cell::new(None),
            reader: RefCell::new(None),
            refused: Cell::new(None),
            abrupt: Cell::new(false),
            expired: Cell::new(None),
            task: RefCell::new(None),
            unflushed: Cell::new(false),
            tunnel: RefCell::default(),
            early: RefCell::default(),
            is_http1: Cell::new(false),
            http2: OnceCell::new(),
        })
    }

    /// The address of the other end of the socket, which may be a proxy; `None` on a unix socket.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Who connected, as far as the connection tells; a request's headers may tell more.
    pub(crate) fn client(&self) -> Client {
        self.client.get()
    }

    /// A request goes into the service.
    pub(crate) fn begin(&self) {
        self.at_boundary.set(false);
        self.answering.set(false);
        self.upload.begin_upload(&self.shared.budget);
        self.download.begin_download(&self.shared.budget);
        self.enter(ConnectionPhase::Busy);
    }

    /// hyper has taken the whole response or given it up.
    pub(crate) fn end(&self) {
        self.uploading.set(false);
        self.enter(ConnectionPhase::Idle);
    }

    /// Whether the client still has to send a part of a request's body.
    pub(crate) fn set_uploading(&self, uploading: bool) {
        if !self.uploading.replace(uploading) && uploading {
            // It may date from before nano stopped reading.
            self.upload.forget();
        }
    }

    /// A chunk of a response was given to hyper.
    pub(crate) fn give(&self) {
        self.unwritten.set(true);
    }

    /// Waits until the client has taken what it was to take, if it takes nothing now. hyper would go on to fill its buffer.
    pub(crate) fn poll_taking(&self, cx: &Context<'_>) -> Poll<()> {
        if self.stuck.get() { self.poll_written(cx) } else { Poll::Ready(()) }
    }

    /// Waits until hyper has written everything it was given.
    pub(crate) fn poll_written(&self, cx: &Context<'_>) -> Poll<()> {
        if !self.unwritten.get() {
            return Poll::Ready(());
        }
        *self.reader.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The response that is being sent has no length: it must be cut so that the cut does not look like its end.
    pub(crate) fn cut_abruptly(&self) {
        self.abrupt.set(true);
    }

    pub(super) fn phase(&self) -> ConnectionPhase {
        if self.has_streams() == Some(true) {
            return ConnectionPhase::Busy;
        }
        // As long as hyper has something to write, the last response is not finished.
        if self.at_boundary.get() { self.phase.get() } else { ConnectionPhase::Busy }
    }

    pub(super) fn phase_ticks(&self) -> u32 {
        self.shared.now.get().wrapping_sub(self.phase_since.get())
    }

    /// Called on each tick: whether the client is too slow in the middle of a request or response.
    pub(super) fn is_behind(&self) -> bool {
        let budget = &self.shared.budget;
        let uploads = self.uploading.get() && self.upload.is_behind(budget);
        self.download.is_behind(budget) || uploads
    }

    pub(super) fn expire(&self, why: Expiry) {
        self.expired.set(Some(why));
        if let Some(task) = self.task.borrow_mut().take() {
            task.wake();
        }
    }

    pub(super) fn poll_expired(&self, cx: &Context<'_>) -> Option<Expiry> {
        let mut task = self.task.borrow_mut();
        match &mut *task {
            Some(waker) => waker.clone_from(cx.waker()),
            None => *task = Some(cx.waker().clone()),
        }
        self.expired.get()
    }

    /// Waits until the client is gone. While it has a request hyper cannot check that: it would take a client that only
    /// stops sending for one that left.
    pub(super) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let hyper_reads = self.phase() != ConnectionPhase::Busy || self.uploading.get();
        if hyper_reads || self.half_closed.get() || self.has_more.get() {
            return Poll::Pending;
        }
        let glimpse = self.socket.borrow_mut().inner_mut().poll_glimpse(cx);
        match ready!(glimpse) {
            Glimpse::Broken => Poll::Ready(()),
            Glimpse::Bytes => {
                self.has_more.set(true);
                Poll::Pending
            }
            Glimpse::End => {
                self.half_close();
                if self.is_abandoned() { Poll::Ready(()) } else { Poll::Pending }
            }
        }
    }

    /// Bytes of a large buffer that it keeps though it is idle.
    pub(super) fn idle_buffer(&self) -> usize {
        let is_large = self.phase() == ConnectionPhase::Idle && self.buffer.get() > LARGE_BUFFER;
        if is_large { self.buffer.get() } else { 0 }
    }

    fn half_close(&self) {
        if !self.half_closed.replace(true) {
            self.socket.borrow().inner().wire.probe();
        }
    }

    /// Whether the client has closed its half, and then the whole connection.
    pub(super) fn is_abandoned(&self) -> bool {
        self.half_closed.get() && self.socket.borrow().inner().wire.is_abandoned(&self.shared.peers)
    }

    /// Whether the client has no request, and none is coming.
    pub(super) fn is_quiet(&self) -> bool {
        let between = matches!(self.phase(), ConnectionPhase::Fresh | ConnectionPhase::Idle) && !self.uploading.get();
        between && !self.socket.borrow_mut().inner_mut().has_something()
    }

    /// The status of a dropped answer of hyper's own.
    pub(super) fn refused(&self) -> Option<u16> {
        self.refused.get()
    }

    /// Whether part of a response was written, so that no other can be sent.
    pub(super) fn is_answering(&self) -> bool {
        self.answering.get()
    }

    pub(super) fn enter(&self, phase: ConnectionPhase) {
        self.phase.set(phase);
        self.phase_since.set(self.shared.now.get());
    }

    fn refuses(&self, bytes: &[u8]) -> bool {
        if !self.at_boundary.get() || self.phase.get() == ConnectionPhase::Busy {
            return false;
        }
        if self.refused.get().is_none() {
            let status = bytes.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
            self.refused.set(Some(status.and_then(|digits| digits.parse().ok()).unwrap_or(400)));
        }
        true
    }

    pub(super) fn wrote_all(&self) {
        self.unwritten.set(false);
        self.stuck.set(false);
        self.unflushed.set(false);
        if self.phase.get() != ConnectionPhase::Busy {
            self.at_boundary.set(true);
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    pub(super) fn wrote(&self, result: &Poll<io::Result<usize>>) {
        self.unflushed.set(true);
        match result {
            Poll::Pending => {
                self.stuck.set(true);
                self.download.wait();
            }
            Poll::Ready(written) => {
                self.download.moved(written.as_ref().map_or(0, |bytes| *bytes), &self.shared.budget);
                self.answering.set(true);
            }
        }
    }

    /// Waits until what was written is on the socket. Without TLS it is at once.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut *self.socket.borrow_mut()).poll_flush(cx);
        if flushed.is_pending() {
            let moved = self.socket.borrow_mut().inner_mut().take_flushed();
            if moved > 0 {
                self.download.moved(moved, &self.shared.budget);
            }
            self.download.wait();
        }
        flushed
    }

    /// Reads more bytes of the client, up to the first that is refused.
    fn poll_read(&self, cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if let Some(part) = self.unclear.get() {
            return self.poll_unclear(cx, part);
        }
        self.buffer.set(into.remaining());
        let mut scratch = self.shared.scratch.borrow_mut();
        // What was put aside at the beginning comes with it.
        let most = into.remaining().min(scratch.len()).saturating_sub(self.early.borrow().len());
        let mut read = ReadBuf::new(scratch.get_mut(..most).unwrap_or_default());
        let result = Pin::new(self.socket.borrow_mut().inner_mut()).poll_read(cx, &mut read);
        if result.is_pending() {
            self.upload.wait();
            return result;
        }
        let mut read = read.filled();
        let begun;
        if !self.is_http1.get() && result.is_ready() {
            begun = ready!(self.poll_begun(cx, read))?;
            read = begun.as_deref().unwrap_or(read);
        }
        self.has_more.set(false);
        if read.is_empty() && result.is_ready() && most > 0 {
            self.half_close();
        }
        self.upload.moved(read.len(), &self.shared.budget);
        if matches!(self.phase.get(), ConnectionPhase::Fresh | ConnectionPhase::Idle) {
            self.enter(ConnectionPhase::Head);
        }
        let well = match self.framing.borrow_mut().feed(read) {
            Ok(()) => read.len(),
            Err(refused) => {
                self.unclear.set(Some(refused.part));
                if refused.well == 0 {
                    return self.poll_unclear(cx, refused.part);
                }
                refused.well
            }
        };
        into.put_slice(read.get(..well).unwrap_or_default());
        result
    }

    /// Nothing more is read. Requests before an ambiguous one are answered first.
    fn poll_unclear(&self, cx: &Context<'_>, part: Part) -> Poll<io::Result<()>> {
        if part == Part::Head {
            if self.phase() == ConnectionPhase::Busy {
                *self.reader.borrow_mut() = Some(cx.waker().clone());
                return Poll::Pending;
            }
            self.refused.set(Some(400));
        }
        Poll::Ready(Err(io::ErrorKind::InvalidData.into()))
    }
}

/// The connection as hyper sees it.
#[derive(Debug)]
pub(super) struct ConnectionStream(pub(super) Rc<Connection>);

impl Read for ConnectionStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read(cx, buffer)
    }
}

impl Write for ConnectionStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.0.refuses(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = Pin::new(&mut *self.0.socket.borrow_mut()).poll_write(cx, bytes);
        self.0.wrote(&result);
        result
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.0.refuses(pieces.first().map_or(&[], |piece| piece)) {
            return Poll::Ready(Ok(pieces.iter().map(|piece| piece.len()).sum()));
        }
        let result = Pin::new(&mut *self.0.socket.borrow_mut()).poll_write_vectored(cx, pieces);
        self.0.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it has written everything.
        ready!(self.0.poll_flush(cx))?;
        self.0.wrote_all();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The acceptor may still write an error response.
        Poll::Ready(Ok(()))
    }
}
