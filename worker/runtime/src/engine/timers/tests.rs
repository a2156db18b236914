//! The order of timers, and their number.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const MS: Duration = Duration::from_millis(1);

#[test]
fn fire_by_deadline_then_by_order() {
    let mut timers = Timers::default();
    let now = Instant::now();
    for (id, delay) in [(1, 5), (2, 1), (3, 1), (4, 9)] {
        timers.start(id, now, MS * delay, true);
    }
    let horizon = timers.horizon();
    let mut fired = Vec::new();
    while let Some(id) = timers.pop_due(now + MS * 5, horizon) {
        fired.push(id);
    }
    assert_eq!(fired, [2, 3, 1]);
    assert_eq!(timers.next_deadline(), Some(now + MS * 9));
}

#[test]
fn a_timer_set_while_timers_fire_waits_for_the_next_turn() {
    let mut timers = Timers::default();
    let now = Instant::now();
    timers.start(1, now, Duration::ZERO, true);
    let horizon = timers.horizon();
    assert_eq!(timers.pop_due(now, horizon), Some(1));
    timers.start(2, now, Duration::ZERO, false);
    assert_eq!(timers.pop_due(now, horizon), None);
    assert!(!timers.any_awaited(), "the second is nobody's concern");
    assert_eq!(timers.pop_due(now, timers.horizon()), Some(2));
}

#[test]
fn cancelled_timers_do_not_fire_and_ids_are_not_shared() {
    let mut timers = Timers::default();
    let now = Instant::now();
    let first = timers.allocate().unwrap();
    timers.start(first, now, MS, true);
    let second = timers.allocate().unwrap();
    assert_ne!(first, second);
    timers.cancel(first);
    timers.cancel(first);
    assert_eq!(timers.next_deadline(), None);
}

#[test]
fn there_are_no_more_than_may_be() {
    let mut timers = Timers::new(Some(2));
    let now = Instant::now();
    let ids = [timers.allocate().unwrap(), 77];
    for id in ids {
        timers.start(id, now, MS, true);
    }
    assert_eq!(timers.allocate(), None);
    timers.start(ids[0], now, MS * 2, true);
    timers.cancel(ids[1]);
    assert!(timers.allocate().is_some());
}
