//! What is escaped, and what stays as it is.

use super::*;

/// Each kind of what must never reach a terminal.
const ACTIVE: &[(char, &str)] = &[
    ('\0', "\\0"),
    ('\u{7}', "\\u{7}"),
    ('\u{8}', "\\u{8}"),
    ('\r', "\\r"),
    ('\u{1b}', "\\u{1b}"),
    ('\u{7f}', "\\u{7f}"),
    ('\u{85}', "\\u{85}"),
    ('\u{9b}', "\\u{9b}"),
    ('\u{ad}', "\\u{ad}"),
    ('\u{61c}', "\\u{61c}"),
    ('\u{200b}', "\\u{200b}"),
    ('\u{200d}', "\\u{200d}"),
    ('\u{200f}', "\\u{200f}"),
    ('\u{2028}', "\\u{2028}"),
    ('\u{2029}', "\\u{2029}"),
    ('\u{202e}', "\\u{202e}"),
    ('\u{2066}', "\\u{2066}"),
    ('\u{3164}', "\\u{3164}"),
    ('\u{e000}', "\\u{e000}"),
    ('\u{feff}', "\\u{feff}"),
    ('\u{fff9}', "\\u{fff9}"),
    ('\u{e0041}', "\\u{e0041}"),
    ('\u{10ffff}', "\\u{10ffff}"),
];

#[test]
fn nothing_active_is_left() {
    for (c, shown) in ACTIVE {
        let said = format!("a{c}b");
        for escaped in [text(&said), line(&said), lines(&said)] {
            assert_eq!(escaped, format!("a{shown}b"));
        }
    }
    for c in (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| c.is_control() && !"\n\t".contains(*c)) {
        assert!(!text(&format!("a{c}b")).contains(c), "{}", c.escape_unicode());
    }
}

#[test]
fn what_people_write_stays_as_it_is() {
    for said in ["a \"b\" \\ 'c'\t~", "grüße e\u{301} 日本語 שלום नमस्ते", "\u{a0}«x»\u{3000}", "🦀 ❤\u{fe0f} \u{fffd}"]
    {
        assert!(matches!(text(said), Cow::Borrowed(same) if same == said), "{}", text(said));
        assert!(matches!(json(said), Cow::Borrowed(_)));
    }
}

#[test]
fn a_line_of_somebody_else_does_not_begin_where_nanos_do() {
    assert_eq!(
        text("TypeError: x\r\n    at f\n12:00:00.000 INFO  ok"),
        "TypeError: x\n        at f\n    12:00:00.000 INFO  ok"
    );
    assert_eq!(line("a\nb\r\nc"), "a\\nb\\nc");
    assert_eq!(lines("a\nb\u{1b}\n"), "a\nb\\u{1b}\n");
}

#[test]
fn json_says_the_same() {
    for (c, _) in ACTIVE {
        let said = serde_json::json!({ "message": format!("a{c}\"\n{c}b") }).to_string();
        let shown = json(&said);
        assert!(!shown.chars().any(is_active), "{shown:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).ok(), serde_json::from_str(&said).ok());
    }
    assert_eq!(json("{\"a\":\"\u{10ffff}\"}\n"), "{\"a\":\"\\udbff\\udfff\"}\n");
}
