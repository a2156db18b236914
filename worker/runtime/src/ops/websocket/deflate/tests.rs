//! What is compressed comes out as it was, and nothing comes out that is too much.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn decompressed(coders: &mut Coders, bytes: &[u8], most: usize) -> Result<Vec<u8>, Fault> {
    coders.decompress(bytes.to_vec(), most, &mut Memory(&mut |_| true))
}

#[test]
fn messages_come_out_as_they_went_in() {
    let mut coders = Coders::default();
    for bits in [15, 9, 15, 12] {
        for length in [1, 127, 1000, 16_384, 16_385, 300_000] {
            let message: Vec<u8> = b"one message after the other ".iter().copied().cycle().take(length).collect();
            match coders.compress(&message, bits) {
                None => assert!(length < 100, "{length}"),
                Some(shorter) => {
                    assert!(shorter.len() < length);
                    assert_eq!(decompressed(&mut coders, &shorter, length).unwrap(), message);
                    assert_eq!(decompressed(&mut coders, &shorter, length - 1), Err(Fault::TooLarge));
                }
            }
        }
    }
}

#[test]
fn what_gets_no_shorter_is_not_compressed() {
    let mut coders = Coders::default();
    let random: Vec<u8> = (0..5000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    assert_eq!(coders.compress(&random, 15).filter(|shorter| shorter.len() >= random.len()), None);
    assert_eq!(coders.compress(b"", 15), None);
}

#[test]
fn a_bomb_takes_no_more_than_the_limit() {
    let mut coders = Coders::default();
    let bomb = coders.compress(&vec![0; 4 << 20], 15).unwrap();
    let mut taken = 0;
    let outcome = coders.decompress(
        bomb.clone(),
        100_000,
        &mut Memory(&mut |bytes| {
            taken += bytes;
            true
        }),
    );
    assert_eq!(outcome, Err(Fault::TooLarge));
    assert!(taken <= 2 * 100_000 + STEP, "{taken}");
    assert_eq!(coders.decompress(bomb, 4 << 20, &mut Memory(&mut |_| false)), Err(Fault::NoMemory));
}

#[test]
fn last_blocks_are_taken_and_counted() {
    let mut coders = Coders::default();
    let last = [0x03, 0x00];
    assert_eq!(decompressed(&mut coders, &[&last[..], &[0]].concat(), 10).unwrap(), b"");
    assert_eq!(decompressed(&mut coders, &last.repeat(5), 10).unwrap(), b"");
    assert!(matches!(decompressed(&mut coders, &last.repeat(1000), 10), Err(Fault::Protocol(_))));
}
