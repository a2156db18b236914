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
mod tests;
