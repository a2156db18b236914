//! Checks that a worker is responsive: it must answer a ping within the time that one turn of its event loop may take.
//! A worker is pinged as long as it has something to do; one that reports that it is idle, and gets no requests, is not
//! pinged.

use std::time::{Duration, Instant};

use nano_protocol::ExitReason;

use crate::telemetry::{self, ProcessState};

/// In addition to `cpu_ms`: the worker's own watchdog acts first and reports which request it was.
const GRACE: Duration = Duration::from_secs(2);

/// Between pings while requests are in flight.
const BUSY_INTERVAL: Duration = Duration::from_secs(1);

/// Between pings while the worker is idle.
const QUIET_INTERVAL: Duration = Duration::from_secs(5);

/// A runnable process that gets no processor may take so many times as long: a crowded machine is not the app's fault.
const STARVED_FACTOR: u32 = 4;

/// A process that used at most this much CPU time since the ping was not running.
const WAITING: Duration = Duration::from_millis(1);

/// What the kernel reports about the process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pulse {
    cpu: Duration,
    /// Whether it runs or is runnable; `None` where `/proc` hides it.
    running: Option<bool>,
}

impl Pulse {
    pub(super) fn of(pid: u32) -> Self {
        let cpu = telemetry::cpu_time(pid).unwrap_or_default();
        Self { cpu, running: telemetry::state(pid).map(|state| state == ProcessState::Running) }
    }
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing until [`Heartbeat::next`].
    Wait,
    /// Send this ping, after [`crate::worker::Worker::settle`].
    Ping(u64),
    /// Kill it.
    Kill(ExitReason),
}

#[derive(Debug)]
struct Outstanding {
    nonce: u64,
    sent: Instant,
    cpu: Duration,
    /// It was late when last looked at.
    late: bool,
}

/// The pings to one worker.
#[derive(Debug)]
pub(super) struct Heartbeat {
    limit: Duration,
    cpu_limit: Duration,
    last: Instant,
    nonce: u64,
    outstanding: Option<Outstanding>,
}

impl Heartbeat {
    pub(super) fn new(cpu_limit: Duration, now: Instant) -> Self {
        Self { limit: cpu_limit + GRACE, cpu_limit, last: now, nonce: 0, outstanding: None }
    }

    /// The worker has something to do again: it is pinged soon.
    pub(super) fn wake(&mut self, now: Instant) {
        self.last = now;
    }

    /// When to call [`Heartbeat::beat`] again.
    pub(super) fn next(&self, now: Instant) -> Instant {
        match &self.outstanding {
            Some(ping) if ping.sent + self.limit > now => ping.sent + self.limit,
            _ => now + BUSY_INTERVAL,
        }
    }

    /// Decides what to do now. `pulse` is called only when it is needed.
    pub(super) fn beat(&mut self, busy: bool, now: Instant, pulse: impl FnOnce() -> Pulse) -> Beat {
        let Some(ping) = &mut self.outstanding else {
            let interval = if busy { BUSY_INTERVAL } else { QUIET_INTERVAL };
            if now.saturating_duration_since(self.last) < interval {
                return Beat::Wait;
            }
            self.nonce += 1;
            self.last = now;
            self.outstanding = Some(Outstanding { nonce: self.nonce, sent: now, cpu: pulse().cpu, late: false });
            return Beat::Ping(self.nonce);
        };
        let waited = now.saturating_duration_since(ping.sent);
        if waited < self.limit {
            return Beat::Wait;
        }
        let pulse = pulse();
        let used = pulse.cpu.saturating_sub(ping.cpu);
        // If that is hidden, a process that got CPU time counts as runnable.
        let running = pulse.running.unwrap_or(used >= WAITING);
        // One turn may use its whole limit, and V8's other threads some CPU time in addition.
        if used < self.limit && running && waited < self.limit * STARVED_FACTOR {
            return Beat::Wait;
        }
        // The answer may be there: this process, too, may have got no processor, and it looks at the time before it reads.
        if !std::mem::replace(&mut ping.late, true) {
            return Beat::Wait;
        }
        Beat::Kill(if used >= self.cpu_limit { ExitReason::Cpu } else { ExitReason::Wall })
    }

    /// The worker answered. False if there was no such ping.
    pub(super) fn pong(&mut self, nonce: u64) -> bool {
        self.outstanding.take_if(|ping| ping.nonce == nonce).is_some()
    }
}

#[cfg(test)]
mod tests;
