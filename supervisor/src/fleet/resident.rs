//! The memory limit of a worker without a control group: nano looks, again and again. Weaker than the kernel's limit:
//! what a worker takes between two looks it has, and swapped pages are not seen.

use std::future::pending;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::telemetry;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// The same for a worker that is idle. All of these are looked at together: however many there are, it is one wake-up.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// When that began.
static IDLE_SINCE: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Waits until the process has more than `limit` bytes in memory. Never returns for one that has ended, or where there
/// is no limit. `idle`: it says that it has nothing to do.
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
mod tests {
    use super::*;

    fn outcome(pid: u32, limit: Option<u64>, patience: Duration) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let watched = runtime.map(|runtime| {
            runtime.block_on(async { tokio::time::timeout(patience, exceeded(pid, limit, false)).await.is_ok() })
        });
        watched.unwrap_or(false)
    }

    #[test]
    fn who_grows_past_the_limit_is_seen() {
        let own = std::process::id();
        let now = telemetry::resident(own).unwrap_or(u64::MAX);
        let limit = now + (16 << 20);
        assert!(!outcome(own, Some(limit), INTERVAL * 3), "it has less");
        let grown = vec![1_u8; 64 << 20];
        assert!(outcome(own, Some(limit), Duration::from_secs(90)));
        assert!(!outcome(own, None, INTERVAL * 3), "no limit");
        assert!(!outcome(u32::MAX, Some(0), INTERVAL * 3), "nobody there");
        assert_eq!(grown.last(), Some(&1));
    }

    #[test]
    fn idle_workers_are_looked_at_together() {
        let start = *IDLE_SINCE;
        let looks: std::collections::BTreeSet<Instant> =
            (0..1000).map(|n| next_idle_look(start + Duration::from_millis(n * 3))).collect();
        assert_eq!(looks.into_iter().collect::<Vec<_>>(), [1, 2, 3].map(|n| start + IDLE_INTERVAL * n));
    }
}
