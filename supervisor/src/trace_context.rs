//! W3C Trace Context, level 2: reads `traceparent` and `tracestate` of a request, and writes them.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Length of a `traceparent` of version 00.
pub(crate) const TRACEPARENT_BYTES: usize = 55;

/// Most members of a `tracestate` (§3.3.1.1): one with more counts for nothing.
const MAX_MEMBERS: usize = 32;

/// A longer `tracestate` loses members (§3.3.1.5): first those over [`LONG_MEMBER`], then from the end.
const MAX_STATE: usize = 512;
const LONG_MEMBER: usize = 128;

/// Most bytes of a key, and of a value.
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

pub(crate) type TraceId = [u8; 16];
pub(crate) type SpanId = [u8; 8];

/// What a `traceparent` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceParent {
    pub(crate) trace: TraceId,
    /// The caller's span.
    pub(crate) span: SpanId,
    /// The caller keeps its part of the trace.
    pub(crate) is_sampled: bool,
    /// The last seven bytes of the trace's id are random.
    pub(crate) is_random: bool,
}

impl TraceParent {
    /// `None`: there is none, there are several, or it is malformed (§3.2.2, §4.3).
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(TRACEPARENT).iter();
        match (all.next(), all.next()) {
            (Some(only), None) => Self::parse(only.as_bytes()),
            _ => None,
        }
    }

    /// Of a later version only what this one knows is read; version ff is none.
    fn parse(text: &[u8]) -> Option<Self> {
        let (known, rest) = text.split_at_checked(TRACEPARENT_BYTES)?;
        let mut fields = known.split(|byte| *byte == b'-');
        let [version] = bytes(fields.next()?)?;
        let (trace, span) = (bytes(fields.next()?)?, bytes(fields.next()?)?);
        let [flags] = bytes(fields.next()?)?;
        let fits = match version {
            0xff => false,
            0 => rest.is_empty(),
            _ => rest.is_empty() || rest.starts_with(b"-"),
        };
        let valid = fits && fields.next().is_none() && trace != [0; 16] && span != [0; 8];
        valid.then_some(Self { trace, span, is_sampled: flags & SAMPLED != 0, is_random: flags & RANDOM != 0 })
    }

    /// The trace-flags.
    pub(crate) fn flags(&self) -> u8 {
        let sampled = if self.is_sampled { SAMPLED } else { 0 };
        sampled | if self.is_random { RANDOM } else { 0 }
    }

    /// As a header of version 00.
    pub(crate) fn text(&self) -> [u8; TRACEPARENT_BYTES] {
        let mut text = [b'-'; TRACEPARENT_BYTES];
        let mut at = 0;
        for field in [&[0][..], &self.trace, &self.span, &[self.flags()]] {
            for byte in field {
                for digit in [byte >> 4, byte & 15] {
                    if let Some(place) = text.get_mut(at) {
                        *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
                    }
                    at += 1;
                }
            }
            at += 1;
        }
        text
    }
}

/// Exactly as many bytes as the hexadecimal digits, in lower case (§3.2.2).
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *byte = *byte << 4 | value;
        }
    }
    Some(out)
}

/// The `tracestate` that goes with a valid `traceparent`: the lines as one, bounded. `None`: there is none, or it is
/// malformed, which does not concern the `traceparent` (§3.3, §4.3).
pub(crate) fn trace_state(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut members: Vec<&[u8]> = Vec::new();
    for line in headers.get_all(TRACESTATE) {
        for member in line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if member.is_empty() {
                continue;
            }
            if members.len() == MAX_MEMBERS || !is_member(member) {
                return None;
            }
            members.push(member);
        }
    }
    let length = |members: &[&[u8]]| members.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1);
    if length(&members) > MAX_STATE {
        members.retain(|member| member.len() <= LONG_MEMBER);
    }
    while length(&members) > MAX_STATE {
        members.pop();
    }
    if members.is_empty() { None } else { HeaderValue::from_bytes(&members.join(&b","[..])).ok() }
}

/// `key=value` (§3.3.1.3).
fn is_member(member: &[u8]) -> bool {
    let Some(equals) = member.iter().position(|byte| *byte == b'=') else { return false };
    let (key, value) = member.split_at(equals);
    let value = value.get(1..).unwrap_or_default();
    let begins = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let of_key = |byte: &u8| begins(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@');
    let of_value = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=');
    key.first().is_some_and(begins)
        && key.len() <= MAX_KEY
        && key.iter().all(of_key)
        && (1..=MAX_VALUE).contains(&value.len())
        && value.iter().all(of_value)
}

/// Makes ids that nobody can foretell.
#[derive(Debug)]
pub(crate) struct TraceIds {
    /// Keyed with the kernel's entropy.
    random: RandomState,
    count: Cell<u64>,
}

impl TraceIds {
    pub(crate) fn new() -> Self {
        Self { random: RandomState::new(), count: Cell::new(0) }
    }

    /// 64 random bits.
    pub(crate) fn draw(&self) -> u64 {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        self.random.hash_one(count)
    }

    pub(crate) fn trace(&self) -> TraceId {
        let mut id = [0; 16];
        for half in id.chunks_exact_mut(8) {
            half.copy_from_slice(&self.draw().max(1).to_be_bytes());
        }
        id
    }

    pub(crate) fn span(&self) -> SpanId {
        self.draw().max(1).to_be_bytes()
    }
}

#[cfg(test)]
mod tests;
