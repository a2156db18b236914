//! Stacks without the frames of the entry.

use super::*;

#[test]
fn frames_of_the_entry_itself_are_left_out() {
    assert_eq!(without_entry_frames("TypeError: x\n    at REPL1:1:7"), "TypeError: x");
    assert_eq!(
        without_entry_frames("Error: x\n    at f (REPL1:1:7)\n    at REPL12:3:1"),
        "Error: x\n    at f (REPL1:1:7)"
    );
    assert_eq!(without_entry_frames("[SyntaxError: Unexpected token ')']"), "SyntaxError: Unexpected token ')'");
    assert_eq!(without_entry_frames("Error\n    at REPLACE:1:1"), "Error\n    at REPLACE:1:1");
}
