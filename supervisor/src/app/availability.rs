//! Whether an app's requests may be sent to its workers: a circuit breaker for crash loops.
//!
//! Open as long as all is well. When its workers fail again and again, requests are refused until the next one starts.
//! That one is on probation: one request at a time is let through as a probe, the others are still refused. When the
//! probe is answered, or the worker has stayed up for a while, all is well again; when the worker dies before that,
//! requests are refused anew, for longer.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// When to come back while another request is the probe.
const WHILE_PROBED: Duration = Duration::from_secs(1);

/// Why an app's requests are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// Its workers die again and again.
    Crashes,
    /// Its workers do not get ready.
    StartFails,
}

/// What a client whose request is refused should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub outage: Outage,
    /// When to ask again: the next start is due then.
    pub retry_after: Duration,
}

/// How a request may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Like any other.
    Open,
    /// It is the probe. [`Availability::release`] is owed when it is over.
    Probe,
    /// Not at all.
    Refused(Refusal),
}

const OPEN: u8 = 0;
const CRASHES: u8 = 1;
const START_FAILS: u8 = 2;
const PROBATION: u8 = 3;
const PROBED: u8 = 4;

/// See the file's head. One for each generation of an app, shared by all shards.
#[derive(Debug)]
pub struct Availability {
    began: Instant,
    state: AtomicU8,
    /// When the next start is due, in milliseconds after `began`.
    due: AtomicU64,
    /// Woken by a shard that has a request and no worker: an app stopped for idleness starts again.
    pub wanted: Notify,
}

impl Default for Availability {
    fn default() -> Self {
        Self { began: Instant::now(), state: AtomicU8::new(OPEN), due: AtomicU64::new(0), wanted: Notify::new() }
    }
}

impl Availability {
    /// No worker is there, and the next start is due after `wait`: refuse requests until then.
    pub fn refuse(&self, outage: Outage, wait: Duration) {
        let due = self.began.elapsed() + wait;
        self.due.store(u64::try_from(due.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let state = match outage {
            Outage::Crashes => CRASHES,
            Outage::StartFails => START_FAILS,
        };
        self.state.store(state, Ordering::Release);
    }

    /// A worker is ready. If requests were refused until now, it is on probation.
    pub fn restored(&self) {
        self.change(|state| matches!(state, CRASHES | START_FAILS).then_some(PROBATION));
    }

    /// The worker that was on probation has shown that it works.
    pub fn close_breaker(&self) {
        self.change(|state| matches!(state, PROBATION | PROBED).then_some(OPEN));
    }

    /// A request comes in.
    pub fn enter(&self) -> Entry {
        let state = self.state.load(Ordering::Acquire);
        if state == OPEN {
            return Entry::Open;
        }
        if self.change(|state| (state == PROBATION).then_some(PROBED)) {
            return Entry::Probe;
        }
        self.refused().map_or(Entry::Open, Entry::Refused)
    }

    /// The probe is over, whatever came of it: if nothing did, another one may go.
    pub fn release(&self) {
        self.change(|state| (state == PROBED).then_some(PROBATION));
    }

    /// Whether a worker is being tried.
    pub fn is_on_probation(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), PROBATION | PROBED)
    }

    /// What a request is told that can neither go on nor be the probe.
    pub fn refused(&self) -> Option<Refusal> {
        let probed = self.state.load(Ordering::Acquire) == PROBED;
        self.down().or(probed.then_some(Refusal { outage: Outage::Crashes, retry_after: WHILE_PROBED }))
    }

    /// What every request is told while there is no worker.
    pub fn down(&self) -> Option<Refusal> {
        let outage = match self.state.load(Ordering::Acquire) {
            CRASHES => Outage::Crashes,
            START_FAILS => Outage::StartFails,
            _ => return None,
        };
        let due = Duration::from_millis(self.due.load(Ordering::Relaxed));
        Some(Refusal { outage, retry_after: due.saturating_sub(self.began.elapsed()) })
    }

    fn change(&self, change: impl FnMut(u8) -> Option<u8>) -> bool {
        self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, change).is_ok()
    }
}

#[cfg(test)]
mod tests;
