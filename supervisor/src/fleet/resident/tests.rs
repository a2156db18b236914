//! Memory of busy and of idle workers.

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
    assert!(!outcome(u32::MAX, Some(0), INTERVAL * 3), "no such process");
    assert_eq!(grown.last(), Some(&1));
}

#[test]
fn idle_workers_are_looked_at_together() {
    let start = *IDLE_SINCE;
    let looks: std::collections::BTreeSet<Instant> =
        (0..1000).map(|n| next_idle_look(start + Duration::from_millis(n * 3))).collect();
    assert_eq!(looks.into_iter().collect::<Vec<_>>(), [1, 2, 3].map(|n| start + IDLE_INTERVAL * n));
}
