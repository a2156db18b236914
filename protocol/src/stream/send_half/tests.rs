//! A body as it goes: never more than the window and the announced length, and one end.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::limits::{INITIAL_WINDOW, MAX_CHUNK, MAX_WINDOW};
use crate::stream::ReceiveHalf;
use crate::stream::receive_half::Received;

const WINDOW: usize = INITIAL_WINDOW as usize;

#[test]
fn a_whole_body_goes_as_far_as_there_is_room_and_ends_with_its_last_byte() {
    let mut half = SendHalf::whole(Bytes::from(vec![1; WINDOW + 5]));
    let mut sent = 0;
    while let Some((data, end)) = half.take(MAX_CHUNK) {
        assert!(data.len() <= MAX_CHUNK && !end);
        sent += data.len();
    }
    assert_eq!((sent, half.room(), half.is_ended()), (WINDOW, 0, false));
    half.credit(3).unwrap();
    assert_eq!(half.take(MAX_CHUNK).map(|(data, end)| (data.len(), end)), Some((3, false)));
    half.credit(10).unwrap();
    assert_eq!(half.take(MAX_CHUNK).map(|(data, end)| (data.len(), end)), Some((2, true)));
    assert_eq!((half.is_ended(), half.end()), (true, Ok(false)));
    let mut empty = SendHalf::whole(Bytes::new());
    assert_eq!((empty.is_ended(), empty.take(1)), (true, None));
}

#[test]
fn a_body_in_pieces_is_cut_at_its_announced_length_and_fails_below_it() {
    let mut half = SendHalf::new(BodyLength::Known(10));
    half.give(Bytes::from_static(b"1234567"));
    assert_eq!(half.take(MAX_CHUNK), Some((Bytes::from_static(b"1234567"), false)));
    assert_eq!(half.end(), Err(StreamViolation::Length));
    half.give(Bytes::from_static(b"890+"));
    assert_eq!(half.take(MAX_CHUNK), Some((Bytes::from_static(b"890"), true)));
    assert_eq!((half.take(MAX_CHUNK), half.end()), (None, Ok(false)));
    let mut unknown = SendHalf::new(BodyLength::Unknown);
    assert_eq!((unknown.end(), unknown.end()), (Ok(true), Ok(false)), "one empty last chunk");
}

#[test]
fn what_there_is_no_room_for_waits_in_front_of_what_is_given_later() {
    let mut half = SendHalf::new(BodyLength::Unknown);
    half.sent(WINDOW - 2, false);
    half.give(Bytes::from_static(b"abc"));
    assert_eq!(half.take(9), Some((Bytes::from_static(b"ab"), false)));
    half.give(Bytes::from_static(b"de"));
    half.credit(9).unwrap();
    assert_eq!(half.take(9), Some((Bytes::from_static(b"cde"), false)));
}

#[test]
fn credit_is_between_one_and_the_largest_window() {
    let mut half = SendHalf::new(BodyLength::Unknown);
    for bytes in [0, MAX_WINDOW, u32::MAX] {
        assert_eq!(half.credit(bytes), Err(StreamViolation::Window));
    }
    assert_eq!(half.room(), WINDOW);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Both halves, one against the other, with credit that comes late: every byte arrives, and neither side complains.
    #[test]
    fn two_halves_agree(
        body in proptest::collection::vec(any::<u8>(), 0..2000),
        whole in any::<bool>(),
        steps in proptest::collection::vec((1_usize..300, 1_usize..300), 1..20),
        scale in 1_usize..400,
    ) {
        // Long enough to need credit now and then.
        let body: Vec<u8> = body.iter().flat_map(|byte| std::iter::repeat_n(*byte, scale)).collect();
        let length = if whole { BodyLength::Known(body.len() as u64) } else { BodyLength::Unknown };
        let mut sender = if whole { SendHalf::whole(Bytes::from(body.clone())) } else { SendHalf::new(length) };
        let mut receiver: ReceiveHalf = ReceiveHalf::new(length);
        let (mut given, mut got) = (0, Vec::new());
        for (piece, most) in steps.iter().cycle() {
            if !whole && given < body.len() {
                let bytes = (piece * scale).min(sender.room()).min(body.len() - given);
                sender.give(Bytes::copy_from_slice(&body[given..given + bytes]));
                given += bytes;
            }
            while let Some((data, end)) = sender.take(MAX_CHUNK) {
                receiver.push(data, end).unwrap();
            }
            if !whole && given == body.len() && sender.end().unwrap() {
                receiver.push(Bytes::new(), true).unwrap();
            }
            match receiver.take(most * scale) {
                Received::Data(data, credit) => {
                    got.extend_from_slice(&data);
                    if let Some(credit) = credit {
                        sender.credit(credit).unwrap();
                    }
                }
                Received::End => break,
                Received::Pending => prop_assert!(sender.room() > 0, "both wait"),
                Received::Failed(never) => match *never {},
            }
        }
        prop_assert!(got == body && sender.is_ended() && receiver.is_drained());
    }
}
