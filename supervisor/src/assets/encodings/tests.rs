//! Tests of `encodings.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn chosen(accept: &str) -> Option<&'static str> {
    let mut asked = HeaderMap::new();
    asked.insert(ACCEPT_ENCODING, accept.parse().unwrap());
    choose(&asked, |_| true).map(Coding::name)
}

#[test]
fn the_best_that_the_client_takes() {
    for (accept, expected) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip", Some("gzip")),
        ("x-gzip", Some("gzip")),
        ("br;q=0.5, gzip;q=0.9", Some("gzip")),
        ("BR; q=0.2, gzip;q=0", Some("br")),
        ("*", Some("br")),
        ("*;q=0.5, br;q=0", Some("gzip")),
        ("identity, br;q=0.5", None),
        ("identity;q=0.5, br;q=0.6", Some("br")),
        ("br;q=0, gzip;q=0.000", None),
        ("br;q=x", None),
        ("deflate", None),
        ("", None),
    ] {
        assert_eq!(chosen(accept), expected, "{accept:?}");
    }
    assert_eq!(choose(&HeaderMap::new(), |_| true), None);
    let mut asked = HeaderMap::new();
    asked.insert(ACCEPT_ENCODING, "br, gzip".parse().unwrap());
    assert_eq!(choose(&asked, |coding| coding == Coding::Gzip), Some(Coding::Gzip));
}
