//! One request with its response on a link: the state that the link's task and the request's own future share.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use nano_protocol::limits::MAX_CHUNK;
use nano_protocol::{
    BodyLength, ExitReason, HeaderBlock, ReceiveHalf, Received, RequestId, ResetReason, ResponseHead, SendHalf,
    StreamId, StreamViolation,
};

use super::Violation;
use crate::fair_semaphore::{FairPermit, Share};
use crate::otlp::ChildSpans;
use crate::upstream::place::Place;
use crate::upstream::{LostRequest, RequestSummary};

/// The status of a response that begins a WebSocket.
const SWITCHING_PROTOCOLS: u16 = 101;

/// Why a request got no response, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// The worker gave this request up.
    Reset(ResetReason),
    /// No response head within `timeout_ms`.
    TimedOut,
    /// The worker has ended.
    Died(Death),
    /// The worker broke the protocol.
    Protocol,
    /// The request's body ended in an error, or was too large, after the response had begun.
    Upload,
}

/// A worker's end, as it concerns one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Death {
    /// Why it ended, if that is known.
    pub(crate) reason: Option<ExitReason>,
    /// Whether this request caused it: the worker named it, or it was the only one.
    pub(crate) culprit: bool,
    /// Whether the worker may have seen the request.
    pub(crate) seen: bool,
}

/// When the head of a response must be there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// When the request was first sent to a worker.
    pub(crate) since: Instant,
    /// `timeout_ms` later.
    pub(crate) at: Instant,
}

/// One request with its response on a link.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) id: RequestId,
    /// When the response head must be there.
    pub(super) deadline: Instant,
    /// Where its `RequestHead` begins in the bytes of the link.
    pub(super) offset: u64,
    /// When the deadline began.
    sent: Instant,
    kind: ExchangeKind,
    about: RequestSummary,
    state: RefCell<ExchangeState>,
}

#[derive(Debug)]
struct ExchangeState {
    head: Option<ResponseHead>,
    /// The response's body.
    response: ReceiveHalf<Failed>,
    /// Its window was opened.
    wide: Option<FairPermit>,
    /// It has become a WebSocket.
    is_tunnel: bool,
    reader: Option<Waker>,
    /// The request's body.
    upload: SendHalf,
    uploader: Option<Waker>,
    /// The app reads the request's body.
    wanted: bool,
    /// Its place in the worker, until it is over there.
    place: Option<Place>,
}

/// What it was begun by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeKind {
    Request {
        has_body: bool,
    },
    /// A request that asks for a WebSocket.
    WebSocket,
    /// A scheduled event, which has no bodies and is answered by [`nano_protocol::Frame::ScheduledDone`].
    Scheduled,
}

/// What becomes of a request's body when the response is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Nothing,
    /// The app reads it.
    Wanted,
    /// The app does not.
    Unwanted,
}

/// A chunk of a response's body.
pub(super) struct BodyChunk {
    pub(super) data: Bytes,
    /// The credit to send now that the chunk was taken.
    pub(super) credit: Option<u32>,
}

impl Exchange {
    /// Where its fetches have their spans, if its trace is kept.
    pub(super) fn spans(&self) -> Option<&ChildSpans> {
        self.about.spans.as_deref()
    }

    pub(super) fn new(id: RequestId, about: RequestSummary, due: Deadline, offset: u64, kind: ExchangeKind) -> Self {
        let state = ExchangeState {
            head: None,
            response: ReceiveHalf::of_response(),
            wide: None,
            is_tunnel: false,
            reader: None,
            // hyper enforces the announced length.
            upload: match kind {
                ExchangeKind::WebSocket => SendHalf::of_socket(),
                ExchangeKind::Request { has_body: true } => SendHalf::new(BodyLength::Unknown),
                ExchangeKind::Request { has_body: false } | ExchangeKind::Scheduled => SendHalf::new(BodyLength::None),
            },
            uploader: None,
            wanted: false,
            place: None,
        };
        Self { id, deadline: due.at, offset, sent: due.since, kind, about, state: RefCell::new(state) }
    }

    /// Gives it its place in the worker, or frees that.
    pub(super) fn set_place(&self, place: Option<Place>) {
        self.state.borrow_mut().place = place;
    }

    /// It was reset, and has its place until the worker has acknowledged that.
    pub(super) fn abandon(&self) {
        // Runs are no HTTP requests, among which abandoned ones are counted.
        if let Some(place) = &mut self.state.borrow_mut().place
            && !self.is_scheduled()
        {
            place.abandon();
        }
    }

    pub(super) fn stream(&self) -> StreamId {
        StreamId::request(self.id)
    }

    pub(super) fn is_scheduled(&self) -> bool {
        self.kind == ExchangeKind::Scheduled
    }

    /// Its entry in the flight record.
    pub(super) fn lost(&self, culprit: bool) -> LostRequest {
        self.about.lost(self.sent, self.state.borrow().response.length().is_some(), culprit)
    }

    // What the link's task calls. True means that the worker is done with the request.

    pub(super) fn on_head(&self, head: ResponseHead) -> Result<bool, Violation> {
        let mut state = self.state.borrow_mut();
        if self.is_scheduled() {
            return Err(Violation::NotScheduled);
        }
        if head.status == SWITCHING_PROTOCOLS {
            if self.kind != ExchangeKind::WebSocket || head.body != BodyLength::Unknown {
                return Err(Violation::Switch);
            }
            if state.response.length().is_some() {
                return Err(StreamViolation::SecondHead.into());
            }
            state.response = ReceiveHalf::of_socket();
            state.is_tunnel = true;
            // An app with many idle sockets takes requests all the same.
            state.place = None;
        } else {
            state.response.begin(head.body)?;
        }
        state.head = Some(head);
        state.wake_reader();
        Ok(state.response.is_ended())
    }

    /// The app has handled a scheduled event.
    pub(super) fn on_scheduled_done(&self) -> Result<bool, Violation> {
        let mut state = self.state.borrow_mut();
        if !self.is_scheduled() {
            return Err(Violation::NotScheduled);
        }
        state.response.begin(BodyLength::None)?;
        state.head = Some(ResponseHead { status: 0, headers: HeaderBlock::default(), body: BodyLength::None });
        state.wake_reader();
        Ok(true)
    }

    pub(super) fn on_chunk(&self, data: Bytes, end: bool) -> Result<bool, Violation> {
        let mut state = self.state.borrow_mut();
        // Nobody waits for it: its client takes nothing now. It keeps a buffer alive of which most may be of others.
        let is_held = state.reader.is_none() && state.head.is_none() && state.wide.is_none();
        let data = if is_held { Bytes::copy_from_slice(&data) } else { data };
        state.response.push(data, end)?;
        state.wake_reader();
        Ok(state.response.is_ended())
    }

    pub(super) fn on_credit(&self, bytes: u32) -> Result<(), Violation> {
        let mut state = self.state.borrow_mut();
        state.upload.credit(bytes)?;
        state.wake_uploader();
        Ok(())
    }

    /// The app reads the request's body: the client is asked for it, and it continues after the response.
    pub(super) fn on_wanted(&self) -> Result<(), Violation> {
        let mut state = self.state.borrow_mut();
        if self.is_scheduled() {
            return Err(Violation::NotScheduled);
        }
        if std::mem::replace(&mut state.wanted, true) {
            return Err(Violation::SecondWish);
        }
        state.wake_uploader();
        Ok(())
    }

    /// The response is complete, and what is to become of the request's body.
    pub(super) fn rest(&self) -> Rest {
        let state = self.state.borrow();
        match (state.upload.is_ended(), state.wanted) {
            (true, _) => Rest::Nothing,
            (false, true) => Rest::Wanted,
            (false, false) => Rest::Unwanted,
        }
    }

    pub(super) fn fail(&self, why: Failed) {
        let mut state = self.state.borrow_mut();
        state.response.fail(why);
        state.wake_reader();
        state.wake_uploader();
    }

    /// The request is no longer on the link: wakes the upload of its body, to stop it.
    pub(super) fn forgotten(&self) {
        self.state.borrow_mut().wake_uploader();
    }

    /// The response is complete, the request's body continues: wakes the upload of its body.
    pub(super) fn answered(&self) {
        let mut state = self.state.borrow_mut();
        state.wake_uploader();
        state.place = None;
    }

    /// The link takes more of the request's body.
    pub(super) fn room_again(&self) {
        self.state.borrow_mut().wake_uploader();
    }

    /// Bytes of the response that the worker may still send.
    pub(super) fn outstanding(&self) -> usize {
        self.state.borrow().response.outstanding()
    }

    pub(super) fn waits_for_head(&self) -> bool {
        let state = self.state.borrow();
        state.response.length().is_none() && state.response.error().is_none()
    }

    // What the request's own future calls.

    pub(super) fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Result<ResponseHead, Failed>> {
        let mut state = self.state.borrow_mut();
        // Nothing was sent yet of a response that failed before its first byte: the client can still get an error
        // response.
        let nothing_came = !state.response.is_ended() && state.response.buffered() == 0;
        if let Some(why) = state.response.error().filter(|_| state.head.is_none() || nothing_came) {
            return Poll::Ready(Err(*why));
        }
        if let Some(head) = state.head.take() {
            return Poll::Ready(Ok(head));
        }
        store(&mut state.reader, cx);
        Poll::Pending
    }

    /// `windows`: the app's share of the shard's wide ones.
    pub(super) fn poll_chunk(
        &self,
        cx: &mut Context<'_>,
        windows: &Rc<Share>,
    ) -> Poll<Option<Result<BodyChunk, Failed>>> {
        let mut state = self.state.borrow_mut();
        match state.response.take(usize::MAX) {
            Received::Data(data, credit) => {
                let credit = credit.map(|credit| credit.saturating_add(state.widen(windows)));
                return Poll::Ready(Some(Ok(BodyChunk { data, credit })));
            }
            Received::End => return Poll::Ready(None),
            Received::Failed(why) => return Poll::Ready(Some(Err(*why))),
            Received::Pending => {}
        }
        store(&mut state.reader, cx);
        Poll::Pending
    }

    /// True when the whole body came.
    pub(super) fn is_complete(&self) -> bool {
        self.state.borrow().response.is_ended()
    }

    /// True when the whole body came and was taken.
    pub(super) fn is_drained(&self) -> bool {
        self.state.borrow().response.is_drained()
    }

    /// Bytes of the body that are yet to be taken, if that is certain.
    pub(super) fn body_left(&self) -> Option<u64> {
        self.state.borrow().response.remaining()
    }

    /// How much of the request's body may be sent now. The caller is woken when that grows or the request ends.
    pub(super) fn send_room(&self, cx: &mut Context<'_>) -> usize {
        let mut state = self.state.borrow_mut();
        store(&mut state.uploader, cx);
        state.upload.room().min(MAX_CHUNK)
    }

    /// A chunk of the request's body was sent. True if it was the last, and the response is complete.
    pub(super) fn sent(&self, bytes: usize, end: bool) -> bool {
        let mut state = self.state.borrow_mut();
        state.upload.sent(bytes, end);
        end && state.response.is_ended()
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.state.borrow().wanted
    }
}

impl ExchangeState {
    /// The client takes what comes: opens the window, if that is not done and there is room for it. The credit for that.
    fn widen(&mut self, windows: &Rc<Share>) -> u32 {
        // That of a tunnel has a width of its own.
        if self.wide.is_some() || self.is_tunnel {
            return 0;
        }
        self.wide = windows.try_take();
        if self.wide.is_some() { self.response.widen() } else { 0 }
    }

    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    fn wake_uploader(&mut self) {
        if let Some(waker) = self.uploader.take() {
            waker.wake();
        }
    }
}

fn store(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}

#[cfg(test)]
mod tests;
