//! Handlers that run on after the supervisor has ended their requests.
//!
//! Code that ignores `request.signal` costs as much as before. So only so many of these handlers give their requests' places
//! back at once; the end of the others is acknowledged when one of all these settles, or after a while: a handler may wait
//! for something that never comes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nano_protocol::{RequestId, StreamTable};

use super::{RequestContext, Requests};
use crate::exchange::key::RequestKey;

/// What handlers of aborted requests are allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// How many may run on without the places of their requests.
    pub(crate) handlers: usize,
    /// How long one that does not settle counts.
    pub(crate) patience: Duration,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { handlers: usize::MAX, patience: Duration::MAX }
    }
}

struct Handler {
    key: RequestKey,
    link: usize,
    wire_id: RequestId,
    since: Instant,
}

/// The handlers in the order in which their requests were aborted: first those whose ends were acknowledged, then the others.
#[derive(Default)]
pub(super) struct AbortedHandlers {
    allowance: Allowance,
    running: BTreeMap<u64, Handler>,
    numbers: StreamTable<u64>,
    next: u64,
    acknowledged: usize,
    /// The number of the first that was not acknowledged, or a smaller one of which there is none.
    withheld_from: u64,
}

impl AbortedHandlers {
    fn insert(&mut self, handler: Handler) {
        self.numbers.insert(handler.key, self.next);
        self.running.insert(self.next, handler);
        self.next += 1;
    }

    /// Takes out a handler that counts no more. It is returned if its request's end is not acknowledged.
    fn remove(&mut self, number: u64) -> Option<Handler> {
        let handler = self.running.remove(&number)?;
        self.numbers.remove(handler.key);
        if number >= self.withheld_from {
            return Some(handler);
        }
        self.acknowledged -= 1;
        None
    }

    /// The next one that may give its place back.
    fn next_allowed(&mut self) -> Option<&Handler> {
        if self.acknowledged >= self.allowance.handlers {
            return None;
        }
        let (number, handler) = self.running.range(self.withheld_from..).next()?;
        self.withheld_from = number + 1;
        self.acknowledged += 1;
        Some(handler)
    }

    /// When the first of them has run on for too long.
    fn expiry(&self) -> Option<Instant> {
        self.running.values().next()?.since.checked_add(self.allowance.patience)
    }
}

impl Requests {
    /// Says what handlers of aborted requests are allowed.
    pub(crate) fn allow_aborted(&mut self, allowance: Allowance) {
        self.aborted.allowance = allowance;
    }

    /// A request is about to be aborted, and its end is to be acknowledged. Whether [`Requests::acknowledge_allowed`] does that,
    /// because its handler runs: it was called and has given neither a response nor an error.
    pub(crate) fn abort_handler(&mut self, link: usize, wire_id: RequestId, now: Instant) -> bool {
        let Some(key) = self.key_of(link, wire_id) else { return false };
        let runs =
            |context: &RequestContext| context.unbegun.is_none() && context.outgoing.is_none() && !context.answered;
        if !self.contexts.get(key).is_some_and(runs) {
            return false;
        }
        self.aborted.insert(Handler { key, link, wire_id, since: now });
        true
    }

    /// The app was told of the end, and the handler may have settled on that: acknowledges the ends that may be now.
    pub(crate) fn acknowledge_allowed(&mut self) {
        while let Some(&Handler { link, wire_id, .. }) = self.aborted.next_allowed() {
            self.acknowledge_reset(link, wire_id);
        }
    }

    /// The handler of an aborted request has settled.
    pub(crate) fn handler_settled(&mut self, key: RequestKey) {
        if let Some(number) = self.aborted.numbers.get(key).copied() {
            self.end_handler(number);
        }
    }

    fn end_handler(&mut self, number: u64) {
        if let Some(Handler { link, wire_id, .. }) = self.aborted.remove(number) {
            self.acknowledge_reset(link, wire_id);
        }
        self.acknowledge_allowed();
    }

    /// When to call [`Requests::expire_handlers`]: only if an acknowledgement waits for that.
    pub(crate) fn handlers_expire(&self) -> Option<Instant> {
        let aborted = &self.aborted;
        if aborted.running.len() > aborted.acknowledged { aborted.expiry() } else { None }
    }

    /// Forgets the handlers that have run on for too long.
    pub(crate) fn expire_handlers(&mut self, now: Instant) {
        while self.aborted.expiry().is_some_and(|expiry| expiry <= now)
            && let Some((&number, _)) = self.aborted.running.first_key_value()
        {
            self.end_handler(number);
        }
    }
}

#[cfg(test)]
mod tests;
