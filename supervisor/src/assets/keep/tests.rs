//! Tests of `keep.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn room_ends_for_an_app_and_comes_back() {
    let budget = KeepBudget::default();
    assert!(budget.reserve(MAX_KEPT_FILE + 1).is_none());
    assert!(budget.reserve(u64::MAX).is_none());
    let mut rooms: Vec<_> = std::iter::from_fn(|| budget.reserve(MAX_KEPT_FILE)).collect();
    assert_eq!(rooms.len() as u64, MAX_KEPT_APP / (MAX_KEPT_FILE + OVERHEAD));
    assert!(KeepBudget::default().reserve(0).is_some(), "another app has room still");
    rooms.pop().unwrap();
    assert!(budget.reserve(MAX_KEPT_FILE).is_some());
}
