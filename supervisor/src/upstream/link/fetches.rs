//! Fetches of one link: passes the worker's frames to [`Egress`](crate::egress::Egress), or to the app's static files and caches, and
//! responses to the worker, both under windows. Each is a task of its own; the link's end, or the worker's `Reset`, ends it
//! and its connection.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use nano_protocol::limits::{MAX_CHUNK, MAX_FETCH_ERROR, MAX_FETCHES};
use nano_protocol::{
    BodyLength, FetchDestination, FetchFailure, FetchHead, FetchId, FetchResponse, Frame, SendHalf, StreamId,
    StreamTable,
};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::timeout;

use super::fetch_turns::FetchTurns;
use super::local_response::LocalResponse;
use super::{Link, MAX_UNSENT, Violation};
use super::{asset_fetch, cache_fetch};
use crate::egress::{EgressError, EgressResponse, EgressTunnel, SocketAnswer, UploadQueue};
use crate::otlp::FetchSpan;
use crate::upstream::truncate_utf8;

/// How long a static file is kept open, or what was kept in a cache stays in memory, for a worker that does not read it, and
/// room in a cache for one that does not send.
pub(super) const UNREAD: Duration = Duration::from_secs(60);

/// The fetches of one link.
#[derive(Debug, Default)]
pub(super) struct Fetches {
    open: RefCell<StreamTable<Rc<Fetch>>>,
    /// Wakes those that wait for the worker to read, in the order in which they came.
    unclogged: Notify,
    /// Until their responses begin.
    turns: FetchTurns,
}

#[derive(Debug)]
struct Fetch {
    id: FetchId,
    upload: Rc<UploadQueue>,
    room: RefCell<Room>,
    /// The worker has reset it.
    given_up: Notify,
    task: RefCell<Option<AbortHandle>>,
}

/// How much of the response may be sent.
#[derive(Debug)]
struct Room {
    send: SendHalf,
    waker: Option<Waker>,
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.abort();
    }
}

impl Fetch {
    fn abort(&self) {
        if let Some(task) = self.task.borrow_mut().take() {
            task.abort();
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.room.borrow_mut().waker.take() {
            waker.wake();
        }
    }
}

impl Fetches {
    /// Whether it is open.
    pub(super) fn is_open(&self, id: FetchId) -> bool {
        self.open.borrow().contains(id)
    }

    /// The link can be written to again.
    pub(super) fn unclogged(&self) {
        self.unclogged.notify_waiters();
    }

    /// It is this response's turn to use the room of the link.
    pub(super) fn room_again(&self, id: FetchId) {
        self.open.borrow().get(id).into_iter().for_each(|fetch| fetch.wake());
    }

    /// Ends all of them.
    pub(super) fn clear(&self) {
        let all: Vec<_> = self.open.borrow_mut().drain().collect();
        all.iter().for_each(|fetch| fetch.abort());
    }
}

impl Link {
    /// A frame about a fetch.
    pub(super) fn on_fetch_frame(self: &Rc<Self>, frame: Frame) -> Result<(), Violation> {
        match frame {
            Frame::FetchHead(id, head) => self.open_fetch(id, *head),
            Frame::Data { stream, end, data } => match self.fetch(stream.number)? {
                Some(fetch) => Ok(fetch.upload.push(data, end)?),
                None => Ok(()),
            },
            Frame::Credit { stream, bytes } => {
                let Some(fetch) = self.fetch(stream.number)? else { return Ok(()) };
                fetch.room.borrow_mut().send.credit(bytes)?;
                fetch.wake();
                Ok(())
            }
            Frame::Reset { stream, .. } => {
                self.fetch(stream.number)?;
                if let Some(fetch) = self.close_fetch(stream.number) {
                    fetch.given_up.notify_one();
                }
                Ok(())
            }
            _ => Err(Violation::WrongLink),
        }
    }

    /// An open one; `None` for one that is over already.
    fn fetch(&self, id: FetchId) -> Result<Option<Rc<Fetch>>, Violation> {
        let open = self.fetches.open.borrow();
        Ok(open.find(id).map_err(|_| Violation::UnknownFetch(id))?.map(Rc::clone))
    }

    fn close_fetch(&self, id: FetchId) -> Option<Rc<Fetch>> {
        self.sending.borrow_mut().turns.leave(StreamId::fetch(id));
        self.fetches.open.borrow_mut().remove(id)
    }

    fn open_fetch(self: &Rc<Self>, id: FetchId, head: FetchHead) -> Result<(), Violation> {
        let open = &self.fetches.open;
        open.borrow_mut().accept(id).map_err(|_| Violation::FetchNumber(id))?;
        if open.borrow().len() >= MAX_FETCHES {
            return Err(Violation::TooManyFetches);
        }
        let weak = Rc::downgrade(self);
        let upload = UploadQueue::new(head.body, move |bytes| {
            if let Some(link) = weak.upgrade() {
                link.push(&Frame::Credit { stream: StreamId::fetch(id), bytes });
            }
        });
        let room = Room { send: SendHalf::new(BodyLength::Unknown), waker: None };
        let (room, task) = (RefCell::new(room), RefCell::default());
        let fetch = Rc::new(Fetch { id, upload, room, given_up: Notify::new(), task });
        open.borrow_mut().insert(id, Rc::clone(&fetch));
        // The task must not keep its own entry alive.
        let task = spawn_local(run(Rc::clone(self), Rc::clone(&fetch), head)).abort_handle();
        *fetch.task.borrow_mut() = Some(task);
        Ok(())
    }

    /// The span of a fetch to the network, if the trace of the request that makes it is kept.
    fn fetch_span(&self, head: &FetchHead) -> Option<FetchSpan> {
        if !matches!(head.to, FetchDestination::Network | FetchDestination::WebSocket) {
            return None;
        }
        let (id, requests, leaving) = (head.request?, self.requests.borrow(), self.leaving.borrow());
        requests.get(id).or_else(|| leaving.get(id))?.spans()?.fetch(head)
    }

    /// Waits until a chunk of the response may be sent; returns its maximal length.
    fn poll_fetch_room(&self, fetch: &Fetch, cx: &mut Context<'_>) -> Poll<usize> {
        let mut room = fetch.room.borrow_mut();
        let window = room.send.room().min(MAX_CHUNK);
        match self.sending.borrow_mut().room(StreamId::fetch(fetch.id), window) {
            0 => {
                room.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            most => Poll::Ready(most),
        }
    }

    /// Waits until the worker has read enough of what was sent to it. A worker that never reads makes no progress, and
    /// its requests do not fill the supervisor's memory.
    async fn unclogged(&self) {
        while self.sending.borrow().outbox.len() >= MAX_UNSENT {
            self.fetches.unclogged.notified().await;
        }
    }

    fn push_fetch_data(&self, fetch: &Fetch, data: Bytes, end: bool) {
        fetch.room.borrow_mut().send.sent(data.len(), end);
        self.sending.borrow_mut().push_data(StreamId::fetch(fetch.id), data, end);
        self.wake_task();
    }
}

async fn run(link: Rc<Link>, fetch: Rc<Fetch>, head: FetchHead) {
    let answer = unless_given_up(&fetch, async {
        link.unclogged().await;
        let span = link.fetch_span(&head);
        let answer = link.fetches.turns.take(begin(&link, &fetch, head)).await;
        if let Some(span) = span {
            span.end(answer.as_ref().map(|answer| answer.head().status).map_err(|error| error.failure.as_str()));
        }
        answer
    });
    let outcome = match answer.await {
        None => return,
        Some(Err(error)) => Err(error),
        Some(Ok(mut answer)) => match unless_given_up(&fetch, relay(&link, &fetch, &mut answer)).await {
            None => {
                // The rest needs nothing of the link, and the link's end does not end it.
                fetch.task.borrow_mut().take();
                drop((link, fetch));
                if let Answer::Network(answer) = answer {
                    answer.give_up().await;
                }
                return;
            }
            Some(Ok(())) => {
                if let Answer::Network(answer) = answer {
                    answer.finish();
                }
                Ok(())
            }
            Some(Err(error)) => Err(error),
        },
    };
    if outcome.is_err() {
        // It counts as open until its end can be sent.
        if unless_given_up(&fetch, link.unclogged()).await.is_none() {
            return;
        }
    }
    // The worker removes it when it reads of its end: the worker's number of open ones is never below this one.
    link.close_fetch(fetch.id);
    link.late.set(link.late.get().saturating_add(fetch.upload.outstanding() as u64));
    if let Err(error) = outcome {
        let message = truncate_utf8(&error.message, MAX_FETCH_ERROR).to_owned();
        link.push(&Frame::fetch_failed(fetch.id, error.failure, message));
    }
}

/// Sends a fetch, and waits until its response begins.
async fn begin(link: &Link, fetch: &Fetch, head: FetchHead) -> Result<Answer, EgressError> {
    let app = link.app.as_deref();
    match &head.to {
        FetchDestination::Network => link.egress.send(head, &fetch.upload).await.map(Answer::Network),
        FetchDestination::WebSocket => link.egress.send_socket(head, &fetch.upload).await.map(|answer| match answer {
            SocketAnswer::Tunnel(tunnel) => Answer::Socket(tunnel),
            SocketAnswer::Response(response) => Answer::Network(response),
        }),
        // What comes of its body is not taken: files have GET and HEAD.
        FetchDestination::Assets => asset_fetch::send(app, &head).await.map(Answer::Local),
        FetchDestination::Cache { name, call } => {
            cache_fetch::send(app, &head, (name, call), &fetch.upload).await.map(Answer::Local)
        }
    }
}

/// The future's output; `None` as soon as the worker resets the request.
async fn unless_given_up<F: Future>(fetch: &Fetch, future: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        () = fetch.given_up.notified() => None,
        output = future => Some(output),
    }
}

/// What a fetch got.
enum Answer {
    Network(EgressResponse),
    Local(LocalResponse),
    Socket(EgressTunnel),
}

impl Answer {
    fn head(&self) -> &FetchResponse {
        match self {
            Self::Network(answer) => &answer.head,
            Self::Local(answer) => &answer.head,
            Self::Socket(tunnel) => &tunnel.head,
        }
    }

    /// Waits for room; what is nano's own is not held for a worker that does not read it.
    async fn when_read(&self, room: impl Future<Output = usize>) -> Result<usize, EgressError> {
        match self {
            Self::Network(_) | Self::Socket(_) => Ok(room.await),
            Self::Local(_) => timeout(UNREAD, room).await.map_err(|_| {
                let text = format!("the body was not read for {} s", UNREAD.as_secs());
                EgressError::new(FetchFailure::TimedOut, text)
            }),
        }
    }

    async fn next(&mut self) -> Option<Result<Bytes, EgressError>> {
        match self {
            Self::Network(answer) => answer.next().await,
            Self::Local(answer) => answer.next().await,
            Self::Socket(tunnel) => tunnel.next().await,
        }
    }

    fn is_complete(&self) -> bool {
        match self {
            Self::Network(answer) => answer.is_complete(),
            Self::Local(answer) => answer.is_complete(),
            Self::Socket(tunnel) => tunnel.is_complete(),
        }
    }
}

/// Sends the response to the worker, as fast as its app takes it.
async fn relay(link: &Link, fetch: &Fetch, answer: &mut Answer) -> Result<(), EgressError> {
    let has_body = answer.head().body != BodyLength::None;
    link.unclogged().await;
    link.push(&Frame::FetchResponse(fetch.id, Box::new(answer.head().clone())));
    let mut ended = !has_body;
    while !ended {
        // Nothing is read before there is room for it.
        answer.when_read(poll_fn(|cx| link.poll_fetch_room(fetch, cx))).await?;
        let mut data = match answer.next().await {
            None => {
                link.push_fetch_data(fetch, Bytes::new(), true);
                break;
            }
            Some(data) => data?,
        };
        ended = answer.is_complete();
        loop {
            let most = answer.when_read(poll_fn(|cx| link.poll_fetch_room(fetch, cx))).await?;
            let piece = data.split_to(most.min(data.len()));
            let last = data.is_empty();
            link.push_fetch_data(fetch, piece, ended && last);
            if last {
                break;
            }
        }
    }
    Ok(())
}
