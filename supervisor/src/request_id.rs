//! `x-request-id`: the client's if it is well-formed, else a new one.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use nano_protocol::limits::MAX_REQUEST_ID;

/// The header's name.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Makes ids of 32 hexadecimal digits: 64 bits drawn at the start, and a counter that is mixed so that it does not
/// show.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: u64,
    seed: u64,
    count: Cell<u64>,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        // Seeded with the kernel's entropy.
        let random = RandomState::new();
        Self { prefix: random.hash_one(1), seed: random.hash_one(2), count: Cell::new(0) }
    }

    /// The client's id, or a new one.
    pub(crate) fn choose(&self, headers: &HeaderMap) -> RequestIdValue {
        let mut given = headers.get_all(X_REQUEST_ID).iter();
        match (given.next(), given.next()) {
            (Some(id), None) if is_sane(id.as_bytes()) => RequestIdValue(id.clone()),
            _ => self.fresh(),
        }
    }

    pub(crate) fn fresh(&self) -> RequestIdValue {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        let mut digits = [0; 32];
        hex(self.prefix, &mut digits[..16]);
        hex(stir(count ^ self.seed), &mut digits[16..]);
        let value = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(&digits));
        RequestIdValue(value.unwrap_or_else(|_| HeaderValue::from_static("-")))
    }
}

/// An id: ASCII letters, digits, `-`, `_`, `.`, at most 128 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestIdValue(HeaderValue);

impl RequestIdValue {
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn is_sane(id: &[u8]) -> bool {
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(sane)
}

/// The finalizer of `splitmix64`: a bijection, so different counts stay different.
fn stir(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn hex(number: u64, out: &mut [u8]) {
    for (byte, pair) in number.to_be_bytes().iter().zip(out.chunks_exact_mut(2)) {
        for (digit, place) in [byte >> 4, byte & 15].into_iter().zip(pair) {
            *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        }
    }
}

#[cfg(test)]
mod tests;
