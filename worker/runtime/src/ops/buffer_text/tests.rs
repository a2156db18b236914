//! Tests of `buffer_text.rs`: what Node.js makes of odd texts.

use super::*;

#[test]
fn base64_takes_what_it_can() {
    for (text, expected) in [
        ("YQ==YQ==", "a"),
        ("YQ=Q", "a"),
        ("Y Q = =", "a"),
        ("YQ", "a"),
        ("Y", ""),
        ("YWJj\nZGVm", "abcdef"),
        ("Y!W@J#j", "abc"),
        ("====", ""),
        ("", ""),
    ] {
        assert_eq!(base64_decode(text.as_bytes(), usize::MAX), expected.as_bytes(), "{text}");
    }
    assert_eq!(base64_decode(b"-_+/", usize::MAX), base64_decode(b"+/-_", usize::MAX));
    assert_eq!(base64_decode(b"YWJjZGVm", 4), b"abcd");
    assert_eq!(base64url_encode(&[0xfb, 0xff]), b"-_8");
}

#[test]
fn hex_ends_at_the_first_pair_that_is_none() {
    for (text, expected) in [("6162", "ab"), ("61 62", "a"), ("616", "a"), ("zz", ""), ("61zz62", "a"), ("6", "")] {
        assert_eq!(hex_decode(text.as_bytes(), usize::MAX), expected.as_bytes(), "{text}");
    }
    assert_eq!(hex_decode(b"616263", 2), b"ab");
    assert_eq!(hex_encode(&[0, 0xab, 0xff]), b"00abff");
}
