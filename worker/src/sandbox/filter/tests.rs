//! Tests of `filter.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use std::collections::BTreeSet;

use super::*;

#[test]
fn no_call_is_in_two_lists() {
    let mut seen = BTreeSet::new();
    let refused = REFUSED.iter().flat_map(|(_, calls)| calls.iter());
    // Refused under a condition means allowed otherwise.
    let refused = refused.filter(|(_, when)| matches!(when, When::Always)).map(|(call, _)| call);
    for call in ALLOWED.iter().chain(KILLED).chain(refused) {
        assert!(seen.insert(*call), "call {call} has two answers");
    }
}

#[test]
fn it_compiles() {
    let (first, second) = programs().unwrap();
    assert!(first.len() >= 5 && second.len() == 2, "{} and {}", first.len(), second.len());
}
