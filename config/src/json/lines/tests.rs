//! Tests of `lines.rs`.

use super::*;

#[test]
fn counts_characters_from_one() {
    let lines = LineIndex::new("ab\r\nä€x\n\n\ty");
    assert_eq!(lines.locate(0), (1, 1));
    assert_eq!(lines.locate(1), (1, 2));
    assert_eq!(lines.locate(4), (2, 1));
    assert_eq!(lines.locate(9), (2, 3), "x comes after two characters of five bytes");
    assert_eq!(lines.locate(11), (3, 1));
    assert_eq!(lines.locate(13), (4, 2));
    assert_eq!(lines.locate(14), (4, 3), "the end of the text");
    assert_eq!(LineIndex::new("").locate(0), (1, 1));
}

#[test]
fn long_lines_are_counted_from_the_nearest_step() {
    let text = format!("ab\n{}", "ä€".repeat(STEP));
    let lines = LineIndex::new(&text);
    for (column, (at, _)) in text[3..].char_indices().enumerate() {
        assert_eq!(lines.locate(at + 3), (2, column + 1));
    }
    assert_eq!(lines.locate(text.len()), (2, 2 * STEP + 1));
    assert_eq!(LineIndex::new(&"a".repeat(2 * STEP)).locate(2 * STEP), (1, 2 * STEP + 1));
}
