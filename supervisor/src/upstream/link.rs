//! A shard's link to one worker: many requests over one socket.
//!
//! One task per link reads the worker's frames, in batches, and passes them to the requests; frames of requests are
//! collected in an [`Outbox`], and the link's task, woken once however many they are, writes them in one go. The worker
//! is not trusted: any frame against the rules ends the link ([`Violation`]).

mod asset_fetch;
mod cache_fetch;
mod cost;
mod driver;
mod exchange;
mod fetch_turns;
mod fetches;
mod local_response;
mod response_windows;

use std::cell::{Cell, RefCell};
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use nano_protocol::{
    BodyLength, ExitReason, Frame, Outbox, RequestHead, RequestId, ResetReason, ResponseHead, Scheduled, Side,
    StreamId, StreamTable, Turns,
};
use tokio::net::UnixStream;

use super::in_flight::{InFlight, RequestSummary};
use super::place::Place;
use super::violation::Violation;
use crate::app::App;
use crate::egress::Egress;
use crate::fair_semaphore::Share;
use crate::worker::Worker;
pub(crate) use driver::{End, run};
use exchange::{BodyChunk, Exchange, ExchangeKind, Rest};
pub(crate) use exchange::{Deadline, Death, Failed};
use fetches::Fetches;
pub(crate) use response_windows::ResponseWindows;

/// Unsent bytes above which a link takes no new requests. A worker that does not read, and clients that send requests
/// and leave, would fill the supervisor's memory.
const MAX_UNSENT: usize = 1 << 20;
/// The same for bodies, of requests and of responses to fetches: below that, so that they leave room for heads.
const BODIES_STOP: usize = MAX_UNSENT / 2;
/// Below this they continue.
const BODIES_RESUME: usize = BODIES_STOP / 2;

/// How long the worker may read nothing while too much is unsent, in addition to a few of its longest turns: no correct
/// worker is that busy, even on a crowded machine.
const MAX_UNREAD_TIME: Duration = Duration::from_secs(20);
/// How many of its longest turns that is.
const UNREAD_TURNS: u32 = 4;

/// The longest turns in which the worker may acknowledge no reset at all, in addition to [`MAX_UNREAD_TIME`] and to what the
/// handlers of ended requests have: before it reads one it may have to begin what fits into the socket before that.
const RESET_TURNS: u32 = 12;

/// A link, as its task and the requests on it share it.
#[derive(Debug)]
pub(crate) struct Link {
    /// The worker at the other end.
    pub(crate) worker: Arc<Worker>,
    socket: UnixStream,
    sending: RefCell<Sending>,
    requests: RefCell<StreamTable<Rc<Exchange>>>,
    /// Requests that were reset, until the worker has acknowledged that: they keep their places until then.
    leaving: RefCell<StreamTable<Rc<Exchange>>>,
    /// The app's fetches: to the network, and to its own files.
    egress: Rc<Egress>,
    app: Option<Arc<App>>,
    fetches: Fetches,
    /// The app's share of the shard's wide windows of responses.
    windows: Rc<Share>,
    /// When the earliest response head is due.
    due: Cell<Option<Instant>>,
    task: RefCell<Option<Waker>>,
    retiring: Cell<bool>,
    /// How long the worker may read nothing while much is unsent.
    patience: Duration,
    /// How long it may acknowledge no reset.
    reset_patience: Duration,
    /// Requests that were sent, and that were given up before their end, since the last settlement.
    sent: Cell<u64>,
    abandoned: Cell<u64>,
    /// Bytes that the worker may still send under its credit, of streams that ended here first, since the last
    /// settlement.
    late: Cell<u64>,
    /// Whether a request was refused because the worker does not read; waiting requests are woken when it reads again.
    clogged: Cell<bool>,
    violation: Cell<Option<Violation>>,
    ended: Cell<bool>,
}

#[derive(Debug)]
struct Sending {
    outbox: Outbox,
    /// Which bodies may add to it.
    turns: Turns,
    /// Bytes ever put into the outbox, and ever written.
    pushed: u64,
    written: u64,
}

impl Link {
    /// Makes a link from the supervisor's end of a data link; pass it to [`run`] too. `app`: whose worker it is. `turn`: the longest that one call
    /// into the app's code may take. `timeout`: the longest that the end of a request may wait for its handler. `windows`: of the
    /// whole shard.
    ///
    /// # Errors
    /// The socket cannot be registered with the shard's runtime.
    pub(crate) fn new(
        worker: Arc<Worker>,
        socket: StdUnixStream,
        (egress, app): (Rc<Egress>, Option<Arc<App>>),
        turn: Duration,
        timeout: Duration,
        windows: &ResponseWindows,
    ) -> io::Result<Rc<Self>> {
        socket.set_nonblocking(true)?;
        let windows = windows.of_app(app.as_ref().map_or("", |app| &app.name));
        Ok(Rc::new(Self {
            worker,
            socket: UnixStream::from_std(socket)?,
            sending: RefCell::default(),
            requests: RefCell::default(),
            leaving: RefCell::default(),
            egress,
            app,
            fetches: Fetches::default(),
            windows,
            due: Cell::new(None),
            task: RefCell::new(None),
            retiring: Cell::new(false),
            patience: MAX_UNREAD_TIME + turn * UNREAD_TURNS,
            reset_patience: MAX_UNREAD_TIME + turn * RESET_TURNS + timeout,
            sent: Cell::new(0),
            abandoned: Cell::new(0),
            late: Cell::new(0),
            clogged: Cell::new(false),
            violation: Cell::new(None),
            ended: Cell::new(false),
        }))
    }

    /// Sends a request, if the link still takes any. The response head is due by `due`. The request has its place until it
    /// is over in the worker.
    pub(crate) fn send(
        self: &Rc<Self>,
        frame: &mut RequestFrame,
        due: Deadline,
        place: Option<Place>,
    ) -> Option<UpstreamRequest> {
        if !self.is_open() {
            return None;
        }
        let exchange = {
            let mut requests = self.requests.borrow_mut();
            let mut sending = self.sending.borrow_mut();
            let id = requests.issue();
            let exchange = Exchange::new(id, frame.about.clone(), due, sending.pushed, frame.kind());
            exchange.set_place(place);
            let exchange = Rc::new(exchange);
            sending.push(|outbox| outbox.push(frame.numbered(id)));
            requests.insert(id, Rc::clone(&exchange));
            exchange
        };
        self.sent.set(self.sent.get() + 1);
        if self.due.get().is_none_or(|earliest| due.at < earliest) {
            self.due.set(Some(due.at));
        }
        self.wake_task();
        Some(UpstreamRequest(RequestBodySender { link: Rc::clone(self), exchange }))
    }

    /// Whether it takes new requests.
    pub(crate) fn is_open(&self) -> bool {
        if self.ended.get() || self.retiring.get() {
            return false;
        }
        let clogged = self.sending.borrow().outbox.len() >= MAX_UNSENT;
        if clogged {
            self.clogged.set(true);
        }
        !clogged
    }

    /// Takes no new requests. The app's fetches continue: the task ends when the worker does.
    pub(crate) fn retire(&self) {
        self.retiring.set(true);
        self.wake_task();
    }

    /// Whether it was retired, and nothing is in flight.
    fn is_released(&self) -> bool {
        self.retiring.get() && self.requests.borrow().is_empty()
    }

    /// The worker broke the rules, and only the reader of a response could see that.
    fn violate(&self, violation: Violation) {
        self.worker.set_exit(ExitReason::Protocol);
        self.violation.set(Some(violation));
        self.wake_task();
    }

    fn push(&self, frame: &Frame) {
        self.sending.borrow_mut().push(|outbox| outbox.push(frame));
        self.wake_task();
    }

    /// A request is over here and in the worker.
    fn forget(&self, id: RequestId) {
        if let Some(exchange) = self.remove(id) {
            exchange.set_place(None);
        }
    }

    /// Takes a request off the link; the worker's later frames about it are ignored.
    fn remove(&self, id: RequestId) -> Option<Rc<Exchange>> {
        let exchange = self.requests.borrow_mut().remove(id)?;
        self.sending.borrow_mut().turns.leave(exchange.stream());
        exchange.forgotten();
        if self.retiring.get() {
            self.wake_task();
        }
        Some(exchange)
    }

    /// A request's response is complete. If the app still reads the request's body, that continues.
    fn complete(&self, exchange: &Exchange) {
        match exchange.rest() {
            Rest::Nothing => self.forget(exchange.id),
            Rest::Unwanted => self.reset(exchange.id, ResetReason::BodyUnwanted),
            Rest::Wanted => exchange.answered(),
        }
    }

    /// Ends a request. Unless its response is complete, the worker acknowledges that; until then the request is in flight.
    fn reset(&self, id: RequestId, reason: ResetReason) {
        let Some(exchange) = self.remove(id) else { return };
        if self.ended.get() || reason == ResetReason::BodyUnwanted {
            exchange.set_place(None);
        }
        if self.ended.get() {
            return;
        }
        self.abandoned.set(self.abandoned.get() + 1);
        self.late.set(self.late.get().saturating_add(exchange.outstanding() as u64));
        self.push(&Frame::reset(StreamId::request(id), reason));
        if reason != ResetReason::BodyUnwanted {
            exchange.abandon();
            self.leaving.borrow_mut().insert(id, exchange);
        }
    }

    /// A request that was reset is over in the worker.
    fn on_reset_ack(&self, id: RequestId) -> Result<(), Violation> {
        let exchange = self.leaving.borrow_mut().remove(id).ok_or(Violation::UnknownReset(id))?;
        exchange.set_place(None);
        Ok(())
    }

    /// The requests in the worker, for the flight record; `culprit` is the one that the worker named.
    fn lost(&self, culprit: Option<RequestId>) -> InFlight {
        let (requests, leaving) = (self.requests.borrow(), self.leaving.borrow());
        let unanswered = requests.values().chain(leaving.values()).filter(|exchange| !exchange.is_complete());
        InFlight::of(unanswered.map(|exchange| exchange.lost(culprit == Some(exchange.id))).collect())
    }

    /// Bodies that waited for room continue, as many as there is room for. Whether more of them should as soon as these had
    /// the chance: who has nothing to send must not keep the link idle.
    fn give_turns(&self) -> bool {
        let unsent = self.sending.borrow().outbox.len();
        let mut given = 0;
        loop {
            let next = self.sending.borrow_mut().turns.next(unsent + given);
            let Some(stream) = next else { break };
            given += Turns::BYTES;
            match stream.initiator {
                Side::Supervisor => {
                    self.requests.borrow().get(stream.number).into_iter().for_each(|exchange| exchange.room_again());
                }
                Side::Worker => self.fetches.room_again(stream.number),
            }
        }
        self.sending.borrow().turns.is_due(unsent)
    }

    fn wake_task(&self) {
        if let Some(task) = self.task.borrow_mut().take() {
            task.wake();
        }
    }
}

impl Default for Sending {
    fn default() -> Self {
        Self { outbox: Outbox::default(), turns: Turns::new(BODIES_STOP), pushed: 0, written: 0 }
    }
}

impl Sending {
    /// How much of a body may be added, of the `window` that the worker takes. None though there is a window: it is woken
    /// in its turn.
    fn room(&mut self, stream: StreamId, window: usize) -> usize {
        self.turns.room(stream, window, self.outbox.len())
    }

    /// Adds a piece of a body, for which there is room.
    fn push_data(&mut self, stream: StreamId, data: Bytes, end: bool) {
        self.turns.sent(stream, data.len());
        if end {
            self.turns.leave(stream);
        }
        self.push(|outbox| outbox.push_data(stream, end, data));
    }

    fn push(&mut self, push: impl FnOnce(&mut Outbox)) {
        let before = self.outbox.len();
        push(&mut self.outbox);
        self.pushed += (self.outbox.len() - before) as u64;
    }
}

/// A request's head or a scheduled event, which can be sent more than once.
#[derive(Debug)]
pub(crate) struct RequestFrame {
    frame: Frame,
    about: RequestSummary,
}

impl RequestFrame {
    pub(crate) fn new(head: RequestHead, about: RequestSummary) -> Self {
        Self { frame: Frame::RequestHead(0, Box::new(head)), about }
    }

    /// A scheduled event: it is answered by a head without status, headers and body.
    pub(crate) fn scheduled(event: Scheduled, about: RequestSummary) -> Self {
        Self { frame: Frame::Scheduled(0, Box::new(event)), about }
    }

    /// Bytes of the request's head, at least.
    pub(crate) fn head_bytes(&self) -> usize {
        match &self.frame {
            Frame::RequestHead(_, head) => head.url.len() + head.headers.as_bytes().len(),
            _ => 0,
        }
    }

    fn kind(&self) -> ExchangeKind {
        match &self.frame {
            Frame::RequestHead(_, head) if head.websocket => ExchangeKind::WebSocket,
            Frame::RequestHead(_, head) => ExchangeKind::Request { has_body: head.body != BodyLength::None },
            _ => ExchangeKind::Scheduled,
        }
    }

    fn numbered(&mut self, number: RequestId) -> &Frame {
        if let Frame::RequestHead(id, _) | Frame::Scheduled(id, _) = &mut self.frame {
            *id = number;
        }
        &self.frame
    }
}

/// A request that was sent. Dropping it before its response is complete tells the worker that the client is gone.
#[derive(Debug)]
pub(crate) struct UpstreamRequest(RequestBodySender);

impl UpstreamRequest {
    /// The worker that has it.
    pub(crate) fn worker(&self) -> &Arc<Worker> {
        &self.0.link.worker
    }

    /// Waits for the response's head.
    pub(crate) fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Result<ResponseHead, Failed>> {
        self.0.exchange.poll_head(cx)
    }

    /// The next chunk of the response's body; taking it gives the worker credit.
    pub(crate) fn poll_chunk(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failed>>> {
        self.0.exchange.poll_chunk(cx, &self.0.link.windows).map_ok(|BodyChunk { data, credit }| {
            if let Some(bytes) = credit {
                self.0.link.push(&Frame::Credit { stream: self.0.exchange.stream(), bytes });
            }
            data
        })
    }

    /// True when the whole body has come, taken or not: the worker is done.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.exchange.is_complete()
    }

    /// True when the whole body has come and was taken.
    pub(crate) fn is_drained(&self) -> bool {
        self.0.exchange.is_drained()
    }

    /// Bytes of the body that are yet to be taken, if that is certain.
    pub(crate) fn body_left(&self) -> Option<u64> {
        self.0.exchange.body_left()
    }

    /// Gives the request up and says why.
    pub(crate) fn reset(&self, reason: ResetReason) {
        self.0.link.reset(self.0.exchange.id, reason);
    }

    /// The response's head is not HTTP: a violation of the worker.
    pub(crate) fn refuse_head(&self) {
        self.0.link.violate(Violation::Header);
    }

    /// The sender of the request's body.
    pub(crate) fn body_sender(&self) -> &RequestBodySender {
        &self.0
    }
}

impl Drop for UpstreamRequest {
    fn drop(&mut self) {
        // A request's body that the app still reads outlives the response.
        if !self.is_complete() {
            self.reset(ResetReason::ClientGone);
        }
    }
}

/// Sends a request's body.
#[derive(Debug, Clone)]
pub(crate) struct RequestBodySender {
    link: Rc<Link>,
    exchange: Rc<Exchange>,
}

impl RequestBodySender {
    /// Waits until at least one byte may be sent; returns how many may, or `None` when the request is over.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        let window = self.exchange.send_room(cx);
        if !self.is_open() {
            return Poll::Ready(None);
        }
        match self.link.sending.borrow_mut().room(self.exchange.stream(), window) {
            0 => Poll::Pending,
            room => Poll::Ready(Some(room)),
        }
    }

    /// Whether the request is still on the link.
    pub(crate) fn is_open(&self) -> bool {
        self.link.requests.borrow().contains(self.exchange.id)
    }

    /// Sends a chunk: at most as much as [`Self::poll_room`] returned.
    pub(crate) fn send(&self, data: Bytes, end: bool) {
        let is_over = self.exchange.sent(data.len(), end);
        self.link.sending.borrow_mut().push_data(self.exchange.stream(), data, end);
        self.link.wake_task();
        if is_over {
            self.link.forget(self.exchange.id);
        }
    }

    /// Whether the app reads the request's body. The waker of [`Self::poll_room`] is woken when it begins to.
    pub(crate) fn is_wanted(&self) -> bool {
        self.exchange.is_wanted()
    }

    /// Whether the whole response has come.
    pub(crate) fn is_answered(&self) -> bool {
        self.exchange.is_complete()
    }

    /// The body cannot be completed: gives the request and its response up.
    pub(crate) fn fail(&self, reason: ResetReason) {
        self.link.reset(self.exchange.id, reason);
        self.exchange.fail(Failed::Upload);
    }
}

/// Reasons for which a worker ends because of one request's code.
pub(crate) fn is_limit(reason: ExitReason) -> bool {
    matches!(reason, ExitReason::Cpu | ExitReason::Heap | ExitReason::Memory)
}

#[cfg(test)]
mod tests;
