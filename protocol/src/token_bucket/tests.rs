//! Bursts, the rate, and what is not saved up.

use std::time::Duration;

use super::*;

/// How many single ones may be used at this moment.
fn usable(bucket: &mut TokenBucket, now: Instant) -> usize {
    std::iter::from_fn(|| bucket.has(1.0, now).then(|| bucket.take(1.0))).count()
}

#[test]
fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
    let start = Instant::now();
    let mut bucket = TokenBucket::full((1000.0, 20.0), start);
    assert_eq!(usable(&mut bucket, start), 20);
    assert_eq!(usable(&mut bucket, start + Duration::from_millis(5)), 5);
    assert_eq!(usable(&mut bucket, start + Duration::from_secs(3600)), 20, "no more than a burst is saved up");
    assert!(!bucket.has(21.0, start + Duration::from_secs(7200)));
}

#[test]
fn a_message_takes_from_both_buckets_or_from_none() {
    let start = Instant::now();
    let mut rate = MessageRate::full((1.0, 3.0), (10.0, 100.0), start);
    assert!(rate.admit(90, start));
    assert!(!rate.admit(11, start), "too many bytes");
    assert!(rate.admit(10, start) && rate.admit(0, start));
    assert!(!rate.admit(0, start), "too many messages");
    assert!(rate.admit(10, start + Duration::from_secs(1)));
}
