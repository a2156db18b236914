//! Wide windows are given a bounded number of times, leave some to other apps, and come back.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::fair_semaphore::FairPermit;

/// As many as an app gets now.
fn all(app: &Rc<Share>) -> Vec<FairPermit> {
    std::iter::from_fn(|| app.try_take()).collect()
}

#[test]
fn there_are_so_many_and_each_comes_back() {
    let windows = ResponseWindows::new();
    let apps: Vec<_> = (0..2 * WINDOWS).map(|at| windows.of_app(&format!("app{at}"))).collect();
    for _ in 0..3 {
        let taken: Vec<_> = apps.iter().filter_map(Share::try_take).collect();
        assert_eq!(taken.len(), WINDOWS);
        assert!(apps.iter().all(|app| app.try_take().is_none()));
    }
}

#[test]
fn an_app_whose_clients_stall_leaves_half_of_them_to_others() {
    let windows = ResponseWindows::new();
    let [hostile, calm] = ["hostile", "calm"].map(|name| windows.of_app(name));
    let taken = all(&hostile);
    assert_eq!(taken.len(), WINDOWS / 2);
    // Another generation of it, or another worker, is the same app.
    assert!(windows.of_app("hostile").try_take().is_none());
    let held = all(&calm);
    assert_eq!(held.len(), WINDOWS / 4);
    // The last quarter is for those that have none.
    let others: Vec<_> = (0..WINDOWS / 4).map(|at| windows.of_app(&format!("app{at}"))).collect();
    assert!(others.iter().all(|app| app.try_take().is_some()));
}

#[test]
fn apps_that_are_gone_are_forgotten() {
    let windows = ResponseWindows::new();
    for at in 0..100 {
        windows.of_app(&format!("app{at}"));
    }
    assert!(windows.apps.borrow().len() <= 1);
}
