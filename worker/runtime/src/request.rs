//! The requests in flight. A [`RequestContext`] opens when its head comes in and closes when its response is complete,
//! or it was reset by either side. JavaScript knows it by a number, its key.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use nano_protocol::limits::MAX_CHUNK;
use nano_protocol::{BodyLength, Frame, HeaderBlock, Outbox, ReceiveWindow, RequestHead, RequestId, ResetReason};
use nano_protocol::{ResponseHead, SendWindow, WindowExceeded};

/// A request as JavaScript knows it: unique in the isolate until 2^30 requests later; never 0.
pub(crate) type RequestKey = u32;

/// Keys stay within V8's small integers.
const MAX_KEY: RequestKey = 0x3fff_ffff;

/// How many finished requests are remembered for the log lines that come after them.
const REMEMBERED: usize = 1024;

/// Who waits for the next piece of a request's body.
pub(crate) type BodyReader = v8::Global<v8::PromiseResolver>;

/// The request's body on its way to JavaScript.
struct IncomingBody {
    chunks: VecDeque<Bytes>,
    window: ReceiveWindow,
    /// No more chunks will come.
    ended: bool,
    reader: Option<BodyReader>,
}

/// The response's body on its way out: what waits for credit.
struct OutgoingBody {
    window: SendWindow,
    rest: VecDeque<Bytes>,
}

struct RequestContext {
    link: usize,
    wire_id: RequestId,
    request_id: String,
    headers: HeaderBlock,
    incoming: IncomingBody,
    outgoing: Option<OutgoingBody>,
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

/// What came of a frame about a request.
pub(crate) enum BodyEvent {
    /// Nobody waits for it.
    Nothing,
    /// Settle the reader's promise with what [`Requests::read_body`] gives now.
    Readable(BodyReader),
}

/// All requests of one isolate and what is to be sent about them.
#[derive(Default)]
pub(crate) struct Requests {
    contexts: HashMap<RequestKey, RequestContext>,
    keys: HashMap<(usize, RequestId), RequestKey>,
    last_key: RequestKey,
    finished: VecDeque<(RequestKey, String)>,
    /// By link, in the order of the data links.
    outboxes: Vec<Outbox>,
}

impl Requests {
    pub(crate) fn set_links(&mut self, count: usize) {
        self.outboxes.resize_with(count, Outbox::default);
    }

    /// What is to be sent on the data link `link`.
    pub(crate) fn outbox(&mut self, link: usize) -> Option<&mut Outbox> {
        self.outboxes.get_mut(link)
    }

    /// Appends a frame to what is to be sent on every data link.
    pub(crate) fn broadcast(&mut self, frame: &Frame) {
        for outbox in &mut self.outboxes {
            outbox.push(frame);
        }
    }

    /// Requests whose response is not complete.
    pub(crate) fn in_flight(&self) -> usize {
        self.contexts.len()
    }

    /// Takes in a new request.
    pub(crate) fn open(&mut self, link: usize, wire_id: RequestId, head: RequestHead) -> RequestKey {
        let key = loop {
            self.last_key = if self.last_key >= MAX_KEY { 1 } else { self.last_key + 1 };
            if !self.contexts.contains_key(&self.last_key) {
                break self.last_key;
            }
        };
        let incoming = IncomingBody {
            chunks: VecDeque::new(),
            window: ReceiveWindow::default(),
            ended: head.body == BodyLength::None,
            reader: None,
        };
        let context = RequestContext {
            link,
            wire_id,
            request_id: head.request_id,
            headers: head.headers,
            incoming,
            outgoing: None,
        };
        self.contexts.insert(key, context);
        self.keys.insert((link, wire_id), key);
        key
    }

    /// Forgets a request. Returns who still waits for its body.
    fn close(&mut self, key: RequestKey) -> Option<BodyReader> {
        let context = self.contexts.remove(&key)?;
        self.keys.remove(&(context.link, context.wire_id));
        if self.finished.len() == REMEMBERED {
            self.finished.pop_front();
        }
        self.finished.push_back((key, context.request_id));
        context.incoming.reader
    }

    /// The `x-request-id` of a request, also of one that ended a while ago; empty if unknown.
    pub(crate) fn request_id(&self, key: RequestKey) -> &str {
        match self.contexts.get(&key) {
            Some(context) => &context.request_id,
            None => {
                let finished = self.finished.iter().rev().find(|(known, _)| *known == key);
                finished.map_or("", |(_, request_id)| request_id)
            }
        }
    }

    /// The request's place on the wire.
    pub(crate) fn wire_id(&self, key: RequestKey) -> Option<(usize, RequestId)> {
        self.contexts.get(&key).map(|context| (context.link, context.wire_id))
    }

    /// The requests of a link.
    pub(crate) fn of_link(&self, link: usize) -> Vec<RequestId> {
        self.keys.keys().filter(|(of, _)| *of == link).map(|(_, id)| *id).collect()
    }

    pub(crate) fn key_of(&self, link: usize, wire_id: RequestId) -> Option<RequestKey> {
        self.keys.get(&(link, wire_id)).copied()
    }

    /// The request's headers.
    pub(crate) fn headers(&self, key: RequestKey) -> Option<HeaderBlock> {
        self.contexts.get(&key).map(|context| context.headers.clone())
    }

    /// A piece of a request's body came in. Pieces for requests that are over are dropped: the supervisor may have
    /// sent them before it knew.
    pub(crate) fn chunk(
        &mut self,
        link: usize,
        wire_id: RequestId,
        data: Bytes,
        end: bool,
    ) -> Result<BodyEvent, WindowExceeded> {
        let context = self.keys.get(&(link, wire_id)).and_then(|key| self.contexts.get_mut(key));
        let Some(context) = context else { return Ok(BodyEvent::Nothing) };
        let incoming = &mut context.incoming;
        incoming.window.received(data.len())?;
        incoming.ended |= end;
        if !data.is_empty() {
            incoming.chunks.push_back(data);
        }
        Ok(incoming.reader.take().map_or(BodyEvent::Nothing, BodyEvent::Readable))
    }

    /// Takes the next piece of a request's body, and gives credit for it.
    pub(crate) fn read_body(&mut self, key: RequestKey) -> BodyRead {
        let Some(context) = self.contexts.get_mut(&key) else { return BodyRead::Gone };
        let incoming = &mut context.incoming;
        match incoming.chunks.pop_front() {
            Some(chunk) => {
                // Nothing more comes after the end, so credit would have no use.
                if let Some(bytes) = incoming.window.consumed(chunk.len()).filter(|_| !incoming.ended)
                    && let Some(outbox) = self.outboxes.get_mut(context.link)
                {
                    outbox.push(&Frame::Credit { id: context.wire_id, bytes });
                }
                BodyRead::Chunk(chunk)
            }
            None if incoming.ended => BodyRead::End,
            None => BodyRead::Pending,
        }
    }

    /// Leaves a promise for the next piece; false if the request is over or somebody waits already.
    pub(crate) fn wait_for_body(&mut self, key: RequestKey, reader: BodyReader) -> bool {
        match self.contexts.get_mut(&key) {
            Some(context) if context.incoming.reader.is_none() => {
                context.incoming.reader = Some(reader);
                true
            }
            _ => false,
        }
    }

    /// Sends a response. Returns who still waits for the request's body if the response is complete with that.
    pub(crate) fn respond(
        &mut self,
        key: RequestKey,
        status: u16,
        headers: HeaderBlock,
        body: Bytes,
    ) -> Option<BodyReader> {
        let context = self.contexts.get_mut(&key)?;
        if context.outgoing.is_some() {
            return None;
        }
        let outbox = self.outboxes.get_mut(context.link)?;
        let length = match body.len() {
            0 => BodyLength::None,
            length => BodyLength::Known(u64::try_from(length).unwrap_or(u64::MAX)),
        };
        outbox.push(&Frame::ResponseHead(context.wire_id, ResponseHead { status, headers, body: length }));
        if length == BodyLength::None {
            return self.close(key);
        }
        context.outgoing = Some(OutgoingBody { window: SendWindow::default(), rest: VecDeque::from([body]) });
        self.send_body(key)
    }

    /// Sends as much of a response's body as its window allows. Returns what [`Requests::respond`] does.
    fn send_body(&mut self, key: RequestKey) -> Option<BodyReader> {
        let context = self.contexts.get_mut(&key)?;
        let outgoing = context.outgoing.as_mut()?;
        let outbox = self.outboxes.get_mut(context.link)?;
        while let Some(first) = outgoing.rest.front_mut() {
            let length = first.len().min(MAX_CHUNK).min(outgoing.window.available());
            if length == 0 {
                return None;
            }
            let data = first.split_to(length);
            if first.is_empty() {
                outgoing.rest.pop_front();
            }
            outgoing.window.sent(length);
            outbox.push_chunk(context.wire_id, outgoing.rest.is_empty(), data);
        }
        self.close(key)
    }

    /// The supervisor takes more of a response's body.
    pub(crate) fn credit(
        &mut self,
        link: usize,
        wire_id: RequestId,
        bytes: u32,
    ) -> Result<Option<BodyReader>, WindowExceeded> {
        let Some(key) = self.key_of(link, wire_id) else { return Ok(None) };
        let outgoing = self.contexts.get_mut(&key).and_then(|context| context.outgoing.as_mut());
        let Some(outgoing) = outgoing else { return Ok(None) };
        outgoing.window.credit(bytes)?;
        Ok(self.send_body(key))
    }

    /// Ends a request without a (whole) response. Returns who still waits for its body.
    pub(crate) fn fail(&mut self, key: RequestKey, reason: ResetReason) -> Option<BodyReader> {
        let context = self.contexts.get(&key)?;
        let id = context.wire_id;
        if let Some(outbox) = self.outboxes.get_mut(context.link) {
            outbox.push(&Frame::Reset { id, reason });
        }
        self.close(key)
    }

    /// The supervisor ended a request. Returns its key, and who still waits for its body.
    pub(crate) fn reset(&mut self, link: usize, wire_id: RequestId) -> Option<(RequestKey, Option<BodyReader>)> {
        let key = self.key_of(link, wire_id)?;
        Some((key, self.close(key)))
    }
}
