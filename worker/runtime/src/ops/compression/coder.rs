//! The coders: the formats of the Compression Standard (<https://compression.spec.whatwg.org/#supported-formats>), each
//! in both directions, in steps of bounded input and output.

mod brotli;
mod content;

use std::panic::{AssertUnwindSafe, catch_unwind};

use content::{Coding, Content};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The window of deflate is 2^15 bytes.
const WINDOW_BITS: u8 = 15;
/// Bytes that a compressor of zlib-rs has at this level, measured; it has them from its beginning to its end.
const COMPRESS_MEMORY: usize = 380_032;
/// Bytes that a decompressor of zlib-rs has, measured.
const DECOMPRESS_MEMORY: usize = 47_552;

/// What compresses or decompresses one stream of bytes.
pub(super) enum Coder {
    Deflate(Compress),
    Inflate(Decompress),
    Brotli(brotli::Encoder),
    Unbrotli(brotli::Decoder),
    Content(Content),
}

/// What one step did.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    /// Bytes taken from the beginning of the input.
    pub(super) consumed: usize,
    /// Bytes written to the beginning of the output.
    pub(super) produced: usize,
    pub(super) outcome: Outcome,
}

/// What comes after a step.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// More input is wanted, or, when the output was filled, another step.
    More,
    /// The compressed data is whole. Input that was not consumed does not belong to it.
    End,
    /// The input is not of the format.
    Corrupt,
}

impl Coder {
    /// `format`: a `CompressionFormat` of the standard, or a content coding of HTTP to be decoded; `None` for one that is not known.
    pub(super) fn new(format: &str, decompress: bool) -> Option<Self> {
        let level = Compression::new(6);
        Some(match (format, decompress) {
            ("brotli", false) => Self::Brotli(brotli::Encoder::new()),
            ("brotli", true) => Self::Unbrotli(brotli::Decoder::new()),
            ("deflate", false) => Self::Deflate(Compress::new(level, true)),
            ("deflate", true) => Self::Inflate(Decompress::new(true)),
            ("deflate-raw", false) => Self::Deflate(Compress::new(level, false)),
            ("deflate-raw", true) => Self::Inflate(Decompress::new(false)),
            ("gzip", false) => Self::Deflate(Compress::new_gzip(level, WINDOW_BITS)),
            ("gzip", true) => Self::Inflate(Decompress::new_gzip(WINDOW_BITS)),
            ("gzip content", true) => Self::Content(Content::new(Coding::Gzip)),
            ("deflate content", true) => Self::Content(Content::new(Coding::Deflate)),
            ("br content", true) => Self::Content(Content::new(Coding::Brotli)),
            _ => return None,
        })
    }

    /// Bytes that it has allocated. Those of brotli come and go.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Deflate(_) => COMPRESS_MEMORY,
            Self::Inflate(_) => DECOMPRESS_MEMORY,
            Self::Brotli(coder) => coder.memory(),
            Self::Unbrotli(coder) => coder.memory(),
            Self::Content(coder) => coder.memory().unwrap_or(DECOMPRESS_MEMORY),
        }
    }

    /// Consumes input until it is used up or the output is full. `finish`: no input will come after this. A step that
    /// consumes and produces nothing wants more input, if it has not ended.
    pub(super) fn step(&mut self, input: &[u8], finish: bool, output: &mut [u8]) -> Step {
        // The input comes from outside, and the coders are large. Should one panic, the data is to blame, and the coder is done.
        let step = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Deflate(coder) => {
                let before = (coder.total_in(), coder.total_out());
                let flush = if finish { FlushCompress::Finish } else { FlushCompress::None };
                let status = coder.compress(input, output, flush).ok();
                step(before, (coder.total_in(), coder.total_out()), status)
            }
            Self::Inflate(coder) => {
                let before = (coder.total_in(), coder.total_out());
                // Not FlushDecompress::Finish, which takes for granted that the rest of the output fits: whether the end
                // was reached is what the outcome says.
                let status = coder.decompress(input, output, FlushDecompress::None).ok();
                step(before, (coder.total_in(), coder.total_out()), status)
            }
            Self::Brotli(coder) => coder.step(input, finish, output),
            Self::Unbrotli(coder) => coder.step(input, output),
            Self::Content(coder) => coder.step(input, finish, output),
        }));
        step.unwrap_or(Step { consumed: 0, produced: 0, outcome: Outcome::Corrupt })
    }
}

/// From the totals (in, out) before and after it. `None` is a failure, for which also a wish for a dictionary counts:
/// the standard has none.
fn step(before: (u64, u64), after: (u64, u64), status: Option<Status>) -> Step {
    let difference = |after: u64, before: u64| usize::try_from(after - before).unwrap_or_default();
    let outcome = match status {
        Some(Status::Ok | Status::BufError) => Outcome::More,
        Some(Status::StreamEnd) => Outcome::End,
        None => Outcome::Corrupt,
    };
    Step { consumed: difference(after.0, before.0), produced: difference(after.1, before.1), outcome }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const FORMATS: [&str; 4] = ["brotli", "deflate", "deflate-raw", "gzip"];

    /// The whole output, with input and output in pieces of these sizes.
    fn run(
        format: &str,
        decompress: bool,
        mut input: &[u8],
        step_in: usize,
        step_out: usize,
    ) -> Result<Vec<u8>, usize> {
        let mut coder = Coder::new(format, decompress).unwrap();
        let mut whole = Vec::new();
        let mut output = vec![0; step_out];
        loop {
            let (part, rest) = input.split_at(step_in.min(input.len()));
            let step = coder.step(part, rest.is_empty(), &mut output);
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
        assert!(Coder::new("zip", false).is_none());
    }
}
