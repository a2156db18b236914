//! The delay after failures.

use super::*;

#[test]
fn what_fails_again_and_again_is_tried_less_often() {
    let mut failures = Failures::default();
    let start = Instant::now();
    let mut waits = Vec::new();
    for _ in 0..9 {
        failures.record(false, start);
        waits.push(failures.wait(start).as_millis());
    }
    assert_eq!(waits, [0, 250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    // The time since the last one is part of the wait: a lone change is not kept waiting.
    assert_eq!(failures.wait(start + Duration::from_secs(7)), Duration::from_secs(1));
    assert_eq!(failures.wait(start + Duration::from_secs(60)), Duration::ZERO);
    failures.record(true, start);
    assert_eq!(failures.wait(start), Duration::ZERO);
}
