//! Whether a request's body is wanted still: the word that it is read, and what is left of it when the response is complete, for
//! as long as `waitUntil` holds it.

use std::collections::BTreeMap;

use nano_protocol::{Frame, ResetReason, StreamId};

use super::{Cut, REMEMBERED, RequestContext, Requests};
use crate::exchange::key::{BodyReader, RequestKey};

/// Most bytes of bodies that were not begun to be read and that `waitUntil` keeps when their responses are complete.
pub(super) const RETAINED: usize = 4 << 20;

/// Most bytes of answered requests that `waitUntil` holds, without their bodies: the heads, and what each takes besides. A promise
/// that never settles would hold its request for as long as the worker lives.
pub(super) const HELD: usize = 16 << 20;
const REQUEST: usize = 1024;
/// Of the oldest, so many are looked at for one whose body is not waited for.
const LOOKED_AT: usize = 64;

/// What `waitUntil` holds of a request.
#[derive(Default)]
pub(super) struct Hold {
    /// Promises that are not settled.
    promises: u32,
    /// Bytes of its body that count against [`RETAINED`].
    retained: usize,
    /// Its number among [`HeldRequests`], and the bytes that count against [`HELD`].
    answered: Option<(u64, usize)>,
}

/// The answered requests that `waitUntil` holds.
#[derive(Default)]
pub(super) struct HeldRequests {
    /// In the order of their responses.
    requests: BTreeMap<u64, RequestKey>,
    next: u64,
    pub(super) bytes: usize,
    pub(super) retained: usize,
}

impl Requests {
    /// Tells the supervisor that the body is read.
    pub(super) fn ask(&mut self, key: RequestKey) {
        let Some(context) = self.contexts.get_mut(key) else { return };
        let incoming = &mut context.incoming;
        if incoming.asked || !incoming.body.is_open() {
            return;
        }
        incoming.asked = true;
        if let Some(outbox) = self.outboxes.get_mut(context.link) {
            outbox.frames.push(&Frame::BodyWanted { id: context.wire_id });
        }
    }

    /// `waitUntil` holds the request: what came of its body stays readable, and what is read goes on coming.
    pub(crate) fn hold(&mut self, key: RequestKey) {
        if let Some(context) = self.contexts.get_mut(key) {
            context.held.promises = context.held.promises.saturating_add(1);
        }
    }

    /// A promise of `waitUntil` is settled. Returns who still waits for the body of a request that is over with it.
    pub(crate) fn release(&mut self, key: RequestKey) -> Option<BodyReader> {
        let context = self.contexts.get_mut(key)?;
        context.held.promises = context.held.promises.saturating_sub(1);
        if context.answered && context.held.promises == 0 { self.leave(key) } else { None }
    }

    /// The response is complete. Returns who waits for the request's body in vain.
    pub(super) fn complete(&mut self, key: RequestKey) -> Option<BodyReader> {
        let context = self.contexts.get_mut(key)?;
        context.answered = true;
        context.outgoing = None;
        if let Some(outbox) = self.outboxes.get_mut(context.link) {
            outbox.leave(StreamId::request(context.wire_id));
        }
        if context.held.promises == 0 {
            return self.leave(key);
        }
        let bytes = context.incoming.body.buffered();
        self.retain(key, bytes);
        self.keep(key);
        None
    }

    /// Keeps an answered request; those that were answered longest ago are forgotten where there are too many. One whose body is
    /// waited for is not: that wait has an end.
    fn keep(&mut self, key: RequestKey) {
        let Some(context) = self.contexts.get_mut(key) else { return };
        let bytes = REQUEST + context.headers.as_bytes().len() + context.request_id.len();
        context.held.answered = Some((self.held.next, bytes));
        self.held.requests.insert(self.held.next, key);
        self.held.next += 1;
        self.held.bytes += bytes;
        while self.held.bytes > HELD {
            let waits = |key: &RequestKey| self.contexts.get(*key).is_some_and(|old| old.incoming.reader.is_some());
            let mut oldest = self.held.requests.values().copied().take(LOOKED_AT);
            let Some(oldest) = oldest.find(|key| !waits(key)) else { return };
            self.leave(oldest);
        }
    }

    /// Keeps so many more bytes of a body that is not read, or gives it up.
    pub(super) fn retain(&mut self, key: RequestKey, bytes: usize) {
        let Some(context) = self.contexts.get_mut(key).filter(|context| !context.incoming.asked) else { return };
        if self.held.retained + bytes <= RETAINED {
            context.held.retained += bytes;
            self.held.retained += bytes;
        } else {
            context.incoming.body.discard();
            context.incoming.body.fail(Cut);
        }
    }

    /// Forgets a request whose response is complete.
    fn leave(&mut self, key: RequestKey) -> Option<BodyReader> {
        let context = self.contexts.get_mut(key)?;
        let incoming = &context.incoming;
        if incoming.asked
            && incoming.body.is_open()
            && let Some(outbox) = self.outboxes.get_mut(context.link)
        {
            outbox.frames.push(&Frame::reset(StreamId::request(context.wire_id), ResetReason::BodyUnwanted));
        }
        self.close(key)
    }

    /// Forgets a request that the app was called for, but for its name. Returns who still waits for its body.
    pub(super) fn close(&mut self, key: RequestKey) -> Option<BodyReader> {
        let context = self.forget(key)?;
        if self.finished.len() == REMEMBERED {
            self.finished.pop_front();
        }
        self.finished.push_back((key, context.request_id));
        context.incoming.reader
    }

    pub(super) fn forget(&mut self, key: RequestKey) -> Option<RequestContext> {
        let context = self.contexts.remove(key)?;
        self.held.retained -= context.held.retained;
        if let Some((number, bytes)) = context.held.answered {
            self.held.requests.remove(&number);
            self.held.bytes -= bytes;
        }
        self.unbegun -= context.unbegun.as_ref().map_or(0, |unbegun| unbegun.bytes);
        if let Some(outbox) = self.outboxes.get_mut(context.link) {
            outbox.leave(StreamId::request(context.wire_id));
        }
        if let Some(keys) = self.keys.get_mut(context.link) {
            keys.remove(context.wire_id);
        }
        Some(context)
    }
}
