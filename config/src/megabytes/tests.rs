//! Tests of `megabytes.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn keeps_the_spelling() {
    for (json, text, bytes) in [
        ("1", "1", 1 << 20),
        ("1.0", "1", 1 << 20),
        ("0.5", "0.5", 1 << 19),
        ("1.50", "1.50", 3 << 19),
        ("1e1", "10", 10 << 20),
        ("25e-2", "0.25", 1 << 18),
    ] {
        let size = Megabytes::from_json(json).unwrap();
        assert_eq!((size.text(), size.bytes()), (text, bytes));
    }
    assert_eq!(Megabytes::from_json("-1"), None);
    assert_eq!(Megabytes::from_json("1e20"), None);
    assert_eq!(Megabytes::from_mb(64), Megabytes::from_json("64").unwrap());
}
