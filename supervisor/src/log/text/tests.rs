//! Text that is cut, and what is counted of the rest.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn a_json_string_has_at_most_so_many_bytes_whatever_is_in_it() {
    for piece in ["a", "\u{1}", "\"", "\u{202e}", "\u{9b}", "\u{e0001}", "é", "\u{1f600}", "\n\u{7f}"] {
        for length in [0, 1, 100, 10_000, 1_000_000] {
            let text = piece.repeat(length);
            let mut line = String::new();
            push_json(&mut line, &text, FIELD);
            let line = crate::printable::json(&line).into_owned();
            assert!(line.len() <= FIELD, "{piece:?} {length}: {}", line.len());
            let read: String = serde_json::from_str(&line).unwrap();
            let kept = read.split('…').next().unwrap();
            assert!(text.starts_with(kept) && (kept == text || kept.len() * 6 > FIELD - 200), "{piece:?} {length}");
        }
    }
}

#[test]
fn what_is_missing_is_counted() {
    assert_eq!(cut(&"x".repeat(200), 100, char::len_utf8).unwrap(), format!("{}…[148 bytes more]", "x".repeat(52)));
    assert_eq!(cut("short", 100, char::len_utf8), None);
    assert_eq!(Printed::of(format_args!("{}{}", "ab", "é".repeat(50)), 5), format!("abé…[{} bytes more]", 98));
    assert_eq!(Printed::of(format_args!("{}", "abc"), 5), "abc");
}

#[test]
fn lists_lose_their_end() {
    let list = bounded(Value::Array(vec![Value::from("x".repeat(1000)); 100]));
    let kept = list.as_array().unwrap().len();
    assert!((40..60).contains(&kept) && list.to_string().len() <= LIST, "{kept}");
    assert_eq!(bounded(serde_json::json!([1, 2])), serde_json::json!([1, 2]));
    assert_eq!(bounded(serde_json::json!({ "a": "x".repeat(LIST) })), Value::from(format!("…[{} bytes]", LIST + 8)));
}
