//! Strings, comments, templates and slashes.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn strings_comments_and_templates_are_no_code() {
    let source = "#!x\na /* ( */ `b ( ${c['}']} d` // [\n'\\'('; /[/(]\\/x/g";
    let tokens = Tokens::of(source).unwrap();
    let words: Vec<_> = (0..tokens.len()).filter_map(|index| tokens.word(index)).collect();
    assert_eq!(words, ["a", "c"]);
}

#[test]
fn a_slash_divides_after_a_value() {
    for (source, literals) in [
        ("a / b / c", 0),
        ("(a) / b / c", 0),
        ("a[0] / b / c", 0),
        ("if (a) /b/.test(c)", 1),
        ("x = /b/", 1),
        ("return /b/", 1),
        ("x.return / b / c", 0),
        ("a++ / b / c", 0),
    ] {
        let tokens = Tokens::of(source).unwrap();
        let found = (0..tokens.len()).filter(|index| matches!(tokens.get(*index), Some(Token::Literal(_)))).count();
        assert_eq!(found, literals, "{source}");
    }
}

#[test]
fn what_is_not_understood_is_given_up() {
    for source in ["`${", "'\\", "'\n'", "/*", "(]", ")", "{", "} / 2", "{} /x/", "\\u0061", "/x", "`", "a # b"] {
        assert!(Tokens::of(source).is_none(), "{source}");
    }
}
