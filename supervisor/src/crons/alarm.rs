//! Wakes at a time of the clock on the wall, whatever happens to that: a timer of the kernel that also expires when the clock is
//! set, and counts the time in which the machine is suspended. Nothing wakes in between.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::unistd::read;
use tokio::io::unix::AsyncFd;

/// How long is slept at most where there is no such timer, so that a clock that was set is noticed.
const WITHOUT_TIMER: Duration = Duration::from_secs(10);

struct Timer(TimerFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// The timer, or none if the process has no descriptor left for it.
pub(super) struct Alarm(Option<AsyncFd<Timer>>);

impl Alarm {
    /// Must be called in a runtime.
    pub(super) fn new() -> Self {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_REALTIME, flags).map_err(io::Error::from);
        #[expect(
            deprecated,
            reason = "its descriptor stays the same and open: `register` is unsafe for types where that is not so"
        )]
        let timer = timer.and_then(|timer| AsyncFd::new(Timer(timer)));
        Self(timer.inspect_err(|error| tracing::warn!(%error, "no timer for crons: going on without")).ok())
    }

    /// Waits until `time`, in milliseconds since 1970-01-01 UTC, or until the clock is set. May return earlier; never more than
    /// 10 s too late.
    pub(super) async fn until(&self, time: u64, now: u64) {
        match &self.0 {
            Some(timer) if self.arm(time).is_ok() => expired(timer).await,
            _ => tokio::time::sleep(Duration::from_millis(time.saturating_sub(now)).min(WITHOUT_TIMER)).await,
        }
    }

    fn arm(&self, time: u64) -> nix::Result<()> {
        let Some(timer) = &self.0 else { return Ok(()) };
        // 0 would turn it off.
        let at = TimeSpec::from_duration(Duration::from_millis(time.max(1)));
        let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
        timer.get_ref().0.set(Expiration::OneShot(at), flags)
    }
}

async fn expired(timer: &AsyncFd<Timer>) {
    loop {
        let Ok(mut ready) = timer.readable().await else { return };
        let mut count = [0; 8];
        match read(&timer.get_ref().0, &mut count) {
            Err(Errno::EAGAIN) => ready.clear_ready(),
            Err(Errno::EINTR) => {}
            // It expired, or was cancelled because the clock was set.
            _ => return ready.clear_ready(),
        }
    }
}

#[cfg(test)]
mod tests;
