//! The memory limit of a worker without a control group: nano reads its resident memory at intervals. This is weaker
//! than the kernel's limit: memory that is used between two checks is not seen, nor are swapped pages.

use std::future::pending;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::telemetry;

/// Interval of the checks.
const INTERVAL: Duration = Duration::from_millis(100);

/// The same for idle workers. All of them are checked together: however many there are, it is one wake-up.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// The start of the common interval.
static IDLE_SINCE: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Waits until the process has more than `limit` bytes in memory. Never returns if the process has ended or there is no
/// limit. `idle`: the worker reports that it has nothing to do.
pub(super) async fn exceeded(pid: u32, limit: Option<u64>, idle: bool) {
    let Some(limit) = limit else { return pending().await };
    loop {
        if telemetry::resident(pid).is_some_and(|resident| resident > limit) {
            return;
        }
        let now = Instant::now();
        let next = if idle { next_idle_look(now) } else { now + INTERVAL };
        tokio::time::sleep_until(next.into()).await;
    }
}

fn next_idle_look(now: Instant) -> Instant {
    let since = now.saturating_duration_since(*IDLE_SINCE);
    let looks = u32::try_from(since.as_secs() / IDLE_INTERVAL.as_secs()).unwrap_or(u32::MAX);
    *IDLE_SINCE + IDLE_INTERVAL.saturating_mul(looks.saturating_add(1))
}

#[cfg(test)]
mod tests;
