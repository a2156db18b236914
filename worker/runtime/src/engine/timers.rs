//! Pending timers, by deadline and then by the order in which they were set. An isolate has its own in a slot.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// A timer's number as JavaScript knows it: positive, unique in the isolate.
pub(crate) type TimerId = u32;

/// The pending timers of one isolate. Knows nothing of callbacks: those stay in JavaScript.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_deadline: BTreeMap<(Instant, u64), TimerId>,
    /// Deadline and sequence number, and whether a program waits for it.
    position: HashMap<TimerId, ((Instant, u64), bool)>,
    awaited: usize,
    sequence: u64,
    last_id: TimerId,
    /// Most timers that may be pending; `None`: no such limit.
    max: Option<usize>,
}

impl Timers {
    /// No more than `max` timers may be pending, if it is some.
    pub(crate) fn new(max: Option<usize>) -> Self {
        Self { max, ..Self::default() }
    }

    /// A number that no pending timer has; `None` if the maximum is pending.
    pub(crate) fn allocate(&mut self) -> Option<TimerId> {
        if self.max.is_some_and(|max| self.position.len() >= max) {
            return None;
        }
        loop {
            // Stays within V8's small integers.
            self.last_id = if self.last_id >= 0x3fff_ffff { 1 } else { self.last_id + 1 };
            if !self.position.contains_key(&self.last_id) {
                return Some(self.last_id);
            }
        }
    }

    /// Sets (or sets anew) the timer `id` to fire `delay` after `now`. `awaited`: whether a program that has nothing else
    /// to do waits for it.
    pub(crate) fn start(&mut self, id: TimerId, now: Instant, delay: Duration, awaited: bool) {
        self.cancel(id);
        self.sequence += 1;
        let key = (now + delay, self.sequence);
        self.by_deadline.insert(key, id);
        self.position.insert(id, (key, awaited));
        self.awaited += usize::from(awaited);
    }

    /// Forgets a timer; nothing happens if there is none.
    pub(crate) fn cancel(&mut self, id: TimerId) {
        if let Some((key, awaited)) = self.position.remove(&id) {
            self.by_deadline.remove(&key);
            self.awaited -= usize::from(awaited);
        }
    }

    /// Whether a program has to wait for a timer.
    pub(crate) fn any_awaited(&self) -> bool {
        self.awaited > 0
    }

    /// When the next timer is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.by_deadline.keys().next().map(|(deadline, _)| *deadline)
    }

    /// Marks the end of what is due in this turn: timers set later than this call are not returned for it.
    pub(crate) fn horizon(&self) -> u64 {
        self.sequence
    }

    /// Takes the next timer that is due at `now` and was set before `horizon` was read. A turn that asks until there
    /// is none cannot be kept busy by timers that set timers.
    pub(crate) fn pop_due(&mut self, now: Instant, horizon: u64) -> Option<TimerId> {
        let (_, &id) =
            self.by_deadline.iter().take_while(|((at, _), _)| *at <= now).find(|((_, seq), _)| *seq <= horizon)?;
        self.cancel(id);
        Some(id)
    }
}

#[cfg(test)]
mod tests;
