//! Tests of `command.rs`.

use super::*;

#[test]
fn dots_before_names_are_commands() {
    assert_eq!(parse(".exit"), Some(Command::Exit));
    assert_eq!(parse("  .help "), Some(Command::Help));
    assert_eq!(parse(".load  a b.js"), Some(Command::Load("a b.js")));
    assert_eq!(parse(".exit now"), Some(Command::Unknown(".exit now")));
    assert_eq!(parse(".5 + 1"), None);
    assert_eq!(parse("...[1]"), None);
    assert_eq!(parse("a.b"), None);
}
