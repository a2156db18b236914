//! The memory limit of a worker without a control group: somebody looks, again and again. Weaker than the kernel's limit:
//! what a worker takes between two looks it has, and swapped pages are not seen.

use std::future::pending;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::telemetry;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// Waits until the process has more than `limit` bytes in memory. Never returns for one that has ended, or where there
/// is no limit.
pub(super) async fn exceeded(pid: u32, limit: Option<u64>) {
    let Some(limit) = limit else { return pending().await };
    let mut look = tokio::time::interval(INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        if telemetry::resident(pid).is_some_and(|resident| resident > limit) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(pid: u32, limit: Option<u64>, patience: Duration) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let watched = runtime.map(|runtime| {
            runtime.block_on(async { tokio::time::timeout(patience, exceeded(pid, limit)).await.is_ok() })
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
}
