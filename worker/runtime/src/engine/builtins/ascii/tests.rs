//! Tests of `ascii.rs`.

use super::*;

#[test]
fn comments_lose_what_is_not_ascii_and_nothing_else_changes() {
    let text = "// a \u{2026} b\nconst x = 1; // \u{a7} 4\n/**\n * \u{2192}\n */\nconst y = \"//\";\n";
    assert_eq!(
        without_others_in_comments(text).as_deref(),
        Ok("// a ? b\nconst x = 1; // ? 4\n/**\n * ?\n */\nconst y = \"//\";\n")
    );
}

#[test]
fn code_must_be_ascii() {
    for (text, line) in [
        ("const x = '\u{2026}';", 1),
        ("\nconst x = \"http://\u{e9}\";", 2),
        ("\n\nconst x = \" // \u{e9}\";", 3),
        ("const \u{e9} = 1; // and so on", 1),
    ] {
        assert_eq!(without_others_in_comments(text), Err(line), "{text}");
    }
}
