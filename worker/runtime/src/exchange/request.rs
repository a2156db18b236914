//! The requests in flight. A [`RequestContext`] opens when its head comes in and closes when its response is complete and
//! no `waitUntil` holds it, or it was reset by either side. JavaScript knows it by a number, its key.

mod aborted;
mod after_response;
mod body;
mod scheduled;
mod unbegun;
mod websocket;

use std::collections::VecDeque;

use bytes::Bytes;
use nano_protocol::limits::MAX_CHUNK;
use nano_protocol::{
    BodyLength, Frame, HeaderBlock, Outbox, Received, RequestHead, RequestId, ResetReason, ResponseHead, SendHalf,
    Stats, StreamId, StreamTable, StreamViolation, Turns,
};

use crate::exchange::key::{BodyReader, FetchKey, RequestKey};
use crate::exchange::link_outbox::LinkOutbox;
use aborted::AbortedHandlers;
pub(crate) use aborted::Allowance;
use after_response::{HeldRequests, Hold};
pub(super) use body::BodySource;
use body::{Cut, IncomingBody, OutgoingBody};
pub(crate) use unbegun::Call;
use unbegun::Unbegun;

/// How many finished requests are remembered for the log lines that come after them.
const REMEMBERED: usize = 1024;

struct RequestContext {
    link: usize,
    wire_id: RequestId,
    request_id: String,
    headers: HeaderBlock,
    /// The app was not called for it yet.
    unbegun: Option<Unbegun>,
    incoming: IncomingBody,
    /// It asks for a WebSocket, and what comes as its body is what is sent on that.
    websocket: bool,
    outgoing: Option<OutgoingBody>,
    /// The response is complete.
    answered: bool,
    held: Hold,
}

/// What JavaScript gets for a piece of a request's body.
pub(crate) enum BodyRead {
    Chunk(Bytes),
    End,
    /// Nothing has come yet: leave a promise.
    Pending,
    /// The request is over; nothing will come.
    Gone,
}

/// What is to be done after something happened to a request.
pub(crate) enum Outcome {
    Nothing,
    /// Settle the reader's promise with what [`Requests::read_body`] gives now.
    Readable(BodyReader),
    /// There is room for more of the response's body.
    Writable,
    /// There is room for more of a fetch's response, which is handed on.
    HandOn(FetchKey),
    /// The response is complete, the request forgotten. Who still waits for its body learns that nothing will come.
    Complete(Option<BodyReader>),
    /// The same, and the body was handed on without JavaScript, which does not know that it is over.
    HandedOn,
}

/// All requests of one isolate and what is to be sent about them.
pub(crate) struct Requests {
    contexts: StreamTable<RequestContext>,
    /// By link: the keys of the requests that came over it.
    keys: Vec<StreamTable<RequestKey>>,
    finished: VecDeque<(RequestKey, String)>,
    aborted: AbortedHandlers,
    /// Fetches whose responses were to be handed on to requests that ended early.
    pub(super) orphans: Vec<FetchKey>,
    held: HeldRequests,
    /// Bytes of requests that the app was not called for yet.
    unbegun: usize,
    /// By link, in the order of the data links.
    outboxes: Vec<LinkOutbox>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            contexts: StreamTable::keys(),
            keys: Vec::new(),
            finished: VecDeque::new(),
            aborted: AbortedHandlers::default(),
            orphans: Vec::new(),
            held: HeldRequests::default(),
            unbegun: 0,
            outboxes: Vec::new(),
        }
    }
}

impl Requests {
    pub(crate) fn set_links(&mut self, count: usize) {
        self.keys.resize_with(count, StreamTable::default);
        self.outboxes.resize_with(count, LinkOutbox::default);
    }

    /// What is to be sent on the data link `link`.
    pub(crate) fn outbox(&mut self, link: usize) -> Option<&mut Outbox> {
        self.outboxes.get_mut(link).map(|outbox| &mut outbox.frames)
    }

    /// The same with the turns of its bodies.
    pub(super) fn link_outbox(&mut self, link: usize) -> Option<&mut LinkOutbox> {
        self.outboxes.get_mut(link)
    }

    /// Appends totals to what is to be sent on every data link.
    pub(crate) fn broadcast(&mut self, stats: &Stats) {
        for outbox in &mut self.outboxes {
            outbox.frames.push_stats(stats);
        }
    }

    /// Whether nothing more than there is should be added to what is to be sent on a link.
    pub(crate) fn is_full(&self, link: usize) -> bool {
        self.outboxes.get(link).is_some_and(LinkOutbox::is_full)
    }

    /// The body that waited for room on a link longest, if there is some: a response's is to be given to
    /// [`Requests::resume`], that of a fetch to [`crate::exchange::fetch::Fetches::resume_upload`].
    pub(crate) fn next_turn(&mut self, link: usize) -> Option<StreamId> {
        self.outboxes.get_mut(link)?.next_turn()
    }

    /// Whether the last turn was so much work that other work is due.
    pub(crate) fn is_spent(&self, link: usize) -> bool {
        self.outboxes.get(link).is_some_and(LinkOutbox::is_spent)
    }

    /// Other work is done.
    pub(crate) fn renew(&mut self) {
        self.outboxes.iter_mut().for_each(LinkOutbox::renew);
    }

    /// Whether [`Requests::next_turn`] has one on any link.
    pub(crate) fn is_turn_due(&self) -> bool {
        self.outboxes.iter().any(LinkOutbox::is_turn_due)
    }

    /// It is the turn of a response's body.
    pub(crate) fn resume(&mut self, key: RequestKey) -> Outcome {
        self.send_body(key)
    }

    /// Requests whose response is not complete.
    pub(crate) fn in_flight(&self) -> usize {
        self.contexts.len()
    }

    /// Takes in a new request. [`Requests::take_call`] says what the app is to be called with.
    pub(crate) fn open(&mut self, link: usize, wire_id: RequestId, mut head: RequestHead) -> RequestKey {
        let unbegun = Unbegun::new(&mut head);
        let incoming = IncomingBody::new(head.body, head.websocket);
        let mut context = RequestContext::new((link, wire_id), head.request_id, unbegun, incoming);
        context.headers = head.headers;
        context.websocket = head.websocket;
        self.take_in(context)
    }

    fn take_in(&mut self, context: RequestContext) -> RequestKey {
        let key = self.contexts.issue();
        let (link, wire_id) = (context.link, context.wire_id);
        self.unbegun += context.unbegun.as_ref().map_or(0, |unbegun| unbegun.bytes);
        self.contexts.insert(key, context);
        if let Some(keys) = self.keys.get_mut(link) {
            keys.insert(wire_id, key);
        }
        key
    }

    /// The `x-request-id` of a request, also of one that ended a while ago; empty if unknown.
    pub(crate) fn request_id(&self, key: RequestKey) -> &str {
        match self.contexts.get(key) {
            Some(context) => &context.request_id,
            None => {
                let finished = self.finished.iter().rev().find(|(known, _)| *known == key);
                finished.map_or("", |(_, request_id)| request_id)
            }
        }
    }

    /// The request's place on the wire.
    pub(crate) fn wire_id(&self, key: RequestKey) -> Option<(usize, RequestId)> {
        self.contexts.get(key).map(|context| (context.link, context.wire_id))
    }

    /// The requests of a link.
    pub(crate) fn of_link(&self, link: usize) -> Vec<RequestId> {
        self.keys.get(link).into_iter().flat_map(StreamTable::iter).map(|(id, _)| id).collect()
    }

    pub(crate) fn key_of(&self, link: usize, wire_id: RequestId) -> Option<RequestKey> {
        self.keys.get(link)?.get(wire_id).copied()
    }

    /// The request's headers.
    pub(crate) fn headers(&self, key: RequestKey) -> Option<HeaderBlock> {
        self.contexts.get(key).map(|context| context.headers.clone())
    }

    /// A piece of a request's body came in. Returns the request if there is news to deliver, once until
    /// [`Requests::news`] is asked: what comes in between is one piece for them. Pieces for requests that are over are
    /// dropped: the supervisor may have sent them before it knew.
    pub(crate) fn chunk(
        &mut self,
        link: usize,
        wire_id: RequestId,
        data: Bytes,
        end: bool,
    ) -> Result<Option<RequestKey>, StreamViolation> {
        let Some(key) = self.key_of(link, wire_id) else { return Ok(None) };
        let Some(context) = self.contexts.get_mut(key) else { return Ok(None) };
        let incoming = &mut context.incoming;
        let bytes = data.len();
        incoming.body.push(data, end)?;
        if let Some(unbegun) = &mut context.unbegun {
            unbegun.bytes += bytes;
            self.unbegun += bytes;
        }
        if context.answered && incoming.body.error().is_none() {
            self.retain(key, bytes);
        }
        let Some(context) = self.contexts.get_mut(key) else { return Ok(None) };
        let incoming = &mut context.incoming;
        if incoming.unwanted {
            self.drop_body(key);
            return Ok(None);
        }
        let handed_on = matches!(context.outgoing, Some(OutgoingBody { source: BodySource::Request, .. }));
        let told = std::mem::replace(&mut incoming.news, incoming.reader.is_some() || handed_on);
        Ok((incoming.news && !told).then_some(key))
    }

    /// What is to be done with what came of a request's body.
    pub(crate) fn news(&mut self, key: RequestKey) -> Outcome {
        let Some(context) = self.contexts.get_mut(key) else { return Outcome::Nothing };
        if !std::mem::take(&mut context.incoming.news) {
            return Outcome::Nothing;
        }
        if matches!(context.outgoing, Some(OutgoingBody { source: BodySource::Request, .. })) {
            return self.send_body(key);
        }
        context.incoming.reader.take().map_or(Outcome::Nothing, Outcome::Readable)
    }

    /// Takes the next piece of a request's body, and gives credit for it.
    pub(crate) fn read_body(&mut self, key: RequestKey) -> BodyRead {
        let Some(context) = self.contexts.get_mut(key) else { return BodyRead::Gone };
        let incoming = &mut context.incoming;
        match incoming.body.take(usize::MAX) {
            Received::Data(chunk, credit) => {
                give_credit(self.outboxes.get_mut(context.link), StreamId::request(context.wire_id), credit);
                BodyRead::Chunk(chunk)
            }
            Received::Failed(_) => BodyRead::Gone,
            Received::End => BodyRead::End,
            Received::Pending if incoming.unwanted => BodyRead::End,
            Received::Pending => {
                self.ask(key);
                BodyRead::Pending
            }
        }
    }

    /// JavaScript wants no more of a request's body. What has come and what will is dropped as it comes, so that a client
    /// that sends all of it before it reads the response gets to read that. `max_body_mb` still ends it.
    pub(crate) fn cancel_body(&mut self, key: RequestKey) -> Option<BodyReader> {
        let incoming = &mut self.contexts.get_mut(key)?.incoming;
        incoming.unwanted = true;
        let reader = incoming.reader.take();
        self.drop_body(key);
        reader
    }

    fn drop_body(&mut self, key: RequestKey) {
        let Some(context) = self.contexts.get_mut(key) else { return };
        while let Received::Data(_, credit) = context.incoming.body.take(usize::MAX) {
            give_credit(self.outboxes.get_mut(context.link), StreamId::request(context.wire_id), credit);
        }
    }

    /// Leaves a promise for the next piece; false if the request is over or a promise waits already.
    pub(crate) fn wait_for_body(&mut self, key: RequestKey, reader: BodyReader) -> bool {
        match self.contexts.get_mut(key) {
            Some(context) if context.incoming.reader.is_none() => {
                context.incoming.reader = Some(reader);
                true
            }
            _ => false,
        }
    }

    /// Sends a whole response.
    pub(crate) fn respond(&mut self, key: RequestKey, status: u16, headers: HeaderBlock, body: Bytes) -> Outcome {
        let length = match body.len() {
            0 => BodyLength::None,
            length => BodyLength::Known(u64::try_from(length).unwrap_or(u64::MAX)),
        };
        self.begin(
            key,
            ResponseHead { status, headers, body: length },
            BodySource::Whole,
            SendHalf::whole_response(body),
        )
    }

    /// Sends a response's head; [`Requests::send_chunk`] and [`Requests::end_body`] follow.
    pub(crate) fn respond_in_chunks(&mut self, key: RequestKey, status: u16, headers: HeaderBlock) -> Outcome {
        let head = ResponseHead { status, headers, body: BodyLength::Unknown };
        self.begin(key, head, BodySource::Script { waiting: false }, SendHalf::of_response(BodyLength::Unknown))
    }

    /// Sends a response whose body is the request's, of which nothing was read yet.
    pub(crate) fn respond_with_request_body(&mut self, key: RequestKey, status: u16, headers: HeaderBlock) -> Outcome {
        let length = self.contexts.get(key).map_or(BodyLength::None, |context| context.incoming.length());
        let body = if length == BodyLength::Known(0) { BodyLength::None } else { length };
        match self.begin(key, ResponseHead { status, headers, body }, BodySource::Request, SendHalf::of_response(body))
        {
            Outcome::Complete(_) => Outcome::HandedOn,
            outcome => outcome,
        }
    }

    pub(super) fn begin(
        &mut self,
        key: RequestKey,
        head: ResponseHead,
        source: BodySource,
        mut body: SendHalf,
    ) -> Outcome {
        if matches!(source, BodySource::Request) {
            self.ask(key);
        }
        let unanswered = |context: &&mut RequestContext| context.outgoing.is_none() && !context.answered;
        let Some(context) = self.contexts.get_mut(key).filter(unanswered) else { return Outcome::Nothing };
        let Some(outbox) = self.outboxes.get_mut(context.link) else { return Outcome::Nothing };
        let is_over = head.body == BodyLength::None;
        outbox.frames.push(&Frame::ResponseHead(context.wire_id, head));
        if is_over {
            return Outcome::Complete(self.complete(key));
        }
        // As much as a turn goes with the head: a small response does not wait for large ones.
        outbox.send(StreamId::request(context.wire_id), &mut body, Turns::BYTES);
        context.outgoing = Some(OutgoingBody { body, source });
        self.send_body(key)
    }

    /// How much [`Requests::send_chunk`] takes now.
    pub(crate) fn response_room(&mut self, key: RequestKey) -> usize {
        let Some(context) = self.contexts.get(key) else { return 0 };
        let (Some(outgoing), Some(outbox)) = (&context.outgoing, self.outboxes.get_mut(context.link)) else {
            return 0;
        };
        outbox.room(StreamId::request(context.wire_id), &outgoing.body)
    }

    /// Sends a piece of a body that JavaScript makes: at most [`Requests::response_room`] bytes. `waits`: it has more,
    /// and no room; it will be told of some. Returns the room that is left.
    pub(crate) fn send_chunk(&mut self, key: RequestKey, data: Bytes, waits: bool) -> usize {
        let Some(context) = self.contexts.get_mut(key) else { return 0 };
        let (Some(outgoing), Some(outbox)) = (&mut context.outgoing, self.outboxes.get_mut(context.link)) else {
            return 0;
        };
        let stream = StreamId::request(context.wire_id);
        outgoing.body.give(data);
        outbox.send(stream, &mut outgoing.body, usize::MAX);
        let room = outbox.room(stream, &outgoing.body);
        if let BodySource::Script { waiting } = &mut outgoing.source {
            *waiting = waits || room == 0;
        }
        room
    }

    /// The end of a body that JavaScript made.
    pub(crate) fn end_body(&mut self, key: RequestKey) -> Outcome {
        let Some(context) = self.contexts.get_mut(key) else { return Outcome::Nothing };
        let Some(outgoing) = &mut context.outgoing else { return Outcome::Nothing };
        match outgoing.body.end() {
            Ok(false) => {}
            Ok(true) => {
                if let Some(outbox) = self.outboxes.get_mut(context.link) {
                    outbox.frames.push_data(StreamId::request(context.wire_id), true, Bytes::new());
                }
            }
            Err(_) => return Outcome::Complete(self.fail(key, ResetReason::BodyErrored)),
        }
        Outcome::Complete(self.complete(key))
    }

    /// Sends as much of a response's body as there is and its window allows.
    fn send_body(&mut self, key: RequestKey) -> Outcome {
        let Some(context) = self.contexts.get_mut(key) else { return Outcome::Nothing };
        let (Some(outgoing), Some(outbox)) = (&mut context.outgoing, self.outboxes.get_mut(context.link)) else {
            return Outcome::Nothing;
        };
        let (stream, body, incoming) =
            (StreamId::request(context.wire_id), &mut outgoing.body, &mut context.incoming.body);
        match &mut outgoing.source {
            BodySource::Script { waiting } => {
                // Credit does not overtake those that wait for room on the link.
                let goes_on = *waiting && outbox.room(stream, body) > 0;
                *waiting &= !goes_on;
                return if goes_on { Outcome::Writable } else { Outcome::Nothing };
            }
            BodySource::Fetch(fetch) => return Outcome::HandOn(*fetch),
            BodySource::Whole => {
                outbox.send_rest(stream, body);
                if !body.is_ended() {
                    return Outcome::Nothing;
                }
            }
            BodySource::Request => {
                loop {
                    if incoming.is_drained() {
                        outbox.frames.push_data(stream, true, Bytes::new());
                        break;
                    }
                    if incoming.buffered() == 0 {
                        return Outcome::Nothing;
                    }
                    let room = outbox.room(stream, body);
                    let Received::Data(data, credit) = incoming.take(MAX_CHUNK.min(room)) else {
                        return Outcome::Nothing;
                    };
                    // The sender of the request's body gets room as the response's receiver makes some.
                    give_credit(Some(&mut *outbox), stream, credit);
                    let end = incoming.is_drained();
                    outbox.send_piece(stream, body, data, end);
                    if end {
                        break;
                    }
                }
                self.complete(key);
                return Outcome::HandedOn;
            }
        }
        Outcome::Complete(self.complete(key))
    }

    /// The supervisor takes more of a response's body.
    pub(crate) fn credit(&mut self, link: usize, wire_id: RequestId, bytes: u32) -> Result<Outcome, StreamViolation> {
        let Some(key) = self.key_of(link, wire_id) else { return Ok(Outcome::Nothing) };
        let outgoing = self.contexts.get_mut(key).and_then(|context| context.outgoing.as_mut());
        let Some(outgoing) = outgoing else { return Ok(Outcome::Nothing) };
        outgoing.body.credit(bytes)?;
        Ok(self.send_body(key))
    }

    /// Ends a request without a (whole) response. Returns who still waits for its body.
    pub(crate) fn fail(&mut self, key: RequestKey, reason: ResetReason) -> Option<BodyReader> {
        let context = self.contexts.get(key).filter(|context| !context.answered)?;
        let stream = StreamId::request(context.wire_id);
        if let Some(outbox) = self.outboxes.get_mut(context.link) {
            outbox.frames.push(&Frame::reset(stream, reason));
        }
        self.close(key)
    }

    /// The supervisor ended a request. Returns its key, and who still waits for its body.
    pub(crate) fn reset(&mut self, link: usize, wire_id: RequestId) -> Option<(RequestKey, Option<BodyReader>)> {
        let key = self.key_of(link, wire_id)?;
        let context = self.contexts.get_mut(key)?;
        if context.answered {
            // No more of its body will come; what came stays readable as long as `waitUntil` holds it.
            context.incoming.body.fail(Cut);
            return Some((key, context.incoming.reader.take()));
        }
        if let Some(OutgoingBody { source: BodySource::Fetch(fetch), .. }) = &context.outgoing {
            self.orphans.push(*fetch);
        }
        Some((key, self.close(key)))
    }
}

/// Gives credit for a request's body, if it is time to.
fn give_credit(outbox: Option<&mut LinkOutbox>, stream: StreamId, credit: Option<u32>) {
    if let (Some(outbox), Some(bytes)) = (outbox, credit) {
        outbox.frames.push(&Frame::Credit { stream, bytes });
    }
}

#[cfg(test)]
mod tests;
