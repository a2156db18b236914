//! Zstandard (RFC 8878), by the reference library. What a compressor allocates with its first bytes is known before, by its
//! parameters; what a decompressor does, by the frame: its window is touched as it is filled, 64 KiB in a step, and counted after the
//! first.

use std::mem::size_of;

use zstd_safe::zstd_sys::ZSTD_EndDirective as Directive;
use zstd_safe::{CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, Strategy};

use super::{Flush, Outcome, Step};

/// Numbers of parameters, as zstd.h has them.
const COMPRESSION_LEVEL: i32 = 100;
const WINDOW_LOG: i32 = 101;
const HASH_LOG: i32 = 102;
const CHAIN_LOG: i32 = 103;
const LONG_DISTANCE: i32 = 160;
/// Of decompression.
const WINDOW_LOG_MAX: i32 = 100;
/// What the library takes where it is not told.
const DEFAULT_LEVEL: i32 = 3;
/// The window that matching over long distances has, at least.
const LONG_WINDOW: u32 = 27;
/// Tables of the optimal parser, of literals and of sequences, buffers of blocks, and a table for matches of three bytes.
const FIXED_MEMORY: usize = 4 << 20;

/// Logarithms of window, chain table and hash table of each level, from 1 on, for input of unknown size (`ZSTD_defaultCParameters`).
const LEVELS: [(u32, u32, u32); 22] = [
    (19, 13, 14),
    (20, 15, 16),
    (21, 16, 17),
    (21, 18, 18),
    (21, 18, 19),
    (21, 18, 19),
    (21, 19, 20),
    (21, 19, 20),
    (22, 20, 21),
    (22, 21, 22),
    (22, 21, 22),
    (22, 22, 23),
    (22, 22, 22),
    (22, 22, 23),
    (22, 23, 23),
    (22, 22, 22),
    (23, 23, 22),
    (23, 23, 22),
    (23, 24, 22),
    (25, 25, 23),
    (26, 26, 24),
    (27, 27, 25),
];

/// What is set beside the dictionary: numbers of parameters with their values, and the size that was announced.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Parameters {
    pub(in super::super) values: Vec<(i32, i32)>,
    pub(in super::super) size: Option<u64>,
}

impl Parameters {
    fn value(&self, name: i32) -> Option<i32> {
        self.values.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// Bytes that a compressor allocates, at most.
    fn memory(&self) -> usize {
        let level = self.value(COMPRESSION_LEVEL).filter(|level| *level != 0).unwrap_or(DEFAULT_LEVEL);
        let row = usize::try_from(level.clamp(1, 22) - 1).unwrap_or_default();
        let (window, chain, hash) = LEVELS.get(row).copied().unwrap_or((27, 27, 25));
        let given = |name, otherwise| match self.value(name).and_then(|value| u32::try_from(value).ok()) {
            Some(0) | None => otherwise,
            Some(value) => value.min(31),
        };
        let is_long = self.value(LONG_DISTANCE) == Some(1);
        let window = given(WINDOW_LOG, if is_long { window.max(LONG_WINDOW) } else { window });
        let tables = (4_usize << given(CHAIN_LOG, chain)) + (4_usize << given(HASH_LOG, hash));
        // The table of long distances has 2^(window - 7) entries of 8 bytes.
        let long = if is_long { 8_usize << window.saturating_sub(7) } else { 0 };
        // The tables for short strings have tags of half their size.
        (1_usize << window) + tables + tables / 2 + long + FIXED_MEMORY
    }
}

fn parameter(name: i32, value: i32) -> Option<CParameter> {
    let number = || u32::try_from(value).ok();
    Some(match name {
        COMPRESSION_LEVEL => CParameter::CompressionLevel(value),
        WINDOW_LOG => CParameter::WindowLog(number()?),
        HASH_LOG => CParameter::HashLog(number()?),
        CHAIN_LOG => CParameter::ChainLog(number()?),
        104 => CParameter::SearchLog(number()?),
        105 => CParameter::MinMatch(number()?),
        106 => CParameter::TargetLength(number()?),
        107 => CParameter::Strategy(match value {
            1 => Strategy::ZSTD_fast,
            2 => Strategy::ZSTD_dfast,
            3 => Strategy::ZSTD_greedy,
            4 => Strategy::ZSTD_lazy,
            5 => Strategy::ZSTD_lazy2,
            6 => Strategy::ZSTD_btlazy2,
            7 => Strategy::ZSTD_btopt,
            8 => Strategy::ZSTD_btultra,
            9 => Strategy::ZSTD_btultra2,
            _ => return None,
        }),
        LONG_DISTANCE => CParameter::EnableLongDistanceMatching(value == 1),
        161 => CParameter::LdmHashLog(number()?),
        162 => CParameter::LdmMinMatch(number()?),
        163 => CParameter::LdmBucketSizeLog(number()?),
        164 => CParameter::LdmHashRateLog(number()?),
        200 => CParameter::ContentSizeFlag(value != 0),
        201 => CParameter::ChecksumFlag(value != 0),
        202 => CParameter::DictIdFlag(value != 0),
        _ => return None,
    })
}

/// Those of threads, which there are not: without an effect.
fn is_of_threads(name: i32) -> bool {
    (400..=402).contains(&name)
}

/// The library's number of an error.
fn number_of(code: usize) -> usize {
    0_usize.wrapping_sub(code)
}

fn complaint_of(code: usize) -> String {
    format!("{} {}", number_of(code), zstd_safe::get_error_name(code))
}

/// Compresses.
pub(in super::super) struct Encoder {
    context: CCtx<'static>,
    /// Bytes that it will have.
    expected: usize,
    /// Whether the size of all input was announced.
    has_size: bool,
    failure: Option<usize>,
}

impl Encoder {
    /// `None`: a parameter or the dictionary is refused.
    pub(super) fn new(parameters: &Parameters, dictionary: Option<&[u8]>) -> Option<Self> {
        let mut context = CCtx::try_create()?;
        for &(name, value) in parameters.values.iter().filter(|(name, _)| !is_of_threads(*name)) {
            context.set_parameter(parameter(name, value)?).ok()?;
        }
        if parameters.size.is_some() {
            context.set_pledged_src_size(parameters.size).ok()?;
        }
        if let Some(dictionary) = dictionary {
            context.load_dictionary(dictionary).ok()?;
        }
        Some(Self { context, expected: parameters.memory(), has_size: parameters.size.is_some(), failure: None })
    }

    pub(super) fn memory(&self) -> usize {
        (size_of::<Self>() + self.context.sizeof()).max(self.expected)
    }

    pub(super) fn complaint(&self) -> Option<String> {
        self.failure.map(complaint_of)
    }

    pub(super) fn step(&mut self, input: &[u8], flush: Flush, output: &mut [u8]) -> Step {
        let directive = match flush {
            Flush::None => Directive::ZSTD_e_continue,
            Flush::Finish => Directive::ZSTD_e_end,
            Flush::Partial | Flush::Sync | Flush::Full => Directive::ZSTD_e_flush,
        };
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(output);
        // The library takes what comes with the end, and nothing before it, for all that was announced.
        let begun = if self.has_size && flush == Flush::Finish && !input.is_empty() {
            self.context.compress_stream2(&mut to, &mut from, Directive::ZSTD_e_continue)
        } else {
            Ok(0)
        };
        let is_begun = begun.is_ok() && (from.pos() == input.len() || !self.has_size);
        let result =
            if is_begun { self.context.compress_stream2(&mut to, &mut from, directive) } else { begun.map(|_| 1) };
        let outcome = match result {
            Ok(0) if flush == Flush::Finish => Outcome::End,
            Ok(_) => Outcome::More,
            Err(code) => {
                self.failure = Some(code);
                Outcome::Corrupt
            }
        };
        Step { consumed: from.pos(), produced: to.pos(), outcome }
    }
}

/// Decompresses. Behind a frame another one may follow.
pub(in super::super) struct Decoder {
    context: DCtx<'static>,
    failure: Option<usize>,
}

impl Decoder {
    /// `None`: a parameter or the dictionary is refused.
    pub(super) fn new(parameters: &Parameters, dictionary: Option<&[u8]>) -> Option<Self> {
        let mut context = DCtx::try_create()?;
        if let Some(most) = parameters.value(WINDOW_LOG_MAX) {
            context.set_parameter(DParameter::WindowLogMax(u32::try_from(most).ok()?)).ok()?;
        }
        if let Some(dictionary) = dictionary {
            context.load_dictionary(dictionary).ok()?;
        }
        Some(Self { context, failure: None })
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.context.sizeof()
    }

    pub(super) fn complaint(&self) -> Option<String> {
        self.failure.map(complaint_of)
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(output);
        let result = self.context.decompress_stream(&mut to, &mut from);
        let outcome = match result {
            Ok(0) => Outcome::End,
            Ok(_) => Outcome::More,
            Err(code) => {
                self.failure = Some(code);
                Outcome::Corrupt
            }
        };
        Step { consumed: from.pos(), produced: to.pos(), outcome }
    }
}
