//! Floods by lines and by bytes.

use std::time::Duration;

use super::*;

#[test]
fn a_flood_is_cut_and_counted() {
    let start = Instant::now();
    let total = Arc::new(AtomicU64::new(0));
    let mut rate = LogRate::new(start, Arc::clone(&total));
    let passed = (0..5000).filter(|_| rate.admit(10, start).is_some()).count();
    assert_eq!(passed, 2000);
    assert_eq!(rate.admit(10, start + Duration::from_millis(2)), Some(3000));
    assert_eq!(rate.admit(10, start + Duration::from_millis(4)), Some(0));
    rate.dropped_before(7);
    assert_eq!(total.load(Ordering::Relaxed), 3007);
    // Lines that were dropped before a line that is dropped itself are reported with the next one.
    let later = start + Duration::from_secs(60);
    assert_eq!((0..2000).filter(|_| rate.admit(10, later).is_some()).count(), 2000);
    rate.dropped_before(100);
    assert_eq!(rate.admit(10, later), None);
    assert_eq!(rate.admit(10, later + Duration::from_millis(2)), Some(101));
    // A worker claims what it likes.
    (0..2).for_each(|_| rate.dropped_before(u64::MAX));
    assert_eq!(rate.admit(10, later + Duration::from_millis(4)), Some(u64::MAX));
    assert_eq!(total.load(Ordering::Relaxed), u64::MAX);
}

#[test]
fn few_long_lines_are_a_flood_too() {
    let start = Instant::now();
    let mut rate = LogRate::new(start, Arc::default());
    let passed = (0..1000).filter(|_| rate.admit(64 * 1024, start).is_some()).count();
    assert_eq!(passed, 64);
}
