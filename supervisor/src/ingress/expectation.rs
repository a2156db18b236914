//! `Expect` (RFC 9110 §10.1.1): the one expectation that there is, and the refusal of others.

use http::Version;
use http::header::EXPECT;
use http::request::Parts;

use super::Failure;

/// Refuses what is neither `100-continue` nor empty. A client of HTTP/1.0 can expect nothing.
pub(super) fn check(head: &Parts) -> Result<(), Failure> {
    let mut all = head.headers.get_all(EXPECT).iter();
    let known = |value: &[u8]| value.is_empty() || value.eq_ignore_ascii_case(b"100-continue");
    if head.version > Version::HTTP_10 && !all.all(|value| known(value.as_bytes())) {
        return Err(Failure::Expectation);
    }
    Ok(())
}

/// Whether the client sends its body when it is asked to, as hyper reads the header.
pub(super) fn waits(head: &Parts) -> bool {
    let last = head.headers.get_all(EXPECT).iter().next_back();
    head.version > Version::HTTP_10 && last.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
