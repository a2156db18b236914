//! Source maps (ECMA-426): where a place in generated code comes from. A map is the app's own: it may be anything, and
//! what it takes to read and to keep is bounded.
//!
//! The reader is ours since those that there are keep names, contents and every segment, without a bound.

use std::borrow::Cow;

use serde::Deserialize;

/// Longest map in bytes.
pub(crate) const MAX_MAP: usize = 32 << 20;

/// Most segments of a map that are kept: those of some ten thousand lines.
const MAX_SEGMENTS: usize = 1 << 20;

/// Most sources of a map.
const MAX_SOURCES: usize = 16 * 1024;

/// Longest name of a source in bytes, and all of them together.
const MAX_SOURCE: usize = 1024;
const MAX_SOURCES_BYTES: usize = 2 << 20;

/// Where a map is: what the comment at a module's end says.
const COMMENT: &[u8] = b"//# sourceMappingURL=";

/// The comment is looked for in so many bytes at the end.
const MAX_BEHIND: usize = MAX_MAP / 3 * 4 + 1024;

/// Which map a module has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MapUrl<'m> {
    /// The map itself, in base64.
    Inline(&'m str),
    /// A file, relative to the module.
    File(&'m str),
}

/// What the comment at a module's end says.
pub(crate) fn url_of(module: &[u8]) -> Option<MapUrl<'_>> {
    let end = module.get(module.len().saturating_sub(MAX_BEHIND)..)?;
    let at = memchr::memmem::rfind(end, COMMENT)?;
    let before = at.checked_sub(1).map_or(Some(&b'\n'), |before| end.get(before));
    let rest = end.get(at + COMMENT.len()..)?;
    let line = rest.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    // Code behind it: the comment is part of something else.
    let is_last = rest.get(line.len()..)?.iter().all(u8::is_ascii_whitespace);
    if !is_last || !matches!(before, Some(b'\n' | b'\r')) {
        return None;
    }
    let url = std::str::from_utf8(line).ok()?.trim();
    match url.strip_prefix("data:") {
        Some(data) => data.split_once(";base64,").map(|(_, text)| MapUrl::Inline(text)),
        None if url.contains(':') || url.starts_with('/') || url.is_empty() => None,
        None => Some(MapUrl::File(url)),
    }
}

/// A map, as far as places are concerned.
#[derive(Debug)]
pub(crate) struct SourceMap {
    sources: Vec<String>,
    /// Sorted by place.
    segments: Vec<Segment>,
}

/// The beginning of a piece of generated code, and of what it was made of. All from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Segment {
    line: u32,
    column: u32,
    source: u32,
    original_line: u32,
    original_column: u32,
}

/// What is read of a map; the rest is skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text<'t> {
    version: u32,
    source_root: Option<String>,
    #[serde(borrow)]
    sources: Vec<Option<Cow<'t, str>>>,
    #[serde(borrow)]
    mappings: Cow<'t, str>,
}

impl SourceMap {
    /// Reads a map; `None`: it is none, or too large.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_MAP {
            return None;
        }
        let text = text.strip_prefix(b")]}'").unwrap_or(text);
        let map: Text<'_> = serde_json::from_slice(text).ok()?;
        if map.version != 3 || map.sources.len() > MAX_SOURCES {
            return None;
        }
        let root = map.source_root.unwrap_or_default();
        let source = |source: Option<Cow<'_, str>>| {
            let source = source.unwrap_or_default();
            let join = if root.is_empty() || root.ends_with('/') { "" } else { "/" };
            let plain = root.chars().chain(join.chars()).chain(source.chars()).filter(|c| !c.is_control());
            plain
                .scan(0, |bytes, c| {
                    *bytes += c.len_utf8();
                    (*bytes <= MAX_SOURCE).then_some(c)
                })
                .collect::<String>()
        };
        let sources: Vec<String> = map.sources.into_iter().map(source).collect();
        if sources.iter().map(String::len).sum::<usize>() > MAX_SOURCES_BYTES {
            return None;
        }
        Some(Self { segments: segments(&map.mappings)?, sources })
    }

    /// Reads a map in base64.
    pub(crate) fn parse_inline(text: &str) -> Option<Self> {
        Self::parse(&decode_base64(text)?)
    }

    /// What is at this place of the generated code: the source, and the place in it. Places are from 1.
    pub(crate) fn original(&self, line: u32, column: u32) -> Option<(&str, u32, u32)> {
        let (line, column) = (line.checked_sub(1)?, column.checked_sub(1)?);
        let behind = self.segments.partition_point(|segment| (segment.line, segment.column) <= (line, column));
        let segment = self.segments.get(behind.checked_sub(1)?).filter(|segment| segment.line == line)?;
        let source = self.sources.get(usize::try_from(segment.source).ok()?)?;
        let (line, column) = (segment.original_line.checked_add(1)?, segment.original_column.checked_add(1)?);
        (!source.is_empty()).then_some((source, line, column))
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let sources = self.sources.iter().map(|source| source.len() + size_of::<String>());
        sources.sum::<usize>() + self.segments.len() * size_of::<Segment>()
    }
}

/// ECMA-426, section 9.2: groups of lines, segments of one, four or five numbers that are differences. `None`: it is not
/// that, or there are too many.
fn segments(mappings: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut sorted = true;
    let (mut source, mut original_line, mut original_column) = (0, 0, 0);
    for (line, group) in mappings.split(';').enumerate() {
        let line = u32::try_from(line).ok()?;
        let mut column = 0;
        for text in group.split(',').filter(|text| !text.is_empty()) {
            let (numbers, count) = numbers(text.as_bytes())?;
            let [first, to_source, to_line, to_column, _] = numbers;
            column = add(column, first)?;
            if count < 4 {
                continue;
            }
            source = add(source, to_source)?;
            original_line = add(original_line, to_line)?;
            original_column = add(original_column, to_column)?;
            if segments.len() >= MAX_SEGMENTS {
                return None;
            }
            let segment = Segment { line, column, source, original_line, original_column };
            sorted &= segments.last().is_none_or(|last: &Segment| (last.line, last.column) <= (line, column));
            segments.push(segment);
        }
    }
    if !sorted {
        segments.sort_unstable();
    }
    segments.shrink_to_fit();
    Some(segments)
}

fn add(to: u32, difference: i64) -> Option<u32> {
    u32::try_from(i64::from(to).checked_add(difference)?).ok()
}

/// The numbers of a segment, and how many there are.
fn numbers(text: &[u8]) -> Option<([i64; 5], usize)> {
    let mut numbers = [0; 5];
    let (mut at, mut value, mut shift) = (0, 0i64, 0u32);
    for byte in text {
        let digit = i64::from(digit(*byte)?);
        value |= (digit & 31).checked_shl(shift).filter(|_| shift <= 30)?;
        shift += 5;
        if digit & 32 == 0 {
            let slot = numbers.get_mut(at)?;
            *slot = if value & 1 == 1 { -(value >> 1) } else { value >> 1 };
            (at, value, shift) = (at + 1, 0, 0);
        }
    }
    (shift == 0).then_some((numbers, at))
}

/// The value of a digit of base64.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        let value = group.iter().try_fold(0u32, |value, byte| Some(value << 6 | u32::from(digit(*byte)?)))?;
        // Whole bytes of what is there: 3 of 4 digits, 2 of 3, 1 of 2.
        let count = group.len().checked_sub(1).filter(|count| *count > 0)?;
        let value = value << (6 * (4 - group.len()));
        bytes.extend(value.to_be_bytes().get(1..=count)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
