//! Requests that have come and that the app was not called for yet. One that is reset meanwhile is over without that.

use nano_protocol::{BodyLength, Frame, RequestHead, RequestId};

use super::Requests;
use crate::exchange::key::RequestKey;

/// Bytes of requests that are read ahead of the app: beyond that they wait in the sockets. What is behind them there,
/// that they are over, say, waits with them.
const MAX_UNBEGUN: usize = 1 << 20;

/// What a request costs beside its texts and headers.
const OVERHEAD: usize = 512;

/// What the app is to be called with.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) has_body: bool,
}

pub(super) struct Unbegun {
    call: Call,
    /// Of its head, and of its body as far as it came.
    pub(super) bytes: usize,
}

impl Unbegun {
    pub(super) fn new(head: &mut RequestHead) -> Self {
        let (method, url) = (std::mem::take(&mut head.method), std::mem::take(&mut head.url));
        let bytes = OVERHEAD + method.len() + url.len() + head.request_id.len() + head.headers.as_bytes().len();
        Self { call: Call { method, url, has_body: head.body != BodyLength::None && !head.websocket }, bytes }
    }
}

impl Requests {
    /// Whether so much waits for the app that no more is to be read.
    pub(crate) fn is_far_ahead(&self) -> bool {
        self.unbegun >= MAX_UNBEGUN
    }

    /// Whether the app is still to be called for a request.
    pub(crate) fn is_unbegun(&self, key: RequestKey) -> bool {
        self.contexts.get(key).is_some_and(|context| context.unbegun.is_some())
    }

    /// What the app is to be called with, now; `None` if the request is over.
    pub(crate) fn take_call(&mut self, key: RequestKey) -> Option<Call> {
        let unbegun = self.contexts.get_mut(key)?.unbegun.take()?;
        self.unbegun -= unbegun.bytes;
        Some(unbegun.call)
    }

    /// The supervisor ended a request. Whether that is all there is to be done, because the app was not called for it.
    pub(crate) fn call_off(&mut self, link: usize, wire_id: RequestId) -> bool {
        let Some(key) = self.key_of(link, wire_id) else { return false };
        if self.take_call(key).is_none() {
            return false;
        }
        self.forget(key);
        true
    }

    /// Tells the supervisor that a request which it has ended is over.
    pub(crate) fn acknowledge_reset(&mut self, link: usize, wire_id: RequestId) {
        if let Some(outbox) = self.outboxes.get_mut(link) {
            outbox.frames.push(&Frame::ResetAck { id: wire_id });
        }
    }
}

#[cfg(test)]
mod tests;
