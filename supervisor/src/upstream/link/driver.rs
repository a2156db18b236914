//! The task of a link: reads, decodes, dispatches, times out, writes.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use nano_protocol::{Decoder, ExitReason, Frame, RequestId, ResetReason, Side, StreamId};
use tokio::time::Sleep;

use super::cost::{Turn, Waste, says_little};
use super::{Death, Failed, InFlight, Link, MAX_UNSENT, Violation, is_limit};

/// Buffer space for each read.
const READ_ROOM: usize = 64 * 1024;
/// The buffer grows when less than this is free.
const MIN_ROOM: usize = 16 * 1024;
/// Turns of reading after a worker has ended: its last frames are at the end of what it sent.
const LAST_TURNS: usize = 16;
/// Slices of one write.
const SLICES: usize = 64;

/// How long to wait for the control plane to report why a worker died.
const EXIT_REASON_TIMEOUT: Duration = Duration::from_secs(1);

/// How a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was retired, and then the worker closed it.
    Retired,
    /// The worker closed it.
    Closed,
    /// The worker broke the protocol.
    Violated(Violation),
}

/// Runs a link until it ends; every request that is still on it fails then. `ended` is called before that, as soon as
/// the link has ended; `cleared` whenever it takes requests again after its worker did not read for a while; `released`
/// when it was retired and the last of its requests is over.
pub(crate) async fn run(link: Rc<Link>, ended: impl FnOnce(End, InFlight), cleared: impl Fn(), released: impl Fn()) {
    let far = Instant::now() + Duration::from_secs(3600);
    let mut task = Task {
        inbox: BytesMut::with_capacity(READ_ROOM),
        waste: Waste::new(Instant::now()),
        unread_timer: None,
        unacknowledged: None,
        timer: Box::pin(tokio::time::sleep_until(far.into())),
        armed: None,
        exiting: None,
        released: false,
        link,
    };
    let end = poll_fn(|cx| {
        let poll = task.poll(cx);
        if task.link.clogged.get() && task.link.sending.borrow().outbox.len() < MAX_UNSENT {
            task.link.clogged.set(false);
            cleared();
        }
        if std::mem::take(&mut task.released) {
            released();
        }
        poll
    })
    .await;
    task.link.ended.set(true);
    task.link.fetches.clear();
    let end = if end == End::Closed && task.link.is_released() { End::Retired } else { end };
    if let End::Violated(_) = end {
        task.link.worker.set_exit(ExitReason::Protocol);
    }
    ended(end, task.link.lost(task.exiting.and_then(|(_, culprit)| culprit)));
    let waits = end == End::Closed && task.exiting.is_none() && !task.link.requests.borrow().is_empty();
    if waits {
        // A worker that could not report why it died still has an exit status.
        let _ = tokio::time::timeout(EXIT_REASON_TIMEOUT, task.link.worker.exit_said()).await;
    }
    task.finish(end);
}

struct Task {
    link: Rc<Link>,
    inbox: BytesMut,
    waste: Waste,
    /// Set while too much is unsent.
    unread_timer: Option<Pin<Box<Sleep>>>,
    /// Set while a reset is not acknowledged.
    unacknowledged: Option<Pin<Box<Sleep>>>,
    timer: Pin<Box<Sleep>>,
    /// When the timer expires.
    armed: Option<Instant>,
    /// The worker's `Exiting` frame.
    exiting: Option<(ExitReason, Option<RequestId>)>,
    /// `released` is still to be called.
    released: bool,
}

impl Task {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        *self.link.task.borrow_mut() = Some(cx.waker().clone());
        if let Some(end) = self.read(cx) {
            return Poll::Ready(end);
        }
        self.check_deadlines(cx);
        if self.write(cx).is_err() {
            // The worker has ended. It may have sent something since the read above, its exit reason for instance.
            let end = (0..LAST_TURNS).find_map(|_| self.read(cx));
            return Poll::Ready(end.unwrap_or(End::Closed));
        }
        if self.has_stopped_reading(cx) {
            return Poll::Ready(End::Violated(Violation::NotReading));
        }
        if self.ignores_resets(cx) {
            return Poll::Ready(End::Violated(Violation::ResetIgnored));
        }
        if let Some(violation) = self.link.violation.take() {
            return Poll::Ready(End::Violated(violation));
        }
        if self.link.sending.borrow().outbox.len() < MAX_UNSENT {
            self.link.fetches.unclogged();
        }
        if self.link.give_turns() {
            cx.waker().wake_by_ref();
        }
        let idle = self.link.requests.borrow().is_empty() && self.link.sending.borrow().outbox.is_empty();
        self.released = self.link.retiring.get() && idle;
        Poll::Pending
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Option<End> {
        let end = self.read_turn(cx);
        let (sent, abandoned, late) = (self.link.sent.take(), self.link.abandoned.take(), self.link.late.take());
        match self.waste.settle(Instant::now(), sent, abandoned, late) {
            Err(violation) if end.is_none() => Some(End::Violated(violation)),
            _ => end,
        }
    }

    /// Dispatches what has come and reads more, as much as one turn may.
    fn read_turn(&mut self, cx: &mut Context<'_>) -> Option<End> {
        let mut turn = Turn::default();
        loop {
            if let Err(violation) = self.take_frames(&mut turn) {
                return Some(End::Violated(violation));
            }
            if self.exiting.is_some() {
                return Some(End::Closed);
            }
            if turn.is_spent() {
                cx.waker().wake_by_ref();
                return None;
            }
            match self.link.socket.poll_read_ready(cx) {
                Poll::Pending => return None,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Some(End::Closed),
            }
            if self.inbox.capacity() - self.inbox.len() < MIN_ROOM {
                self.inbox.reserve(READ_ROOM);
            }
            match self.link.socket.try_read_buf(&mut self.inbox) {
                Ok(0) => return Some(End::Closed),
                Ok(bytes) => turn.read(bytes),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => return Some(End::Closed),
            }
        }
    }

    fn take_frames(&mut self, turn: &mut Turn) -> Result<(), Violation> {
        let decoder = Decoder::new(Side::Worker);
        while self.exiting.is_none() && turn.take_frame() {
            let Some(frame) = decoder.decode(&mut self.inbox)? else { break };
            if says_little(&frame) {
                self.waste.count();
            }
            if matches!(frame, Frame::FetchHead(..)) {
                turn.opens_fetch();
            }
            self.on_frame(frame)?;
        }
        Ok(())
    }

    /// Whether the worker has read nothing for long while too much is unsent.
    fn has_stopped_reading(&mut self, cx: &mut Context<'_>) -> bool {
        let waiting = self.link.sending.borrow().outbox.len();
        // The socket's buffer may take the unsent bytes below the limit, but bodies wait for more.
        let bodies_wait = self.link.sending.borrow().turns.any_waits();
        let least = if bodies_wait { super::BODIES_RESUME } else { super::BODIES_STOP };
        if waiting < least {
            self.unread_timer = None;
            return false;
        }
        let patience = self.link.patience;
        self.unread_timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(cx).is_ready()
    }

    /// Whether the worker has acknowledged nothing for long while resets wait for that.
    fn ignores_resets(&mut self, cx: &mut Context<'_>) -> bool {
        if self.link.leaving.borrow().is_empty() {
            self.unacknowledged = None;
            return false;
        }
        let patience = self.link.reset_patience;
        self.unacknowledged.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(cx).is_ready()
    }

    fn on_reset_ack(&mut self, id: RequestId) -> Result<(), Violation> {
        self.link.on_reset_ack(id)?;
        if let Some(unacknowledged) = &mut self.unacknowledged {
            unacknowledged.as_mut().reset((Instant::now() + self.link.reset_patience).into());
        }
        Ok(())
    }

    fn on_frame(&mut self, frame: Frame) -> Result<(), Violation> {
        let link = &self.link;
        let (id, done) = match frame {
            Frame::ResponseHead(id, head) => (id, link.with(id, |exchange| exchange.on_head(head))?),
            Frame::ScheduledDone { id } => (id, link.with(id, super::Exchange::on_scheduled_done)?),
            Frame::BodyWanted { id } => (id, link.with(id, |exchange| exchange.on_wanted().map(|()| false))?),
            Frame::Data { stream: StreamId { initiator: Side::Supervisor, number: id }, end, data } => {
                (id, link.with(id, |exchange| exchange.on_chunk(data, end))?)
            }
            Frame::Credit { stream: StreamId { initiator: Side::Supervisor, number: id }, bytes } => {
                (id, link.with(id, |exchange| exchange.on_credit(bytes).map(|()| false))?)
            }
            Frame::Reset { stream: StreamId { initiator: Side::Supervisor, number: id }, reason, .. } => {
                return self.on_reset(id, reason);
            }
            Frame::ResetAck { id } => return self.on_reset_ack(id),
            Frame::Stats(stats) => {
                link.worker.record(&stats);
                return Ok(());
            }
            Frame::Exiting { reason, culprit } => {
                link.worker.set_exit(reason);
                self.exiting = Some((reason, culprit));
                return Ok(());
            }
            // The remaining frames are about fetches, or do not belong on this link.
            other => {
                match &other {
                    Frame::FetchHead(..) => self.waste.fetch_opened(),
                    Frame::Data { stream, .. } | Frame::Credit { stream, .. } | Frame::Reset { stream, .. }
                        if !link.fetches.is_open(stream.number) =>
                    {
                        self.waste.count();
                    }
                    _ => {}
                }
                return link.on_fetch_frame(other);
            }
        };
        match done {
            Some(true) => {
                let exchange = link.requests.borrow().get(id).map(Rc::clone);
                if let Some(exchange) = exchange {
                    link.complete(&exchange);
                }
            }
            Some(false) => {}
            None => self.waste.count(),
        }
        Ok(())
    }

    /// The worker gives a request up.
    fn on_reset(&mut self, id: RequestId, reason: ResetReason) -> Result<(), Violation> {
        use ResetReason::{BodyErrored, BodyUnwanted, HandlerThrew, NoHandler, NoResponse, Refused};
        let known = self.link.with(id, |exchange| match (reason, exchange.is_scheduled(), exchange.is_complete()) {
            (BodyUnwanted, false, true) => Ok(false),
            (HandlerThrew | Refused, _, false)
            | (NoResponse | BodyErrored, false, false)
            | (NoHandler, true, false) => {
                exchange.fail(Failed::Reset(reason));
                Ok(false)
            }
            _ => Err(Violation::ResetReason),
        })?;
        if known.is_none() {
            self.waste.count();
        }
        self.link.forget(id);
        Ok(())
    }

    /// One timer for all requests of the link. They have the same timeout, so the timer is set once in that time, not
    /// once per request: when it expires, it is set to the earliest head that is then missing.
    fn check_deadlines(&mut self, cx: &mut Context<'_>) {
        while let Some(due) = self.link.due.get() {
            if self.armed != Some(due) {
                self.timer.as_mut().reset(due.into());
                self.armed = Some(due);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return;
            }
            self.armed = None;
            let now = Instant::now();
            let mut next: Option<Instant> = None;
            let mut overdue = Vec::new();
            for exchange in self.link.requests.borrow().values().filter(|exchange| exchange.waits_for_head()) {
                if exchange.deadline <= now {
                    overdue.push(Rc::clone(exchange));
                } else {
                    next = Some(next.map_or(exchange.deadline, |next| next.min(exchange.deadline)));
                }
            }
            for exchange in overdue {
                exchange.fail(Failed::TimedOut);
                self.link.reset(exchange.id, ResetReason::TimedOut);
            }
            self.link.due.set(next);
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), ()> {
        let mut sending = self.link.sending.borrow_mut();
        while !sending.outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = sending.outbox.io_slices(&mut slices);
            let written = self.link.socket.try_write_vectored(slices.get(..count).unwrap_or(&[]));
            match written {
                Ok(written) => {
                    sending.outbox.advance(written);
                    sending.written += written as u64;
                    if let Some(unread_timer) = &mut self.unread_timer {
                        unread_timer.as_mut().reset((Instant::now() + self.link.patience).into());
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.link.socket.poll_write_ready(cx).is_pending() {
                        return Ok(());
                    }
                }
                Err(_) => return Err(()),
            }
        }
        Ok(())
    }

    /// Fails everything that is still on the link.
    fn finish(&mut self, end: End) {
        let link = &self.link;
        let written = link.sending.borrow().written;
        // The worker did not name the request that ended it, but it had only one.
        let alone = self.exiting.is_none() && link.worker.in_flight.load(Ordering::Relaxed) == 1;
        let reason = link.worker.exit();
        let left: Vec<_> = link.requests.borrow_mut().drain().collect();
        link.leaving.borrow_mut().drain().for_each(|exchange| exchange.set_place(None));
        for exchange in left {
            exchange.set_place(None);
            let seen = exchange.offset < written;
            let named = self.exiting.is_some_and(|(_, culprit)| culprit == Some(exchange.id));
            let culprit = seen && (named || (alone && reason.is_some_and(is_limit)));
            exchange.fail(match end {
                End::Violated(_) => Failed::Protocol,
                End::Retired | End::Closed => Failed::Died(Death { reason, culprit, seen }),
            });
        }
        *link.sending.borrow_mut() = super::Sending::default();
    }
}

impl Link {
    /// Calls `handle` with a request. For a request that is over it is not called (`None`); a request that never
    /// existed is a violation.
    fn with(
        &self,
        id: RequestId,
        hand: impl FnOnce(&super::Exchange) -> Result<bool, Violation>,
    ) -> Result<Option<bool>, Violation> {
        let requests = self.requests.borrow();
        match requests.find(id).map_err(|_| Violation::UnknownRequest(id))? {
            Some(exchange) => hand(exchange).map(Some),
            None => Ok(None),
        }
    }
}
