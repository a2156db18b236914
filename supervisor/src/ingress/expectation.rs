//! `Expect` (RFC 9110 §10.1.1): `100-continue` is met, others are refused.

use http::Version;
use http::header::EXPECT;
use http::request::Parts;

use super::Failure;

/// Refuses anything but `100-continue` and an empty value. A client of HTTP/1.0 can expect nothing.
pub(super) fn check(head: &Parts) -> Result<(), Failure> {
    let mut all = head.headers.get_all(EXPECT).iter();
    let known = |value: &[u8]| value.is_empty() || value.eq_ignore_ascii_case(b"100-continue");
    if head.version > Version::HTTP_10 && !all.all(|value| known(value.as_bytes())) {
        return Err(Failure::Expectation);
    }
    Ok(())
}

/// Whether the client waits for `100 Continue`, as hyper reads the header.
pub(super) fn waits(head: &Parts) -> bool {
    let last = head.headers.get_all(EXPECT).iter().next_back();
    // Of HTTP/2 hyper sends none.
    head.version == Version::HTTP_11 && last.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
