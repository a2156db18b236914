//! Floods and honest workers, by the account that tells them apart.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::*;

/// Sends useless frames without end at one moment; returns how many were borne.
fn borne(waste: &mut Waste, now: Instant) -> u64 {
    let mut frames = 0;
    loop {
        (0..512).for_each(|_| waste.count());
        if waste.settle(now, 0, 0, 0).is_err() {
            return frames;
        }
        frames += 512;
    }
}

#[test]
fn a_flood_is_found_out_and_time_allows_only_some_more() {
    let start = Instant::now();
    assert_eq!(borne(&mut Waste::new(start), start), BURST);
    let mut waste = Waste::new(start);
    assert_eq!(borne(&mut waste, start + Duration::from_secs(3600)), MAX_ALLOWANCE, "the allowance is bounded");
    assert!(borne(&mut waste, start + Duration::from_secs(3601)) <= PER_SECOND);
}

#[test]
fn what_was_on_its_way_when_all_clients_left_is_borne() {
    let start = Instant::now();
    let mut waste = Waste::new(start);
    // A socket's buffer and what waits before it, all of it chunks of one byte; every client leaves again and again.
    let on_its_way = ((1 << 20) + 212_992) / 15;
    for _ in 0..1000 {
        waste.settle(start, 250, 250, 0).unwrap();
        (0..on_its_way).for_each(|_| waste.count());
        waste.settle(start, 0, 0, 0).unwrap();
    }
}

#[test]
fn small_steps_of_time_are_not_lost() {
    let start = Instant::now();
    let mut waste = Waste::new(start);
    borne(&mut waste, start);
    for step in 1..=100_000 {
        waste.settle(start + Duration::from_micros(10) * step, 0, 0, 0).unwrap();
    }
    let after = start + Duration::from_secs(1);
    assert!(borne(&mut waste, after) > PER_SECOND / 2);
}

#[test]
fn a_turn_ends_by_frames_and_by_bytes() {
    let mut turn = Turn::default();
    assert_eq!((0..).take_while(|_| turn.take_frame()).count(), 512);
    assert!(turn.is_spent());
    let mut turn = Turn::default();
    turn.read(BYTES_PER_TURN - 1);
    assert!(!turn.is_spent());
    turn.read(1);
    assert!(turn.is_spent());
}
