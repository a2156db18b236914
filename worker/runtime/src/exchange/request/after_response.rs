//! Whether a request's body is wanted still: the word that it is read, and what is left of it when the response is complete, for
//! as long as `waitUntil` holds it.

use nano_protocol::{Frame, ResetReason, StreamId};

use super::{Cut, REMEMBERED, RequestContext, Requests};
use crate::exchange::key::{BodyReader, RequestKey};

/// Most bytes of bodies that were not begun to be read and that `waitUntil` keeps when their responses are complete.
pub(super) const RETAINED: usize = 4 << 20;

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
            context.held = context.held.saturating_add(1);
        }
    }

    /// A promise of `waitUntil` is settled. Returns who still waits for the body of a request that is over with it.
    pub(crate) fn release(&mut self, key: RequestKey) -> Option<BodyReader> {
        let context = self.contexts.get_mut(key)?;
        context.held = context.held.saturating_sub(1);
        if context.answered && context.held == 0 { self.leave(key) } else { None }
    }

    /// The response is complete. Returns who waits for the request's body in vain.
    pub(super) fn complete(&mut self, key: RequestKey) -> Option<BodyReader> {
        let context = self.contexts.get_mut(key)?;
        context.answered = true;
        context.outgoing = None;
        if let Some(outbox) = self.outboxes.get_mut(context.link) {
            outbox.leave(StreamId::request(context.wire_id));
        }
        if context.held == 0 {
            return self.leave(key);
        }
        let bytes = context.incoming.body.buffered();
        self.retain(key, bytes);
        None
    }

    /// Keeps so many more bytes of a body that is not read, or gives it up.
    pub(super) fn retain(&mut self, key: RequestKey, bytes: usize) {
        let Some(context) = self.contexts.get_mut(key).filter(|context| !context.incoming.asked) else { return };
        if self.retained + bytes <= RETAINED {
            context.retained += bytes;
            self.retained += bytes;
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
        self.retained -= context.retained;
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
