//! Tests of `numbered.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_number_is_used_again_once_its_value_is_gone_for_good() {
    let mut values = Numbered::default();
    let (first, second) = (values.reserve(), values.reserve());
    values.put(first, "first");
    values.put(second, "second");
    assert_eq!((first, second), (0, 1));
    assert_eq!((values.get(first), values.get(second)), (Some(&"first"), Some(&"second")));
    *values.get_mut(second).unwrap() = "changed";
    assert_eq!(values.get(second), Some(&"changed"));
    // One that is lent keeps its number, and nothing takes it twice.
    assert_eq!(values.lend(first), Some("first"));
    assert_eq!(values.take(first), None);
    assert_eq!(values.reserve(), 2);
    values.put(first, "again");
    assert_eq!(values.take(first), Some("again"));
    assert_eq!(values.take(first), None);
    assert_eq!(values.reserve(), first);
    // What was never reserved.
    values.put(99, "nowhere");
    assert_eq!(values.get(99), None);
}
