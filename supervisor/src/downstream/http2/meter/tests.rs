//! What frames cost, however they are cut.

use super::*;

fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(length).unwrap_or(0).to_be_bytes();
    let mut bytes = vec![a, b, c, kind, flags, 0, 0, 0, 1];
    bytes.resize(HEAD + length, 7);
    bytes
}

#[test]
fn frames_that_carry_nothing_cost_points_in_pieces_of_any_size() {
    let frames = [frame(6, 0, 8), frame(0, 0, 16_384), frame(0, 0, 0), frame(3, 0, 4), frame(4, 0, 0), frame(0, 1, 0)];
    let bytes = [super::super::PREFACE, &frames.concat()].concat();
    for size in [1, 2, 7, 9, 10, 1000, bytes.len()] {
        let mut meter = FrameMeter::default();
        for piece in bytes.chunks(size) {
            meter.feed(piece);
        }
        assert_eq!(meter.points, MOST - 4 - 4 - 8 - 8 - 1, "{size}");
    }
}

#[test]
fn a_flood_exhausts_the_account_and_time_and_traffic_refill_it() {
    let mut meter = FrameMeter::default();
    meter.feed(b"PRI * HTTP");
    assert!(!meter.has_begun());
    meter.feed(&super::super::PREFACE[10..]);
    assert!(meter.has_begun());
    for _ in 0..MOST / 4 {
        assert!(!meter.is_exhausted());
        meter.feed(&frame(6, 0, 8));
    }
    assert!(meter.is_exhausted());
    meter.tick();
    assert_eq!(meter.points, PER_TICK);
    meter.wrote(BYTES_PER_POINT - 1);
    meter.wrote(1);
    assert_eq!(meter.points, PER_TICK + 1);
    meter.refund(u32::MAX);
    assert_eq!(meter.points, MOST);
}

#[test]
fn a_turn_takes_so_many_small_pieces_and_leaves_the_rest_whole() {
    let mut meter = FrameMeter::default();
    meter.feed(super::super::PREFACE);
    let small = frame(0, 0, 1);
    let most = SMALL_IN_TURN as usize * small.len();
    let bytes = [small.repeat(100), frame(0, 0, 16_384)].concat();
    let first = meter.feed(&bytes);
    assert_eq!(first, most);
    assert_eq!(meter.feed(&bytes[first..]), 0, "the turn goes on");
    meter.begin_turn();
    assert_eq!(meter.feed(&bytes[first..]), bytes.len() - most, "the next turn has the rest");
    assert_eq!(meter.take_data(), 100 + 16_384);
}
