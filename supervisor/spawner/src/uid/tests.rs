//! Tests of `uid.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn a_name_has_its_uid() {
    let uid = |app: &str| Uids::new(None, BTreeMap::new()).lease(app).unwrap().uid;
    // Never change these: who set up rules for uids relies on them.
    assert_eq!([uid("a.example"), uid("b.example"), uid("default")], [61_096, 60_741, 60_766]);
    assert!(Uids::new(Some(200_000), BTreeMap::new()).lease("a.example").unwrap().uid >= 200_000);
    assert_eq!((Uids::new(None, BTreeMap::new()).checkers().uid, supervisors_own(None)), (61_182, 61_183));
    assert!(u64::from(0xFFFF_0000_u32 - 1) + u64::from(WIDTH) - 1 < u64::from(u32::MAX), "-1 is no uid");
}

#[test]
fn generations_share_it_and_others_go_around_it() {
    let uids = Uids { width: 5, ..Uids::new(Some(100), BTreeMap::new()) };
    let a = uids.lease("a").unwrap();
    assert_eq!(uids.lease("a").unwrap().uid, a.uid);
    let others = [uids.lease("b").unwrap(), uids.lease("c").unwrap()];
    let mut all = [a.uid, others[0].uid, others[1].uid];
    all.sort_unstable();
    assert_eq!(all, [100, 101, 102]);
    assert!(uids.lease("d").unwrap_err().to_string().contains("uid_base"));
    drop(others);
    let d = uids.lease("d").unwrap();
    assert_ne!(d.uid, a.uid);
}

#[test]
fn apps_of_the_nano_before_keep_theirs_and_no_other_app_gets_them() {
    let natural = |app: &str| Uids::new(None, BTreeMap::new()).lease(app).unwrap().uid;
    // In the nano before, `b.example` came first and had what `a.example` would have; `gone` is not configured any more.
    let kept = BTreeMap::from([
        ("b.example".to_owned(), natural("a.example")),
        ("gone".to_owned(), natural("default")),
        ("of another range".to_owned(), 7),
    ]);
    let uids = Uids::new(None, kept);
    let leases: Vec<_> = ["a.example", "b.example", "default"].map(|app| uids.lease(app).unwrap()).into();
    assert_eq!(leases[1].uid, natural("a.example"));
    assert_eq!(leases[0].uid, natural("a.example") + 1);
    assert_eq!(leases[2].uid, natural("default") + 1);
    assert_eq!(uids.in_use().len(), 3);
    drop(leases);
    assert!(uids.in_use().is_empty());
}
