//! Tests of `uid.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn a_name_has_its_uid() {
    let uid = |app: &str| Uids::new(None).lease(app).unwrap().uid;
    // Never change these: who set up rules for uids relies on them.
    assert_eq!([uid("a.example"), uid("b.example"), uid("default")], [61_096, 60_741, 60_766]);
    assert!(Uids::new(Some(200_000)).lease("a.example").unwrap().uid >= 200_000);
    assert_eq!((Uids::new(None).checkers().uid, supervisors_own(None)), (61_182, 61_183));
    assert!(u64::from(0xFFFF_0000_u32 - 1) + u64::from(WIDTH) - 1 < u64::from(u32::MAX), "-1 is no uid");
}

#[test]
fn generations_share_it_and_others_go_around_it() {
    let uids = Uids { width: 5, ..Uids::new(Some(100)) };
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
