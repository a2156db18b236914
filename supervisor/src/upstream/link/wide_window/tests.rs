//! The right to a wide window is given a bounded number of times, and comes back.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn there_are_so_many_and_no_more_and_each_comes_back() {
    for _ in 0..3 {
        let all: Vec<_> = (0..WINDOWS).map(|_| WideWindow::new().unwrap()).collect();
        assert!(WideWindow::new().is_none());
        drop(all);
    }
}
