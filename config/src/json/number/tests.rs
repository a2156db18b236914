//! Tests of `number.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn is_exact() {
    for (text, whole, mega, plain) in [
        ("0", Some(0), Some(0), "0"),
        ("-0.0", Some(0), Some(0), "0"),
        ("1", Some(1), Some(1 << 20), "1"),
        ("1.0", Some(1), Some(1 << 20), "1"),
        ("10e-1", Some(1), Some(1 << 20), "1"),
        ("1e3", Some(1000), Some(1000 << 20), "1000"),
        ("0.5", None, Some(1 << 19), "0.5"),
        ("5E-1", None, Some(1 << 19), "0.5"),
        ("0.1", None, Some(104_857), "0.1"),
        ("12.05", None, Some(12_635_340), "12.05"),
        ("-3", None, None, "-3"),
        ("18446744073709551615", Some(u64::MAX), None, "18446744073709551615"),
        ("1e30", None, None, "1000000000000000000000000000000"),
        ("1e-30", None, Some(0), "0.000000000000000000000000000001"),
    ] {
        let decimal = Decimal::parse(text).unwrap();
        assert_eq!(decimal.whole(), whole, "{text}");
        assert_eq!(decimal.scaled(1 << 20), mega, "{text}");
        assert_eq!(decimal.plain(), plain, "{text}");
    }
    for absurd in ["1e99999999999", "1e40", "1e-400", "1234567890123456789012345"] {
        assert_eq!(Decimal::parse(absurd), None, "{absurd}");
    }
    assert_eq!(Decimal::parse("0e99999999999").unwrap().whole(), Some(0), "zero whatever the exponent");
    assert_eq!(Decimal::parse("1.0000000000000000000000000000000000000000000").unwrap().whole(), Some(1));
}
