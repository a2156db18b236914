//! Delays after failures, after kills, and after healthy runs.

use super::*;

fn waits(backoff: &mut Backoff, count: usize) -> Vec<u128> {
    (0..count).map(|_| backoff.failed_with_jitter(Duration::ZERO, 0.0).as_millis()).collect()
}

#[test]
fn doubles_up_to_the_longest() {
    let mut backoff = Backoff::default();
    assert_eq!(waits(&mut backoff, 5), [0, 100, 200, 400, 800]);
    assert!(backoff.is_loop());
    assert_eq!(waits(&mut backoff, 7), [1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    assert_eq!(waits(&mut backoff, 60).last(), Some(&30_000));
}

#[test]
fn health_resets() {
    let mut backoff = Backoff::default();
    waits(&mut backoff, 6);
    assert_eq!(backoff.failed_with_jitter(HEALTHY_AFTER, 0.0), Duration::ZERO);
    assert!(!backoff.is_loop());
    assert_eq!(waits(&mut backoff, 1), [100]);
}

#[test]
fn the_killed_that_worked_come_back_at_once_but_not_in_a_storm() {
    let start = Instant::now();
    let mut backoff = Backoff::default();
    waits(&mut backoff, 6);
    for _ in 0..KILLS {
        assert_eq!(backoff.killed(Duration::ZERO, true, start), Duration::ZERO);
    }
    assert!(!backoff.is_loop(), "a kill of one that works is no failure");
    // Each one is killed as soon as it has answered: so many starts at once in a minute, and no more.
    let kills = (0..6000).map(|n| start + Duration::from_millis(10) * n);
    let at_once = kills.filter(|at| backoff.killed(Duration::ZERO, true, *at).is_zero()).count();
    assert!((58..=60).contains(&at_once), "{at_once}");
    let later = start + Duration::from_secs(3600);
    let at_once = (0..100).filter(|_| backoff.killed(Duration::ZERO, true, later).is_zero()).count();
    assert_eq!(at_once, 10);
    assert_eq!(backoff.killed(HEALTHY_AFTER, false, later + KILL_EVERY), Duration::ZERO, "age is proof, too");
}

#[test]
fn the_killed_that_showed_nothing_are_failures() {
    let mut backoff = Backoff::default();
    let now = Instant::now();
    assert_eq!(backoff.killed(Duration::ZERO, false, now), Duration::ZERO);
    assert!((2..=20).all(|_| !backoff.killed(Duration::from_secs(1), false, now).is_zero()));
    assert!(backoff.is_loop());
}

#[test]
fn jitter_only_shortens() {
    for _ in 0..1000 {
        let mut backoff = Backoff { failures: 20, ..Backoff::default() };
        let wait = backoff.failed(Duration::ZERO);
        assert!(wait <= MAX_WAIT && wait >= MAX_WAIT.mul_f64(0.8), "{wait:?}");
    }
}
