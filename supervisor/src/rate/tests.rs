//! The burst and the rate.

use super::*;

/// Takes the next turn; when it was due.
fn next(rate: &PacedRate, now: Instant) -> Instant {
    let at = rate.earliest().map_or(now, |at| at.max(now));
    rate.take(now);
    at
}

#[test]
fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
    let rate = PacedRate::new(100, 10);
    let now = Instant::now() + Duration::from_secs(1);
    let waits: Vec<_> = (0..20).map(|_| next(&rate, now) - now).collect();
    assert!(waits.iter().take(11).all(Duration::is_zero), "{waits:?}");
    assert_eq!(waits.last(), Some(&Duration::from_millis(90)));
    // What was not used for a while is there again, and no more than that.
    let later = now + Duration::from_secs(60);
    let waits: Vec<_> = (0..20).map(|_| next(&rate, later) - later).collect();
    assert_eq!(waits.last(), Some(&Duration::from_millis(90)));
}
