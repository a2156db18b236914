//! Text as JSON for the inspector.

use super::*;

#[test]
fn json_strings_are_ascii() {
    assert_eq!(json_string("a\"\\\n\u{7f}é😀"), r#""a\u0022\u005c\u000a\u007f\u00e9\ud83d\ude00""#);
}
