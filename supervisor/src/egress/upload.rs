//! The body of a fetch, as hyper takes it from the stream that sends it.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use nano_protocol::limits::MAX_CHUNK;
use nano_protocol::{BodyLength, ReceiveHalf, Received, StreamViolation};

/// A request's body: filled from a link, drained by a connection.
pub(crate) struct UploadQueue {
    state: RefCell<UploadState>,
    /// When the server last took a chunk, or could not because none was there.
    progress: Cell<Instant>,
    /// Called with the credit to send.
    on_credit: Box<dyn Fn(u32)>,
}

struct UploadState {
    body: ReceiveHalf,
    reader: Option<Waker>,
}

impl std::fmt::Debug for UploadQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UploadQueue")
    }
}

impl UploadQueue {
    pub(crate) fn new(length: BodyLength, on_credit: impl Fn(u32) + 'static) -> Rc<Self> {
        Rc::new(Self {
            state: RefCell::new(UploadState { body: ReceiveHalf::new(length), reader: None }),
            progress: Cell::new(Instant::now()),
            on_credit: Box::new(on_credit),
        })
    }

    /// A chunk came in.
    pub(crate) fn push(&self, data: Bytes, end: bool) -> Result<(), StreamViolation> {
        let mut state = self.state.borrow_mut();
        state.body.push(data, end)?;
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
        Ok(())
    }

    /// The next chunk; `None` at the end.
    pub(crate) async fn next(&self) -> Option<Bytes> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let (data, credit) = {
            let mut state = self.state.borrow_mut();
            self.progress.set(Instant::now());
            match state.body.take(MAX_CHUNK) {
                Received::Data(data, credit) => (data, credit),
                Received::End => return Poll::Ready(None),
                Received::Failed(never) => match *never {},
                Received::Pending => {
                    state.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        };
        if let Some(credit) = credit {
            (self.on_credit)(credit);
        }
        Poll::Ready(Some(data))
    }

    /// Bytes that the worker may still send.
    pub(crate) fn outstanding(&self) -> usize {
        self.state.borrow().body.outstanding()
    }

    /// Whether all of it was taken.
    pub(super) fn is_done(&self) -> bool {
        self.state.borrow().body.is_drained()
    }

    /// When the server last made progress or had nothing to take.
    pub(super) fn progress(&self) -> Instant {
        let body = &self.state.borrow().body;
        // There is nothing to take: the worker is being waited for.
        if body.buffered() == 0 && !body.is_ended() { Instant::now() } else { self.progress.get() }
    }
}

/// The hyper side of an [`UploadQueue`].
#[derive(Debug)]
pub(super) struct UploadBody {
    queue: Rc<UploadQueue>,
    /// The announced length, for the framing.
    length: BodyLength,
}

impl UploadBody {
    pub(super) fn new(queue: &Rc<UploadQueue>, length: BodyLength) -> Self {
        Self { queue: Rc::clone(queue), length }
    }
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.queue.poll_next(cx).map(|data| data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.length, BodyLength::None | BodyLength::Known(0)) || self.queue.is_done()
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            BodyLength::None => SizeHint::with_exact(0),
            BodyLength::Known(length) => SizeHint::with_exact(length),
            BodyLength::Unknown => SizeHint::default(),
        }
    }
}
