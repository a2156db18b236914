//! Which times are taken.

use super::*;

#[test]
fn what_another_ran_is_taken_but_not_by_a_clock_that_is_wrong() {
    assert!(is_taken(600, 600));
    assert!(is_taken(660, 600));
    assert!(!is_taken(540, 600));
    assert!(is_taken(600 + AHEAD, 600));
    assert!(!is_taken(601 + AHEAD, 600));
    assert!(!is_taken(i64::MAX, i64::MIN));
    assert!(!is_taken(i64::MIN, i64::MAX));
}
