//! Tests of `tunnels.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn one_app_has_half_and_all_leave_a_quarter() {
    let tunnels = Tunnels::new(8);
    let (one, other, third): (Arc<str>, Arc<str>, Arc<str>) = ("one".into(), "other".into(), "third".into());
    let mut open: Vec<_> = (0..4).map(|_| tunnels.enter(&one).unwrap()).collect();
    assert!(tunnels.enter(&one).is_none());
    open.extend([tunnels.enter(&other).unwrap(), tunnels.enter(&third).unwrap()]);
    assert!(tunnels.enter(&third).is_none(), "a quarter is for requests");
    drop(open.remove(0));
    assert!(tunnels.enter(&third).is_some() && tunnels.enter(&one).is_some());
    drop(open);
    assert!(tunnels.by_app.borrow().is_empty() && tunnels.all.get() == 0);
}
