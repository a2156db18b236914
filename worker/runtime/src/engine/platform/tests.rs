//! Flags that V8 does not know.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_flag_that_v8_does_not_know_fails_the_start() {
    let flags = ["nano", "--stack-size=1000", "--no-such-flag-at-all"].map(String::from).to_vec();
    let error = set_flags(flags).unwrap_err();
    assert_eq!(error.to_string(), "V8 does not know these flags: --no-such-flag-at-all");
}
