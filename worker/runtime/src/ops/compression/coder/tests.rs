//! All formats in pieces of any size; input that is cut short or corrupt.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const FORMATS: [&str; 4] = ["brotli", "deflate", "deflate-raw", "gzip"];

/// The whole output, with input and output in pieces of these sizes.
fn run(format: &str, decompress: bool, mut input: &[u8], step_in: usize, step_out: usize) -> Result<Vec<u8>, usize> {
    let mut coder = Coder::new(format, decompress, Settings::standard(format)).unwrap();
    let mut whole = Vec::new();
    let mut output = vec![0; step_out];
    loop {
        let (part, rest) = input.split_at(step_in.min(input.len()));
        let flush = if rest.is_empty() { Flush::Finish } else { Flush::None };
        let step = coder.step(part, flush, &mut output);
        input = &input[step.consumed..];
        whole.extend_from_slice(&output[..step.produced]);
        match step.outcome {
            Outcome::End if input.is_empty() => return Ok(whole),
            Outcome::More if step.consumed + step.produced > 0 => {}
            _ => return Err(input.len()),
        }
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn all_formats_round_trip_whatever_the_pieces() {
    let text = b"to be, or not to be, that is the question: ".repeat(700);
    // In the smallest pieces there is less of it: each is a call.
    let steps = [(65_536, 65_536, 200_000), (1000, 100, 200_000)];
    let small = [(1, 65_536, 40_000), (7, 13, 40_000), (65_536, 1, 40_000)];
    for data in [Vec::new(), b"x".to_vec(), text, vec![0; 200_000], noise(200_000)] {
        for format in FORMATS {
            for (step_in, step_out, most) in steps.into_iter().chain(small) {
                let data = &data[..data.len().min(most)];
                let packed = run(format, false, data, step_in, step_out).unwrap();
                let back = run(format, true, &packed, step_out, step_in).unwrap();
                assert!(back == data, "{format}, {} bytes, {step_in}, {step_out}", data.len());
            }
        }
    }
}

#[test]
fn cut_short_there_is_no_end_and_after_the_end_nothing_is_consumed() {
    for format in FORMATS {
        let packed = run(format, false, b"hello hello hello", 100, 100).unwrap();
        for length in 0..packed.len() {
            assert_eq!(run(format, true, &packed[..length], 100, 100), Err(0), "{format}, {length} bytes");
        }
        let twice = packed.repeat(2);
        assert_eq!(run(format, true, &twice, 100, 100), Err(packed.len()), "{format}");
    }
}

#[test]
fn corrupt_headers_and_checksums_are_found() {
    for (format, last) in [("deflate", 4), ("gzip", 8)] {
        let packed = run(format, false, b"hello hello hello", 100, 100).unwrap();
        for place in [0, 1].into_iter().chain(packed.len() - last..packed.len()) {
            let mut bad = packed.clone();
            bad[place] ^= 0x55;
            assert!(run(format, true, &bad, 100, 100).is_err(), "{format}, byte {place}");
        }
    }
    // A dictionary that is not known.
    assert!(run("deflate", true, &[0x78, 0xbb, 0, 0, 0, 1, 3, 0, 0, 0, 0, 1], 100, 100).is_err());
    assert!(Coder::new("zip", false, Settings::standard("zip")).is_none());
}
