//! The coders: the formats of the Compression Standard (<https://compression.spec.whatwg.org/#supported-formats>), each
//! in both directions, in steps of bounded input and output.

mod brotli;
mod content;
mod inflate;
mod zstd;

use std::panic::{AssertUnwindSafe, catch_unwind};

use content::{Coding, Content};
use flate2::{Compress, Compression, FlushCompress, Status};
use inflate::Inflate;
pub(super) use zstd::Parameters;

/// The window of deflate is 2^15 bytes.
const WINDOW_BITS: u8 = 15;
/// Bytes that a compressor of zlib-rs has at this level, measured; it has them from its beginning to its end.
const COMPRESS_MEMORY: usize = 380_032;
/// Bytes that a decompressor of zlib-rs has, measured.
const DECOMPRESS_MEMORY: usize = 47_552;

/// What compresses or decompresses one stream of bytes.
pub(super) enum Coder {
    Deflate(Compress),
    Inflate(Inflate),
    Brotli(brotli::Encoder),
    Unbrotli(brotli::Decoder),
    Content(Content),
    Zstd(zstd::Encoder),
    Unzstd(zstd::Decoder),
}

/// What a coder is made with, beside its format.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Of deflate 0 to 9, of brotli 0 to 11.
    pub(super) level: u32,
    /// Of deflate 9 to 15, of brotli 10 to 24.
    pub(super) window_bits: u8,
    /// Of deflate and zstd alone.
    pub(super) dictionary: Option<Vec<u8>>,
    /// Of zstd alone, which has neither level nor bits beside them.
    pub(super) parameters: Parameters,
}

impl Settings {
    /// Those of the Compression Standard, which has none.
    pub(super) fn standard(format: &str) -> Self {
        let (level, window_bits) =
            if format == "brotli" { (brotli::QUALITY, brotli::WINDOW_BITS) } else { (6, WINDOW_BITS) };
        Self { level, window_bits, dictionary: None, parameters: Parameters::default() }
    }

    /// The nearest that the format has: the libraries take no others.
    fn within(self, format: &str) -> Self {
        let (most, least_bits, most_bits) = if format == "brotli" { (11, 10, 24) } else { (9, 9, 15) };
        let window_bits = self.window_bits.clamp(least_bits, most_bits);
        Self { level: self.level.min(most), window_bits, ..self }
    }
}

/// How much of what a coder holds it puts out in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    None,
    Partial,
    Sync,
    Full,
    /// All of it: nothing comes after.
    Finish,
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
    /// `format`: a `CompressionFormat` of the standard, or a content coding of HTTP to be decoded; `None` for one that is not known,
    /// or a dictionary that cannot be one.
    pub(super) fn new(format: &str, decompress: bool, settings: Settings) -> Option<Self> {
        let Settings { level, window_bits, dictionary, parameters } = settings.within(format);
        let deflate = |mut coder: Compress| {
            if let Some(dictionary) = &dictionary {
                coder.set_dictionary(dictionary).ok()?;
            }
            Some(Self::Deflate(coder))
        };
        let speed = Compression::new(level);
        Some(match (format, decompress) {
            ("brotli", false) => Self::Brotli(brotli::Encoder::new(level, window_bits)),
            ("brotli", true) => Self::Unbrotli(brotli::Decoder::new()),
            ("deflate", false) => deflate(Compress::new_with_window_bits(speed, true, window_bits))?,
            ("deflate", true) => Self::Inflate(Inflate::zlib(dictionary)),
            ("deflate-raw", false) => deflate(Compress::new_with_window_bits(speed, false, window_bits))?,
            ("deflate-raw", true) => Self::Inflate(Inflate::raw(dictionary)?),
            ("gzip", false) => deflate(Compress::new_gzip(speed, window_bits))?,
            ("gzip", true) => Self::Inflate(Inflate::gzip()),
            ("gzip content", true) => Self::Content(Content::new(Coding::Gzip)),
            ("deflate content", true) => Self::Content(Content::new(Coding::Deflate)),
            ("br content", true) => Self::Content(Content::new(Coding::Brotli)),
            ("zstd", false) => Self::Zstd(zstd::Encoder::new(&parameters, dictionary.as_deref())?),
            ("zstd", true) => Self::Unzstd(zstd::Decoder::new(&parameters, dictionary.as_deref())?),
            _ => return None,
        })
    }

    /// Bytes that it has allocated. Those of brotli and zstd come and go.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Deflate(_) => COMPRESS_MEMORY,
            Self::Inflate(_) => DECOMPRESS_MEMORY,
            Self::Brotli(coder) => coder.memory(),
            Self::Unbrotli(coder) => coder.memory(),
            Self::Content(coder) => coder.memory().unwrap_or(DECOMPRESS_MEMORY),
            Self::Zstd(coder) => coder.memory(),
            Self::Unzstd(coder) => coder.memory(),
        }
    }

    /// Compresses with another level from here on. What came before is to be flushed first. False: it has no such.
    pub(super) fn set_level(&mut self, level: u32) -> bool {
        let Self::Deflate(coder) = self else { return false };
        catch_unwind(AssertUnwindSafe(|| coder.set_level(Compression::new(level.min(9))).is_ok())).unwrap_or(false)
    }

    /// Why the last step found the input corrupt, in the library's words.
    pub(super) fn complaint(&self) -> Option<String> {
        match self {
            Self::Inflate(coder) => coder.complaint().map(str::to_owned),
            Self::Unbrotli(coder) => Some(coder.complaint()),
            Self::Zstd(coder) => coder.complaint(),
            Self::Unzstd(coder) => coder.complaint(),
            _ => None,
        }
    }

    /// Consumes input until it is used up or the output is full. A step that consumes and produces nothing wants more input, if
    /// it has not ended.
    pub(super) fn step(&mut self, input: &[u8], flush: Flush, output: &mut [u8]) -> Step {
        let finish = flush == Flush::Finish;
        // The input comes from outside, and the coders are large. Should one panic, the data is to blame, and the coder is done.
        let step = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Deflate(coder) => {
                let before = (coder.total_in(), coder.total_out());
                let flush = match flush {
                    Flush::None => FlushCompress::None,
                    Flush::Partial => FlushCompress::Partial,
                    Flush::Sync => FlushCompress::Sync,
                    Flush::Full => FlushCompress::Full,
                    Flush::Finish => FlushCompress::Finish,
                };
                let status = coder.compress(input, output, flush).ok();
                step(before, (coder.total_in(), coder.total_out()), status)
            }
            Self::Inflate(coder) => coder.step(input, output),
            Self::Brotli(coder) => coder.step(input, flush, output),
            Self::Unbrotli(coder) => coder.step(input, output),
            Self::Content(coder) => coder.step(input, finish, output),
            Self::Zstd(coder) => coder.step(input, flush, output),
            Self::Unzstd(coder) => coder.step(input, output),
        }));
        step.unwrap_or(Step { consumed: 0, produced: 0, outcome: Outcome::Corrupt })
    }
}

/// From the totals (in, out) before and after it. `None` is a failure.
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
