//! When the watchdog looks: each time the process has spent so much more CPU time, that of V8's own threads included, which
//! take memory for it. The kernel keeps count, so a turn costs no system call, and an idle worker wakes no watchdog.

use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigEvent, SigSet, SigevNotify, Signal};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use nix::unistd::gettid;

/// Sent to the watchdog's thread alone, which has it blocked and waits for it.
const TICK: Signal = Signal::SIGVTALRM;

pub(super) struct Ticks {
    /// `None`: the kernel has no such timers, and the watchdog looks by the clock, idle or not.
    timer: Option<(Timer, SigSet)>,
    every: Duration,
}

impl Ticks {
    /// For the calling thread. They begin with [`Ticks::start`].
    pub(super) fn new() -> Self {
        let mut signals = SigSet::empty();
        signals.add(TICK);
        let notify = SigevNotify::SigevThreadId { signal: TICK, thread_id: gettid().as_raw(), si_value: 0 };
        let timer =
            signals.thread_block().and_then(|()| Timer::new(ClockId::CLOCK_PROCESS_CPUTIME_ID, SigEvent::new(notify)));
        Self { timer: timer.ok().map(|timer| (timer, signals)), every: Duration::MAX }
    }

    pub(super) fn start(&mut self, every: Duration) {
        self.every = every;
        let set = |(timer, _): &mut (Timer, SigSet)| {
            timer.set(Expiration::Interval(every.into()), TimerSetTimeFlags::empty()).is_ok()
        };
        if !self.timer.as_mut().is_some_and(set) {
            self.timer = None;
        }
    }

    /// Waits for the next one.
    pub(super) fn wait(&self) {
        match &self.timer {
            Some((_, signals)) if signals.wait().is_ok() => {}
            _ => thread::park_timeout(self.every),
        }
    }
}
