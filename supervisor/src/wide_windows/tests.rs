//! The right to a wide window is given a bounded number of times, and comes back.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn there_are_so_many_and_no_more_and_each_comes_back() {
    let windows = WideWindows::new(100, 30);
    for _ in 0..3 {
        let all: Vec<_> = (0..3).map(|_| windows.take().unwrap()).collect();
        assert!(windows.take().is_none());
        drop(all);
    }
}
