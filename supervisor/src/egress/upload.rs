//! The body of an outgoing request, as hyper takes it from whoever sends it.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use nano_protocol::limits::MAX_CHUNK;
use nano_protocol::{BodyLength, ChunkQueue, ReceiveWindow, WindowExceeded};

/// The sender broke the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UploadError {
    /// More than the window.
    #[error(transparent)]
    Window(#[from] WindowExceeded),
    /// More or less than announced, or more after the end.
    #[error("a body of another length than its head announced")]
    Length,
}

/// A body on its way: filled from a link, emptied by a connection.
pub(crate) struct UploadQueue {
    state: RefCell<State>,
    /// When the other side last took something, or could not because nothing was there.
    progress: Cell<Instant>,
    /// Called with the credit to give.
    on_credit: Box<dyn Fn(u32)>,
}

struct State {
    queue: ChunkQueue,
    window: ReceiveWindow,
    /// Bytes that have yet to come in, if that is known.
    remaining: Option<u64>,
    ended: bool,
    reader: Option<Waker>,
}

impl std::fmt::Debug for UploadQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UploadQueue")
    }
}

impl UploadQueue {
    pub(crate) fn new(length: BodyLength, on_credit: impl Fn(u32) + 'static) -> Rc<Self> {
        let state = State {
            queue: ChunkQueue::default(),
            window: ReceiveWindow::default(),
            remaining: if let BodyLength::Known(length) = length { Some(length) } else { None },
            ended: matches!(length, BodyLength::None | BodyLength::Known(0)),
            reader: None,
        };
        Rc::new(Self {
            state: RefCell::new(state),
            progress: Cell::new(Instant::now()),
            on_credit: Box::new(on_credit),
        })
    }

    /// A piece came in.
    pub(crate) fn push(&self, data: Bytes, end: bool) -> Result<(), UploadError> {
        let mut state = self.state.borrow_mut();
        if state.ended || (data.is_empty() && !end) {
            return Err(UploadError::Length);
        }
        state.window.received(data.len())?;
        if let Some(remaining) = &mut state.remaining {
            *remaining = remaining.checked_sub(data.len() as u64).ok_or(UploadError::Length)?;
            if end && *remaining != 0 {
                return Err(UploadError::Length);
            }
        }
        state.ended = end || state.remaining == Some(0);
        state.queue.push(data);
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
        Ok(())
    }

    /// Whether all of it was taken.
    pub(super) fn is_done(&self) -> bool {
        let state = self.state.borrow();
        state.ended && state.queue.is_empty()
    }

    /// When the other side was last not to blame for standing still.
    pub(super) fn progress(&self) -> Instant {
        let state = self.state.borrow();
        // Nothing is there to be taken: the sender is what is waited for.
        if state.queue.is_empty() && !state.ended { Instant::now() } else { self.progress.get() }
    }
}

/// The hyper side of an [`UploadQueue`].
#[derive(Debug)]
pub(super) struct Upload {
    queue: Rc<UploadQueue>,
    /// As it was announced, for the framing.
    length: BodyLength,
}

impl Upload {
    pub(super) fn new(queue: &Rc<UploadQueue>, length: BodyLength) -> Self {
        Self { queue: Rc::clone(queue), length }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (data, credit) = {
            let mut state = self.queue.state.borrow_mut();
            self.queue.progress.set(Instant::now());
            match state.queue.pop(MAX_CHUNK) {
                Some(data) => {
                    let credit = state.window.consumed(data.len()).filter(|_| !state.ended);
                    (data, credit)
                }
                None if state.ended => return Poll::Ready(None),
                None => {
                    state.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        };
        if let Some(credit) = credit {
            (self.queue.on_credit)(credit);
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
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
