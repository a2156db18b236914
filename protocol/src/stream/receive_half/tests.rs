//! A body as it comes: what is legal, what it gives credit for, and how it ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::limits::{INITIAL_WINDOW, MIN_CREDIT};

const WINDOW: usize = INITIAL_WINDOW as usize;

type Half = ReceiveHalf<&'static str>;

fn data(bytes: usize) -> Bytes {
    Bytes::from(vec![7; bytes])
}

/// How many bytes the next piece has, its credit, or what there is instead.
fn taken(half: &mut Half, max: usize) -> Result<(usize, Option<u32>), String> {
    match half.take(max) {
        Received::Data(data, credit) => Ok((data.len(), credit)),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn what_is_no_part_of_the_body_is_refused() {
    use StreamViolation::{AfterEnd, BeforeHead, EmptyChunk, Length, SecondHead, Window};
    let after = |length: BodyLength, chunks: &[(usize, bool)]| {
        let mut half = Half::new(length);
        chunks.iter().map(|(bytes, end)| half.push(data(*bytes), *end)).last().unwrap().unwrap_err()
    };
    assert_eq!(Half::default().push(data(1), false), Err(BeforeHead));
    assert_eq!(Half::new(BodyLength::None).begin(BodyLength::None), Err(SecondHead));
    assert_eq!(after(BodyLength::Unknown, &[(0, false)]), EmptyChunk);
    assert_eq!(after(BodyLength::Unknown, &[(WINDOW, false), (1, false)]), Window);
    assert_eq!(after(BodyLength::Known(10), &[(11, false)]), Length);
    assert_eq!(after(BodyLength::Known(10), &[(5, true)]), Length);
    assert_eq!(after(BodyLength::Known(10), &[(10, false), (0, true)]), AfterEnd);
    assert_eq!(after(BodyLength::Unknown, &[(1, true), (1, true)]), AfterEnd);
    assert_eq!(after(BodyLength::None, &[(1, true)]), AfterEnd);
    assert_eq!(after(BodyLength::Known(0), &[(0, true)]), AfterEnd);
}

#[test]
fn the_last_announced_byte_is_the_end() {
    let mut half = Half::default();
    half.begin(BodyLength::Known(10)).unwrap();
    half.push(data(4), false).unwrap();
    assert_eq!((half.is_ended(), half.remaining()), (false, Some(10)));
    half.push(data(6), false).unwrap();
    assert_eq!((half.is_ended(), half.is_drained(), half.buffered()), (true, false, 10));
    // Small chunks may have been joined.
    let mut left = 10;
    while left > 0 {
        left -= taken(&mut half, 3).unwrap().0;
        assert_eq!(half.remaining(), Some(left as u64));
    }
    assert_eq!(half.take(1), Received::End);
    assert!(half.is_drained());
}

#[test]
fn credit_comes_in_large_steps_and_not_after_the_end() {
    let mut half = Half::new(BodyLength::Unknown);
    half.push(data(WINDOW), false).unwrap();
    let step = MIN_CREDIT as usize;
    assert_eq!(taken(&mut half, step - 1), Ok((step - 1, None)));
    assert_eq!(taken(&mut half, 1), Ok((1, Some(MIN_CREDIT))));
    half.push(data(step), true).unwrap();
    while let Ok((_, credit)) = taken(&mut half, step) {
        assert_eq!(credit, None);
    }
}

#[test]
fn an_error_comes_behind_what_came_before_it() {
    let mut half = Half::new(BodyLength::Unknown);
    half.push(data(WINDOW / 2), false).unwrap();
    half.fail("first");
    half.fail("second");
    assert!(!half.is_open() && !half.is_ended());
    half.push(data(WINDOW / 2), true).unwrap();
    assert_eq!(half.push(data(1), false), Err(StreamViolation::Window), "the window counts what is dropped");
    assert_eq!(half.take(0), Received::Pending);
    assert_eq!(taken(&mut half, WINDOW), Ok((WINDOW / 2, None)), "nothing more will come: no credit");
    assert_eq!(half.take(1), Received::Failed(&"first"));
    let mut half = Half::new(BodyLength::Known(1));
    half.push(data(1), false).unwrap();
    half.fail("late");
    half.discard();
    assert_eq!(half.take(1), Received::End, "a body that is complete does not fail");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A sender that keeps to the window is never refused, never stalls, and what is taken is what was sent.
    #[test]
    fn every_byte_arrives_once_and_in_order(
        body in 0_usize..3 * WINDOW,
        announced in any::<bool>(),
        pieces in proptest::collection::vec((1_usize..WINDOW, 1_usize..WINDOW), 1..40),
    ) {
        let length = if announced { BodyLength::Known(body as u64) } else { BodyLength::Unknown };
        let mut half = Half::new(length);
        let source: Vec<u8> = (0..body).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let (mut sent, mut window, mut got) = (0, WINDOW, Vec::new());
        for (chunk, most) in pieces.iter().cycle() {
            if !half.is_ended() {
                let bytes = (*chunk).min(window).min(body - sent);
                let end = sent + bytes == body;
                if bytes > 0 || end {
                    half.push(Bytes::copy_from_slice(&source[sent..sent + bytes]), end).unwrap();
                    (sent, window) = (sent + bytes, window - bytes);
                }
            }
            let before = half.remaining();
            match half.take(*most) {
                Received::Data(data, credit) => {
                    prop_assert!(data.len() <= *most);
                    got.extend_from_slice(&data);
                    window += credit.unwrap_or(0) as usize;
                    prop_assert_eq!(half.remaining(), before.map(|left| left - data.len() as u64));
                }
                Received::End => break,
                other => prop_assert!(false, "stalled after {} bytes: {:?}", sent, other),
            }
            prop_assert!(window + half.buffered() <= WINDOW, "more in flight than the window");
        }
        prop_assert!(got == source && half.is_drained());
    }
}
