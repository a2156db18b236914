//! Fetches: what `fetch()` asks the supervisor for. A [`FetchContext`] opens when the fetch is sent and closes when its
//! response was read to its end, failed, or is not wanted any more. JavaScript knows it by a number, its key.

use std::time::{Duration, Instant};

use bytes::Bytes;
use nano_protocol::limits::MAX_FETCHES;
use nano_protocol::{
    BodyLength, FetchHead, FetchId, Frame, ReceiveHalf, Received, ResetReason, SendHalf, StreamId, StreamTable,
    StreamViolation, Turns,
};

mod upload;

use upload::Upload;
pub(crate) use upload::UploadFrom;

use crate::exchange::key::{BodyReader, FetchKey, RequestKey};
use crate::exchange::request::Requests;

/// Shortest time between two collections that are to find responses which are not read.
const COLLECT_EVERY: Duration = Duration::from_secs(1);

pub(super) struct FetchContext {
    link: usize,
    wire_id: FetchId,
    /// The supervisor knows of it still.
    on_wire: bool,
    /// The request whose code made it.
    request: Option<RequestKey>,
    /// The request's body, and where it comes from.
    send: SendHalf,
    upload: Upload,
    /// The response's body, which may end with an error for the app.
    pub(super) response: ReceiveHalf<String>,
    /// Something came that [`Fetches::news`] is to be asked for.
    news: bool,
    reader: Option<BodyReader>,
    /// Its body is handed on as the response to this request.
    pub(super) response_to: Option<RequestKey>,
}

/// What JavaScript gets for a piece of a response's body.
pub(crate) enum FetchRead {
    Chunk(Bytes),
    End,
    /// Nothing has come yet: leave a promise.
    Pending,
    /// There will be no more of it, and why.
    Failed(String),
}

/// Why it was not sent.
pub(crate) enum NotSent {
    /// The maximum is open, or the link is full. `fetchSlotFree` is called when there is room.
    Full,
    /// There is no link, or none yet.
    NoLink,
}

/// What is to be done after something happened to a fetch.
pub(crate) enum FetchOutcome {
    Nothing,
    /// Settle the reader's promise with what [`Fetches::read`] gives now.
    Readable(BodyReader),
    /// There is room for more of the request's body.
    Writable,
    /// Hand on what came (`hand_on.rs`).
    HandOn,
    /// There will be no response: `fetchFailed` is to be called.
    NoResponse,
}

/// Fetches of one isolate.
pub(crate) struct Fetches {
    pub(super) contexts: StreamTable<FetchContext>,
    /// By link: the keys of those that the supervisor knows of; `None` for a link that is closed.
    links: Vec<Option<StreamTable<FetchKey>>>,
    /// That the supervisor knows of.
    open: usize,
    /// A fetch waits for another to be over.
    wanted: bool,
    /// Of these the supervisor takes no more of the request's body, which JavaScript still sends.
    cut: Vec<FetchKey>,
    /// Bytes in queues, for V8 and the memory limit: the change since they were last reported.
    unreported: i64,
    collected: Option<Instant>,
}

impl Default for Fetches {
    fn default() -> Self {
        Self {
            contexts: StreamTable::keys(),
            links: Vec::new(),
            open: 0,
            wanted: false,
            cut: Vec::new(),
            unreported: 0,
            collected: None,
        }
    }
}

impl Fetches {
    /// From now on fetches can be sent, over these links.
    pub(crate) fn set_links(&mut self, count: usize) {
        self.links.clear();
        self.links.resize_with(count, || Some(StreamTable::default()));
    }

    /// Whether a program waits for any: for a response, or for a piece of one.
    pub(crate) fn is_awaited(&self) -> bool {
        let is_awaited = |context: &FetchContext| context.on_wire && context.response.length().is_none();
        self.contexts.values().any(|context| is_awaited(context) || context.reader.is_some())
    }

    /// Whether the supervisor knows of any.
    pub(crate) fn any_open(&self) -> bool {
        self.open > 0
    }

    /// Whether there is a link.
    pub(crate) fn has_link(&self) -> bool {
        self.links.iter().any(Option::is_some)
    }

    /// How many bytes more or less there are in queues than when this was last asked.
    pub(crate) fn take_unreported(&mut self) -> i64 {
        std::mem::take(&mut self.unreported)
    }

    /// Whether responses that cannot be read any more should be looked for.
    pub(crate) fn should_collect(&mut self, now: Instant) -> bool {
        let due = self.collected.is_none_or(|at| now.duration_since(at) >= COLLECT_EVERY);
        if due {
            self.collected = Some(now);
        }
        due
    }

    /// Whether a fetch waited for room and there is some now. True once.
    pub(crate) fn take_wanted(&mut self) -> bool {
        self.open < MAX_FETCHES && std::mem::take(&mut self.wanted)
    }

    /// The request whose code made it.
    pub(crate) fn request_of(&self, key: FetchKey) -> Option<RequestKey> {
        self.contexts.get(key)?.request
    }

    pub(crate) fn key_of(&self, link: usize, id: FetchId) -> Option<FetchKey> {
        self.links.get(link)?.as_ref()?.get(id).copied()
    }

    /// Sends a fetch.
    pub(crate) fn start(
        &mut self,
        requests: &mut Requests,
        request: Option<RequestKey>,
        mut head: FetchHead,
        upload: UploadFrom,
    ) -> Result<FetchKey, NotSent> {
        if self.open >= MAX_FETCHES {
            self.wanted = true;
            return Err(NotSent::Full);
        }
        let own = request.and_then(|key| requests.wire_id(key));
        let own = own.filter(|(link, _)| self.links.get(*link).is_some_and(Option::is_some));
        let Some(link) = own.map(|(link, _)| link).or_else(|| self.links.iter().position(Option::is_some)) else {
            return Err(NotSent::NoLink);
        };
        head.request = own.map(|(_, id)| id);
        // The link is full: this one is sent when that is written.
        if requests.is_full(link) {
            self.wanted = true;
            return Err(NotSent::Full);
        }
        let Some(Some(keys)) = self.links.get_mut(link) else { return Err(NotSent::NoLink) };
        let wire_id = keys.issue();
        let Some(outbox) = requests.link_outbox(link) else { return Err(NotSent::NoLink) };
        let (mut send, upload) = match upload {
            UploadFrom::Nothing => {
                head.body = BodyLength::None;
                (SendHalf::new(head.body), Upload::Whole)
            }
            UploadFrom::Whole(bytes) => {
                head.body = BodyLength::Known(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                (SendHalf::whole(bytes), Upload::Whole)
            }
            UploadFrom::Script(length) => {
                head.body = length.map_or(BodyLength::Unknown, BodyLength::Known);
                (SendHalf::new(head.body), Upload::Script { waiting: false, is_over: false })
            }
        };
        outbox.frames.push(&Frame::FetchHead(wire_id, Box::new(head)));
        // As much as a turn goes with the head: a small body does not wait for large ones.
        outbox.send(StreamId::fetch(wire_id), &mut send, Turns::BYTES);
        let key = self.contexts.issue();
        keys.insert(wire_id, key);
        let context = FetchContext {
            link,
            wire_id,
            on_wire: true,
            request,
            send,
            upload,
            response: ReceiveHalf::default(),
            news: false,
            reader: None,
            response_to: None,
        };
        self.contexts.insert(key, context);
        self.open += 1;
        self.resume_upload(requests, key);
        Ok(key)
    }

    /// How long a response's body is, as it was announced.
    pub(crate) fn body_length(&self, key: FetchKey) -> BodyLength {
        self.contexts.get(key).and_then(|context| context.response.length()).unwrap_or(BodyLength::Unknown)
    }

    /// The head of a response came.
    pub(crate) fn responded(
        &mut self,
        requests: &mut Requests,
        key: FetchKey,
        length: BodyLength,
    ) -> Result<(), StreamViolation> {
        let Some(context) = self.contexts.get_mut(key) else { return Ok(()) };
        context.response.begin(length)?;
        if context.response.is_ended() {
            self.off_wire(requests, key);
            if length == BodyLength::None {
                self.forget(key);
            }
        }
        Ok(())
    }

    /// A piece of a response's body came. Returns whether there is news to deliver, once until [`Fetches::news`] is asked:
    /// what comes in between is one piece for them.
    pub(crate) fn chunk(
        &mut self,
        requests: &mut Requests,
        key: FetchKey,
        data: Bytes,
        end: bool,
    ) -> Result<bool, StreamViolation> {
        let Some(context) = self.contexts.get_mut(key) else { return Ok(false) };
        let bytes = signed(data.len());
        context.response.push(data, end)?;
        self.unreported = self.unreported.saturating_add(bytes);
        let wanted = context.response_to.is_some() || context.reader.is_some();
        let told = std::mem::replace(&mut context.news, wanted);
        let tell = context.news && !told;
        if context.response.is_ended() {
            self.off_wire(requests, key);
        }
        Ok(tell)
    }

    /// What is to be done with what came of a response's body.
    pub(crate) fn news(&mut self, key: FetchKey) -> FetchOutcome {
        let Some(context) = self.contexts.get_mut(key) else { return FetchOutcome::Nothing };
        if !std::mem::take(&mut context.news) {
            return FetchOutcome::Nothing;
        }
        match (context.response_to, context.reader.take()) {
            (Some(_), _) => FetchOutcome::HandOn,
            (None, Some(reader)) => FetchOutcome::Readable(reader),
            (None, None) => FetchOutcome::Nothing,
        }
    }

    /// There will be no (whole) response.
    pub(crate) fn failed(&mut self, requests: &mut Requests, key: FetchKey, message: String) -> FetchOutcome {
        self.off_wire(requests, key);
        let Some(context) = self.contexts.get_mut(key) else { return FetchOutcome::Nothing };
        if context.response.length().is_none() {
            self.forget(key);
            return FetchOutcome::NoResponse;
        }
        context.response.fail(message);
        match (context.response_to, context.reader.take()) {
            (Some(_), _) => FetchOutcome::HandOn,
            (None, Some(reader)) => FetchOutcome::Readable(reader),
            (None, None) => FetchOutcome::Nothing,
        }
    }

    /// Takes the next piece of a response's body, at most `most` bytes, and gives credit for it.
    pub(crate) fn read(&mut self, requests: &mut Requests, key: FetchKey, most: usize) -> FetchRead {
        let Some(context) = self.contexts.get_mut(key) else { return FetchRead::End };
        match context.response.take(most) {
            Received::Data(data, credit) => {
                self.unreported = self.unreported.saturating_sub(signed(data.len()));
                if let (Some(bytes), Some(outbox)) = (credit, requests.outbox(context.link)) {
                    outbox.push(&Frame::Credit { stream: StreamId::fetch(context.wire_id), bytes });
                }
                FetchRead::Chunk(data)
            }
            Received::Pending => FetchRead::Pending,
            Received::Failed(message) => FetchRead::Failed(message.clone()),
            Received::End => {
                self.forget(key);
                FetchRead::End
            }
        }
    }

    /// Leaves a promise for the next piece.
    pub(crate) fn wait(&mut self, key: FetchKey, reader: BodyReader) {
        if let Some(context) = self.contexts.get_mut(key) {
            context.reader = Some(reader);
        }
    }

    /// It is not wanted any more. Returns what waits for its body, and the request that it was to be the response to.
    pub(crate) fn abort(&mut self, requests: &mut Requests, key: FetchKey) -> (Option<BodyReader>, Option<RequestKey>) {
        let Some(context) = self.contexts.get_mut(key) else { return (None, None) };
        if context.on_wire
            && let Some(outbox) = requests.outbox(context.link)
        {
            outbox.push(&Frame::reset(StreamId::fetch(context.wire_id), ResetReason::FetchAborted));
        }
        let found = (context.reader.take(), context.response_to);
        self.off_wire(requests, key);
        self.forget(key);
        found
    }

    /// The link is closed. Returns the keys of those that were on it.
    pub(crate) fn close_link(&mut self, link: usize) -> Vec<FetchKey> {
        let keys = self.links.get_mut(link).and_then(Option::take);
        keys.iter().flat_map(StreamTable::values).copied().collect()
    }

    /// The supervisor does not know of it any more.
    fn off_wire(&mut self, requests: &mut Requests, key: FetchKey) {
        if let Some(context) = self.contexts.get_mut(key).filter(|context| context.on_wire) {
            context.on_wire = false;
            if let Some(outbox) = requests.link_outbox(context.link) {
                outbox.leave(StreamId::fetch(context.wire_id));
            }
            if let Some(Some(keys)) = self.links.get_mut(context.link) {
                keys.remove(context.wire_id);
            }
            self.open -= 1;
            if context.upload.is_running() {
                self.cut.push(key);
            }
        }
    }

    pub(super) fn forget(&mut self, key: FetchKey) {
        if let Some(context) = self.contexts.remove(key) {
            self.unreported = self.unreported.saturating_sub(signed(context.response.buffered()));
        }
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
