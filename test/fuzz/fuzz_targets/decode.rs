//! The decoder against any bytes, in any pieces. What it accepts must come out the same after another trip.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use nano_protocol::{Decoder, Frame, Outbox, Side};

fn decode_all(sender: Side, pieces: &[&[u8]]) -> (Vec<Frame>, bool) {
    let decoder = Decoder::new(sender);
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return (frames, false),
            }
        }
    }
    (frames, true)
}

fn encode_all(frames: &[Frame]) -> Vec<u8> {
    let mut outbox = Outbox::default();
    frames.iter().for_each(|frame| outbox.push(frame));
    let mut wire = Vec::with_capacity(outbox.len());
    while !outbox.is_empty() {
        let mut slices = [std::io::IoSlice::new(&[]); 8];
        let count = outbox.io_slices(&mut slices);
        let written: usize = slices[..count].iter().map(|slice| slice.len()).sum();
        slices[..count].iter().for_each(|slice| wire.extend_from_slice(slice));
        outbox.advance(written);
    }
    wire
}

fuzz_target!(|data: &[u8]| {
    let Some((first, wire)) = data.split_first() else { return };
    let sender = if first & 1 == 0 { Side::Worker } else { Side::Supervisor };
    let cut = usize::from(first >> 1).min(wire.len());
    let (frames, whole) = decode_all(sender, &[wire]);
    let (in_pieces, whole_in_pieces) = decode_all(sender, &[&wire[..cut], &wire[cut..]]);
    assert_eq!((&frames, whole), (&in_pieces, whole_in_pieces), "where the bytes are cut must not matter");
    let (again, whole_again) = decode_all(sender, &[&encode_all(&frames)]);
    assert!(whole_again, "what was accepted once must be accepted again");
    assert_eq!(frames, again);
});
