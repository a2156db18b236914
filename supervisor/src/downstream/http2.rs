//! Connections of HTTP/2: many requests at once, each with the limits that a connection of HTTP/1 has.
//!
//! h2 speaks the protocol. Beside its own bounds (streams, sizes of heads, resets), what a client may make it do is bounded
//! here: how much is read in one turn, how many frames that carry nothing ([`meter`]), and how much of bodies may be on
//! its way ([`windows`]). (hyper's server, which is h2 too, has windows that never change.)

mod answer;
mod body;
mod meter;
mod server;
mod upload;
mod windows;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::AbortHandle;

use super::Connection;
use super::connection::ConnectionPhase;
use super::min_rate::MinRate;
use meter::FrameMeter;
pub(super) use server::serve_http2;
use upload::Arriving;
pub(super) use upload::Http2Upload;
pub(super) use windows::account as upload_windows;
use windows::{SetWindows, UploadWindows};

/// What a client with prior knowledge begins with (RFC 9113 §3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes that are read before other connections have their turn.
const READ_IN_TURN: usize = 32 * 1024;

/// The state of a connection of HTTP/2.
#[derive(Debug)]
pub(super) struct Http2State {
    open: RefCell<HashMap<u64, Rc<Http2Request>>>,
    next: Cell<u64>,
    meter: RefCell<FrameMeter>,
    /// Bodies of requests that are still coming.
    uploads: RefCell<Vec<Rc<Arriving>>>,
    windows: RefCell<UploadWindows>,
    /// Bytes that may be read in this turn.
    left: Cell<usize>,
    /// Bytes that went to the socket.
    written: Cell<u64>,
    /// Waits until more frames may be read.
    throttled: RefCell<Option<Waker>>,
    /// Wait until everything is written.
    writers: RefCell<Vec<Waker>>,
}

/// One request of it.
#[derive(Debug)]
pub(crate) struct Http2Request {
    connection: Rc<Connection>,
    key: u64,
    /// By which it is counted.
    address: Option<IpAddr>,
    /// There are too many.
    excess: bool,
    is_over: Cell<bool>,
    uploading: Cell<bool>,
    upload: MinRate,
    download: MinRate,
    /// The bytes that h2 was given last.
    given: Cell<usize>,
    /// Its body did not come in time.
    late: Cell<bool>,
    uploader: RefCell<Option<Waker>>,
    task: RefCell<Option<AbortHandle>>,
}

impl Connection {
    /// From now on it speaks HTTP/2, with these windows for bodies of requests.
    fn begin_http2(&self, windows: UploadWindows) {
        let state = Http2State {
            open: RefCell::default(),
            next: Cell::new(0),
            meter: RefCell::default(),
            uploads: RefCell::default(),
            windows: RefCell::new(windows),
            left: Cell::new(0),
            written: Cell::new(0),
            throttled: RefCell::default(),
            writers: RefCell::default(),
        };
        let _ = self.http2.set(state);
        self.enter(ConnectionPhase::Head);
    }

    /// A turn of the connection begins.
    pub(super) fn begin_turn(&self) {
        if let Some(state) = self.http2.get() {
            state.left.set(READ_IN_TURN);
            state.meter.borrow_mut().begin_turn();
        }
    }

    /// A request came. `is_proxy`: many clients may be behind the connection.
    pub(super) fn open_request(self: &Rc<Self>, is_proxy: bool) -> Rc<Http2Request> {
        let key = self.http2.get().map_or(0, |state| state.next.replace(state.next.get() + 1));
        let address = self.client().ip;
        let excess = !self.shared.enter_stream(address, is_proxy);
        let request = Rc::new(Http2Request {
            connection: Rc::clone(self),
            key,
            address,
            excess,
            is_over: Cell::new(false),
            uploading: Cell::new(false),
            upload: MinRate::default(),
            download: MinRate::default(),
            given: Cell::new(0),
            late: Cell::new(false),
            uploader: RefCell::default(),
            task: RefCell::default(),
        });
        request.upload.begin_upload(&self.shared.budget);
        request.download.begin_download(&self.shared.budget);
        if let Some(state) = self.http2.get() {
            state.open.borrow_mut().insert(key, Rc::clone(&request));
        }
        request
    }

    /// A turn of the connection ends: what came of requests' bodies is put by, and their windows are set.
    fn end_turn(&self, set: &mut impl SetWindows) {
        let Some(state) = self.http2.get() else { return };
        let wanted = state.absorb();
        let mut windows = state.windows.borrow_mut();
        windows.received(state.meter.borrow_mut().take_data());
        windows.adjust(wanted, &self.shared.upload_windows, set);
    }

    /// The connection is over, and h2 has dropped it: bodies that did not come to their end fail.
    fn end_uploads(&self) {
        if let Some(state) = self.http2.get() {
            state.absorb();
        }
    }

    /// Whether requests are open; `None`: it is no connection of HTTP/2.
    pub(super) fn has_streams(&self) -> Option<bool> {
        self.http2.get().map(|state| !state.open.borrow().is_empty())
    }

    /// Called on each tick: ends the requests whose client is too slow, and lets more frames be read.
    pub(super) fn tick_streams(&self) {
        let Some(state) = self.http2.get() else { return };
        state.meter.borrow_mut().tick();
        state.wake_reader();
        let open: Vec<_> = state.open.borrow().values().map(Rc::clone).collect();
        open.iter().for_each(|request| request.tick());
    }

    /// Waits until all that h2 was given is written.
    pub(super) fn poll_streams_written(&self, cx: &Context<'_>) -> Poll<()> {
        match self.http2.get() {
            Some(state) if self.unwritten.get() => {
                state.writers.borrow_mut().push(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

impl Http2State {
    /// Takes what came of bodies. How much is still to come of those that are being taken.
    fn absorb(&self) -> u64 {
        let mut wanted = 0_u64;
        self.uploads.borrow_mut().retain(|upload| {
            let more = upload.absorb();
            wanted = wanted.saturating_add(upload.wanted());
            more
        });
        wanted
    }

    fn wake_reader(&self) {
        if !self.meter.borrow().is_exhausted()
            && let Some(waker) = self.throttled.take()
        {
            waker.wake();
        }
    }

    fn refund(&self, points: u32) {
        self.meter.borrow_mut().refund(points);
        self.wake_reader();
    }
}

impl Http2Request {
    /// `upload`: its body, if there is one. `task`: what answers it.
    fn begin(&self, upload: Option<Rc<Arriving>>, task: AbortHandle) {
        if let Some(state) = self.connection.http2.get() {
            state.uploads.borrow_mut().extend(upload);
        }
        *self.task.borrow_mut() = Some(task);
    }

    pub(super) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    pub(super) fn is_excess(&self) -> bool {
        self.excess
    }

    /// Its response was taken or given up.
    pub(super) fn end(&self) {
        if self.is_over.replace(true) {
            return;
        }
        self.uploading.set(false);
        if !self.excess {
            self.connection.shared.leave_stream(self.address);
        }
        let Some(state) = self.connection.http2.get() else { return };
        state.open.borrow_mut().remove(&self.key);
        if state.open.borrow().is_empty() {
            self.connection.enter(ConnectionPhase::Idle);
        }
        state.refund(meter::PER_RESPONSE);
    }

    pub(super) fn set_uploading(&self, uploading: bool) {
        if !self.uploading.replace(uploading) && uploading {
            self.upload.forget();
        }
    }

    pub(super) fn waits_for_body(&self, cx: &Context<'_>) -> bool {
        self.upload.wait();
        *self.uploader.borrow_mut() = Some(cx.waker().clone());
        self.late.get()
    }

    pub(super) fn got_body(&self, bytes: usize) {
        self.upload.moved(bytes, &self.connection.shared.budget);
    }

    /// So many frames of its body were taken: the app takes what comes, in pieces of whatever size.
    fn took_frames(&self, frames: u32) {
        if let Some(state) = self.connection.http2.get() {
            state.refund(frames);
        }
    }

    /// Bytes that went to the socket of its connection.
    fn written(&self) -> u64 {
        self.connection.http2.get().map_or(0, |state| state.written.get())
    }

    /// More of the response is asked for: what was given before is on its way.
    fn taken(&self) {
        self.download.moved(self.given.take(), &self.connection.shared.budget);
    }

    /// There is a piece of the response, which waits for the client's windows.
    fn gave(&self, bytes: usize) {
        self.given.set(bytes);
        self.download.wait();
    }

    /// The app has nothing more now.
    fn has_nothing(&self) {
        self.download.forget();
    }

    fn tick(&self) {
        let budget = &self.connection.shared.budget;
        if self.uploading.get() && self.upload.is_behind(budget) {
            self.late.set(true);
            if let Some(waker) = self.uploader.take() {
                waker.wake();
            }
        }
        if self.download.is_behind(budget)
            && let Some(task) = self.task.take()
        {
            // h2 resets the stream when what answers it is dropped.
            task.abort();
        }
    }
}

/// The connection as h2 sees it.
#[derive(Debug)]
struct Http2Stream(Rc<Connection>);

impl AsyncRead for Http2Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let connection = &*self.0;
        let Some(state) = connection.http2.get() else { return Poll::Ready(Ok(())) };
        if state.meter.borrow().is_exhausted() {
            *state.throttled.borrow_mut() = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if state.left.get() == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut scratch = connection.shared.scratch.borrow_mut();
        let most = into.remaining().min(scratch.len()).min(state.left.get());
        let early = connection.take_early(most);
        let mut read = ReadBuf::new(scratch.get_mut(..most).unwrap_or_default());
        if early.is_empty() {
            let result = Pin::new(connection.socket.borrow_mut().inner_mut()).poll_read(cx, &mut read);
            if !matches!(result, Poll::Ready(Ok(()))) {
                return result;
            }
        } else {
            read.put_slice(&early);
        }
        let mut meter = state.meter.borrow_mut();
        let (read, later) = read.filled().split_at(meter.feed(read.filled()));
        if meter.has_begun() && connection.phase() == ConnectionPhase::Head {
            connection.enter(ConnectionPhase::Idle);
        }
        if later.is_empty() {
            state.left.set(state.left.get() - read.len());
        } else {
            connection.put_back(later);
            state.left.set(0);
        }
        into.put_slice(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Http2Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(self.0.socket.borrow_mut().inner_mut()).poll_write(cx, bytes);
        self.wrote(&written);
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(self.0.socket.borrow_mut().inner_mut()).poll_write_vectored(cx, pieces);
        self.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(self.0.socket.borrow_mut().inner_mut()).poll_flush(cx);
        if let (Poll::Ready(Ok(())), Some(state)) = (&flushed, self.0.http2.get()) {
            self.0.unwritten.set(false);
            state.writers.take().into_iter().for_each(Waker::wake);
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The acceptor closes.
        Poll::Ready(Ok(()))
    }
}

impl Http2Stream {
    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        if let (Poll::Ready(Ok(bytes)), Some(state)) = (written, self.0.http2.get()) {
            state.meter.borrow_mut().wrote(*bytes);
            state.written.set(state.written.get() + *bytes as u64);
            state.wake_reader();
        }
    }
}
