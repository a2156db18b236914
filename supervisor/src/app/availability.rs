//! Whether an app's requests may be sent to its workers: a circuit breaker for crash loops.
//!
//! The breaker is closed while the app is healthy. When its workers fail again and again, it opens: requests are
//! refused until the next worker starts. That worker is on probation: one request at a time goes to it as a probe, the
//! others are still refused. When the probe is answered, or the worker has stayed up for a while, the breaker closes;
//! when the worker dies before that, requests are refused again, for longer.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The `Retry-After` while another request is the probe.
const WHILE_PROBED: Duration = Duration::from_secs(1);

/// Why an app's requests are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// Its workers die again and again.
    Crashes,
    /// Its workers fail to start.
    StartFails,
}

/// Why a request is refused, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub outage: Outage,
    /// When to try again: the next start is due then.
    pub retry_after: Duration,
}

/// How a request is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerDecision {
    /// Like any other.
    Pass,
    /// It is the probe. The caller must call [`Availability::release`] when it is over.
    Probe,
    /// Refused.
    Refused(Refusal),
}

const CLOSED: u8 = 0;
const CRASHES: u8 = 1;
const START_FAILS: u8 = 2;
const PROBATION: u8 = 3;
const PROBED: u8 = 4;

/// The circuit breaker of one generation of an app, shared by all shards.
#[derive(Debug)]
pub struct Availability {
    began: Instant,
    state: AtomicU8,
    /// An operator stopped the app.
    stopped: AtomicBool,
    /// When the next start is due, in milliseconds after `began`.
    due: AtomicU64,
    /// Woken by a shard that has a request and no worker: the app is to be started, for the first time or again.
    pub demand: Notify,
}

impl Default for Availability {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            state: AtomicU8::new(CLOSED),
            stopped: AtomicBool::new(false),
            due: AtomicU64::new(0),
            demand: Notify::new(),
        }
    }
}

impl Availability {
    /// Refuses every request that arrives from now on, whatever the workers do: an operator stopped the app.
    pub fn stop(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::Release);
    }

    /// Whether an operator stopped the app.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// There is no worker, and the next start is due after `wait`: refuses requests until then.
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
        self.change(|state| matches!(state, PROBATION | PROBED).then_some(CLOSED));
    }

    /// A request arrives.
    pub fn enter(&self) -> BreakerDecision {
        let state = self.state.load(Ordering::Acquire);
        if state == CLOSED {
            return BreakerDecision::Pass;
        }
        if self.change(|state| (state == PROBATION).then_some(PROBED)) {
            return BreakerDecision::Probe;
        }
        self.refused().map_or(BreakerDecision::Pass, BreakerDecision::Refused)
    }

    /// The probe is over, with any result: if the breaker is still open, another probe may be sent.
    pub fn release(&self) {
        self.change(|state| (state == PROBED).then_some(PROBATION));
    }

    /// Whether a worker is being tried.
    pub fn is_on_probation(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), PROBATION | PROBED)
    }

    /// The refusal for a request that cannot be the probe either.
    pub fn refused(&self) -> Option<Refusal> {
        let probed = self.state.load(Ordering::Acquire) == PROBED;
        self.down().or(probed.then_some(Refusal { outage: Outage::Crashes, retry_after: WHILE_PROBED }))
    }

    /// The refusal for every request while there is no worker.
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
