//! Requests that have come and that the app was not called for yet. One that is reset meanwhile is over without that.

use nano_protocol::{BodyLength, Frame, HeaderBlock, RequestHead, RequestId};

use super::after_response::Hold;
use super::body::IncomingBody;
use super::{RequestContext, Requests};
use crate::exchange::key::RequestKey;

/// Bytes of requests that are read ahead of the app: beyond that they wait in the sockets. What is behind them there,
/// that they are over, say, waits with them.
const MAX_UNBEGUN: usize = 1 << 20;

/// What a request costs beside its texts and headers.
const OVERHEAD: usize = 512;

/// What the app is to be called with.
pub(crate) enum Call {
    Request {
        method: String,
        url: String,
        has_body: bool,
    },
    /// `time`: when it was due, in milliseconds since 1970-01-01 UTC.
    Scheduled {
        cron: String,
        time: u64,
    },
}

pub(super) struct Unbegun {
    call: Call,
    /// Of its head, and of its body as far as it came.
    pub(super) bytes: usize,
}

impl Unbegun {
    pub(super) fn new(head: &mut RequestHead) -> Self {
        let (method, url) = (std::mem::take(&mut head.method), std::mem::take(&mut head.url));
        let bytes = method.len() + url.len() + head.request_id.len() + head.headers.as_bytes().len();
        let has_body = head.body != BodyLength::None && !head.websocket;
        Self::of(Call::Request { method, url, has_body }, bytes)
    }

    /// `bytes`: those of its texts and headers.
    pub(super) fn of(call: Call, bytes: usize) -> Self {
        Self { call, bytes: OVERHEAD + bytes }
    }
}

impl RequestContext {
    /// One that has come on the link, under its number there.
    pub(super) fn new(
        (link, wire_id): (usize, RequestId),
        request_id: String,
        unbegun: Unbegun,
        incoming: IncomingBody,
    ) -> Self {
        Self {
            link,
            wire_id,
            request_id,
            headers: HeaderBlock::default(),
            unbegun: Some(unbegun),
            incoming,
            websocket: false,
            outgoing: None,
            answered: false,
            held: Hold::default(),
        }
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
