//! `x-request-id`: taken from the client if it is of sane form, else made here.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use nano_protocol::limits::MAX_REQUEST_ID;

/// The header's name.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Makes ids: 32 hexadecimal digits, 64 bits drawn at start and a counter, stirred so that it does not show.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: u64,
    seed: u64,
    count: Cell<u64>,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        // Keyed by the kernel's entropy.
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn chosen(ids: &RequestIds, given: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for id in given {
            headers.append(X_REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
        }
        ids.choose(&headers).as_str().to_owned()
    }

    #[test]
    fn a_sane_id_is_kept() {
        let ids = RequestIds::new();
        let longest = "x".repeat(128);
        for id in ["a", "7f3c.A_z-9", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", &longest] {
            assert_eq!(chosen(&ids, &[id.as_bytes()]), id);
        }
    }

    #[test]
    fn anything_else_is_replaced() {
        let ids = RequestIds::new();
        let long = "x".repeat(129);
        let bad: [&[&[u8]]; 7] =
            [&[], &[b""], &[b"a b"], &[b"a\"b"], &[b"\xff"], &[long.as_bytes()], &[b"one", b"two"]];
        for given in bad {
            let id = chosen(&ids, given);
            assert_eq!(id.len(), 32);
            assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()), "{id}");
        }
    }

    #[test]
    fn no_id_comes_twice() {
        let (one, two) = (RequestIds::new(), RequestIds::new());
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            assert!(seen.insert(one.fresh().as_str().to_owned()));
            assert!(seen.insert(two.fresh().as_str().to_owned()));
        }
    }
}
