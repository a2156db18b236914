//! One client's connection: the socket that hyper reads and writes, and what we must know that hyper does not tell.
//!
//! hyper answers what it cannot parse by itself, without a body. Those answers must be JSON like all others, so they
//! are caught here: at a message boundary, with no request in the service, whatever hyper writes is such an answer.
//! It is swallowed, its status is kept, and whoever runs the connection writes the real one.
//!
//! What the client sends is looked at before hyper reads it ([`super::framing`]).

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::connections::Shared;
use super::framing::{Framing, Part};
use super::pace::Pace;

/// A connected socket of a client.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing came yet.
    Fresh,
    /// A request's head is coming.
    Head,
    /// A request is in the service, or its response on the way.
    Busy,
    /// Between two requests.
    Idle,
}

/// Why a connection is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// A request's head took too long.
    Head,
    /// Nothing happened for too long between two requests, or the shard drains.
    Idle,
    /// The client neither sends what it has announced nor takes what it has asked for.
    Stalled,
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Client {
    socket: RefCell<TokioIo<Socket>>,
    /// Who is at the other end; `None` on a unix socket.
    peer: Option<SocketAddr>,
    shared: Rc<Shared>,
    phase: Cell<Phase>,
    phase_since: Cell<u32>,
    /// Everything that hyper had to write was written, and no request is in the service.
    at_boundary: Cell<bool>,
    /// Something was written since the request went into the service.
    answering: Cell<bool>,
    /// A request's body is still coming.
    uploading: Cell<bool>,
    upload: Pace,
    download: Pace,
    framing: RefCell<Framing>,
    /// Where the client's bytes are not to be read any further.
    unclear: Cell<Option<Part>>,
    /// Woken for it when a response is out.
    reader: RefCell<Option<Waker>>,
    refused: Cell<Option<u16>>,
    abrupt: Cell<bool>,
    expired: Cell<Option<Expiry>>,
    task: RefCell<Option<Waker>>,
}

impl Client {
    pub(super) fn new(socket: Socket, peer: Option<SocketAddr>, shared: Rc<Shared>) -> Rc<Self> {
        let now = shared.now.get();
        Rc::new(Self {
            socket: RefCell::new(TokioIo::new(socket)),
            peer,
            shared,
            phase: Cell::new(Phase::Fresh),
            phase_since: Cell::new(now),
            at_boundary: Cell::new(true),
            answering: Cell::new(false),
            uploading: Cell::new(false),
            upload: Pace::default(),
            download: Pace::default(),
            framing: RefCell::default(),
            unclear: Cell::new(None),
            reader: RefCell::new(None),
            refused: Cell::new(None),
            abrupt: Cell::new(false),
            expired: Cell::new(None),
            task: RefCell::new(None),
        })
    }

    /// Who is at the other end; `None` on a unix socket.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// A request goes into the service.
    pub(crate) fn begin(&self) {
        self.at_boundary.set(false);
        self.answering.set(false);
        self.upload.begin_upload(&self.shared.prices);
        self.download.begin_download(&self.shared.prices);
        self.enter(Phase::Busy);
    }

    /// hyper has taken the whole response, or given it up.
    pub(crate) fn end(&self) {
        self.uploading.set(false);
        self.enter(Phase::Idle);
    }

    /// Whether the client still has to send a part of a request's body.
    pub(crate) fn set_uploading(&self, uploading: bool) {
        if !self.uploading.replace(uploading) && uploading {
            // It may date from before we stopped to ask for more.
            self.upload.forget();
        }
    }

    /// The response that is being sent has no length: cut it so that nobody takes the cut for its end.
    pub(crate) fn cut_abruptly(&self) {
        self.abrupt.set(true);
    }

    pub(super) fn phase(&self) -> Phase {
        // As long as hyper has something to write, the last response is not over.
        if self.at_boundary.get() { self.phase.get() } else { Phase::Busy }
    }

    pub(super) fn phase_ticks(&self) -> u32 {
        self.shared.now.get().wrapping_sub(self.phase_since.get())
    }

    /// A tick went by: whether the client is too slow in the middle of a request or response.
    pub(super) fn is_behind(&self) -> bool {
        let prices = &self.shared.prices;
        let uploads = self.uploading.get() && self.upload.is_behind(prices);
        self.download.is_behind(prices) || uploads
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

    /// The status of an answer of hyper's own that was swallowed.
    pub(super) fn refused(&self) -> Option<u16> {
        self.refused.get()
    }

    /// Whether a part of a response was written, so that no other can be.
    pub(super) fn is_answering(&self) -> bool {
        self.answering.get()
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.phase_since.set(self.shared.now.get());
    }

    fn refuses(&self, bytes: &[u8]) -> bool {
        if !self.at_boundary.get() || self.phase.get() == Phase::Busy {
            return false;
        }
        if self.refused.get().is_none() {
            let status = bytes.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
            self.refused.set(Some(status.and_then(|digits| digits.parse().ok()).unwrap_or(400)));
        }
        true
    }

    fn wrote(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Pending => self.download.wait(),
            Poll::Ready(written) => {
                self.download.moved(written.as_ref().map_or(0, |bytes| *bytes), &self.shared.prices);
                self.answering.set(true);
            }
        }
    }

    /// Writes bytes after hyper is done with the connection.
    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written =
                std::future::poll_fn(|cx| Pin::new(&mut *self.socket.borrow_mut()).poll_write(cx, bytes)).await?;
            bytes = bytes.get(written..).unwrap_or(&[]);
        }
        Ok(())
    }

    /// Says that nothing more will be sent, then reads and forgets what the client still sends, at most `most` bytes:
    /// closing a socket that has unread bytes would tear down what the client has yet to read.
    pub(super) async fn linger(&self, most: usize) {
        let shut = std::future::poll_fn(|cx| Pin::new(&mut *self.socket.borrow_mut()).poll_shutdown(cx)).await;
        if shut.is_err() {
            return;
        }
        let mut scratch = [0; 16 * 1024];
        let mut seen = 0;
        while seen < most {
            let read = std::future::poll_fn(|cx| {
                let mut buffer = ReadBuf::new(&mut scratch);
                let mut socket = self.socket.borrow_mut();
                Pin::new(socket.inner_mut()).poll_read(cx, &mut buffer).map(|done| done.map(|()| buffer.filled().len()))
            })
            .await;
            match read {
                Ok(0) | Err(_) => return,
                Ok(bytes) => seen += bytes,
            }
        }
    }

    /// Makes the coming close a reset, if [`Self::cut_abruptly`] was asked for.
    pub(super) fn cut(&self) {
        if self.abrupt.get() {
            self.reset();
        }
    }

    /// Makes the coming close a reset.
    pub(super) fn reset(&self) {
        if let Socket::Tcp(socket) = self.socket.borrow().inner() {
            let _ = socket.set_zero_linger();
        }
    }

    /// More bytes of the client, as many as are well.
    fn poll_read(&self, cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if let Some(part) = self.unclear.get() {
            return self.poll_unclear(cx, part);
        }
        let mut scratch = self.shared.scratch.borrow_mut();
        let most = into.remaining().min(scratch.len());
        let mut read = ReadBuf::new(scratch.get_mut(..most).unwrap_or_default());
        let result = Pin::new(self.socket.borrow_mut().inner_mut()).poll_read(cx, &mut read);
        if result.is_pending() {
            self.upload.wait();
            return result;
        }
        let read = read.filled();
        self.upload.moved(read.len(), &self.shared.prices);
        if matches!(self.phase.get(), Phase::Fresh | Phase::Idle) {
            self.enter(Phase::Head);
        }
        let well = match self.framing.borrow_mut().follow(read) {
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

    /// Nothing more is read. Requests before an unclear one are answered first.
    fn poll_unclear(&self, cx: &Context<'_>, part: Part) -> Poll<io::Result<()>> {
        if part == Part::Head {
            if self.phase() == Phase::Busy {
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
pub(super) struct ClientStream(pub(super) Rc<Client>);

impl Read for ClientStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read(cx, buffer)
    }
}

impl Write for ClientStream {
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

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it has written all it had. Sockets have nothing to flush.
        if self.0.phase.get() != Phase::Busy {
            self.0.at_boundary.set(true);
            if let Some(reader) = self.0.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Whoever runs the connection may still have an answer to write.
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, pieces),
            Self::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
