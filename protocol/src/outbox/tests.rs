//! Which frames are joined, and which are replaced.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::codec::{Decoder, Side};
use crate::reset_reason::ResetReason;

/// Writes everything, at most `step` bytes at a time, and calls `between` after each write.
fn written(outbox: &mut Outbox, step: usize, mut between: impl FnMut(&mut Outbox)) -> Vec<Frame> {
    let mut bytes = BytesMut::new();
    while !outbox.is_empty() {
        let mut slices = [IoSlice::new(&[]); 8];
        outbox.io_slices(&mut slices);
        let piece = slices[0][..slices[0].len().min(step)].to_vec();
        bytes.extend_from_slice(&piece);
        outbox.advance(piece.len());
        between(outbox);
    }
    let mut frames = Vec::new();
    while let Some(frame) = Decoder::new(Side::Worker).decode(&mut bytes).unwrap() {
        frames.push(frame);
    }
    assert!(bytes.is_empty(), "half a frame is left");
    frames
}

fn body(frames: &[Frame], of: u32) -> Vec<u8> {
    let data = frames.iter().filter_map(|frame| match frame {
        Frame::Data { stream, data, .. } if *stream == StreamId::request(of) => Some(data.clone()),
        _ => None,
    });
    data.flatten().collect()
}

#[test]
fn single_bytes_of_one_body_are_one_frame() {
    let mut outbox = Outbox::default();
    for n in 0..100_000_u32 {
        outbox.push_data(StreamId::request(7), false, Bytes::from(vec![n.to_le_bytes()[0]]));
    }
    assert!(outbox.len() < 100_000 + 3 * DATA_HEAD, "{} bytes wait", outbox.len());
    outbox.push_data(StreamId::request(7), true, Bytes::new());
    let frames = written(&mut outbox, usize::MAX, |_| {});
    assert_eq!(frames.len(), 2, "as many as the largest chunk needs");
    assert!(matches!(frames.last(), Some(Frame::Data { end: true, .. })), "the end is in the last one");
    let expected: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    assert!(body(&frames, 7) == expected);
}

#[test]
fn only_what_is_next_to_each_other_joins() {
    let mut outbox = Outbox::default();
    let byte = |byte: u8| Bytes::from(vec![byte]);
    outbox.push_data(StreamId::request(1), false, byte(1));
    outbox.push_data(StreamId::request(2), false, byte(2));
    outbox.push_data(StreamId::request(1), false, byte(3));
    outbox.push_data(StreamId::fetch(1), false, byte(4));
    outbox.push_data(StreamId::request(1), true, byte(5));
    outbox.push_data(StreamId::request(1), false, byte(6));
    outbox.push(&Frame::reset(StreamId::request(1), ResetReason::Refused));
    outbox.push_data(StreamId::request(1), false, byte(7));
    outbox.push(&Frame::Data { stream: StreamId::request(1), end: false, data: byte(8) });
    outbox.push_data(StreamId::request(1), false, byte(9));
    outbox.push_data(StreamId::request(1), false, Bytes::from(vec![10; COPY_BELOW]));
    outbox.push_data(StreamId::request(1), false, byte(11));
    outbox.push_data(StreamId::request(1), false, byte(12));
    let frames = written(&mut outbox, usize::MAX, |_| {});
    assert_eq!(frames.len(), 12);
    assert_eq!(
        frames.last(),
        Some(&Frame::Data { stream: StreamId::request(1), end: false, data: Bytes::from_static(&[11, 12]) })
    );
}

#[test]
fn what_is_being_written_is_not_changed_any_more() {
    for step in 1..40 {
        let mut outbox = Outbox::default();
        let mut next = 0_u8;
        let mut add = |outbox: &mut Outbox| {
            if next < 200 {
                outbox.push_data(StreamId::request(3), next == 199, Bytes::from(vec![next]));
                next += 1;
            }
        };
        add(&mut outbox);
        let frames = written(&mut outbox, step, &mut add);
        assert_eq!(body(&frames, 3), (0..200).collect::<Vec<u8>>(), "written in steps of {step}");
        assert_eq!(outbox.len(), 0);
    }
}

#[test]
fn later_totals_take_the_place_of_those_that_wait() {
    let mut outbox = Outbox::default();
    let stats = |overflows| Stats { overflows, ..Stats::default() };
    for n in 0..1000 {
        outbox.push_stats(&stats(n));
    }
    let one = outbox.len();
    outbox.push_data(StreamId::request(1), true, Bytes::from_static(b"the response that counted it"));
    outbox.push_stats(&stats(1000));
    assert!(outbox.len() > 2 * one, "those before a response stay before it");
    let frames = written(&mut outbox, usize::MAX, |_| {});
    let totals: Vec<u64> = frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Stats(stats) => Some(stats.overflows),
            _ => None,
        })
        .collect();
    assert_eq!(totals, [999, 1000]);
}
