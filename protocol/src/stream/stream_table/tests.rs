//! Numbers count up, are used again only when they are free, and each side's view fits the other's.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn what_was_never_issued_is_unknown_and_what_is_over_is_not() {
    let mut table = StreamTable::default();
    assert_eq!(table.find(0), Err(StreamViolation::Unknown(0)));
    assert_eq!((table.issue(), table.issue()), (0, 1));
    table.insert(0, "a");
    assert_eq!((table.find(0), table.find(1)), (Ok(Some(&"a")), Ok(None)));
    assert_eq!(table.find(2), Err(StreamViolation::Unknown(2)));
    assert_eq!((table.remove(0), table.find(0), table.len()), (Some("a"), Ok(None), 0));
}

#[test]
fn the_peer_has_to_count_up_one_by_one() {
    let mut table = StreamTable::default();
    assert_eq!(table.accept(1), Err(StreamViolation::OutOfTurn(1)));
    table.accept(0).unwrap();
    table.insert(0, ());
    for number in [0, 2, u32::MAX] {
        assert_eq!(table.accept(number), Err(StreamViolation::OutOfTurn(number)));
    }
    table.accept(1).unwrap();
}

#[test]
fn keys_are_never_0_and_stay_small() {
    let mut keys = StreamTable::keys();
    assert_eq!(keys.issue(), 1);
    keys.insert(1, ());
    keys.next = MAX_KEY;
    assert_eq!((keys.issue(), keys.issue()), (0x3fff_ffff, 2), "1 is open still");
}

#[test]
fn used_numbers_come_again_without_those_that_are_open() {
    let (mut issuer, mut acceptor) = (StreamTable::default(), StreamTable::default());
    for table in [&mut issuer, &mut acceptor] {
        table.next = MAX_STREAM_NUMBER;
        table.insert(0, ());
        table.insert(1, ());
    }
    let last = issuer.issue();
    assert_eq!(last, MAX_STREAM_NUMBER);
    acceptor.accept(last).unwrap();
    // One of the two is over on the other side already.
    acceptor.remove(1);
    let next = issuer.issue();
    assert_eq!(next, 2);
    acceptor.accept(next).unwrap();
    assert_eq!(acceptor.accept(MAX_SKIPPED + 4), Err(StreamViolation::OutOfTurn(MAX_SKIPPED + 4)));
    assert_eq!(acceptor.find(77), Ok(None), "any number may have been used");
}

proptest! {
    /// In a small range, so that numbers are used up often: no open stream's number is issued, and the peer accepts all.
    #[test]
    fn both_sides_agree(closings in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..300)) {
        let (mut issuer, mut acceptor) = (StreamTable::new(0..=15), StreamTable::new(0..=15));
        let mut open = BTreeSet::new();
        for (which, close) in closings {
            if open.len() == 12 || (close && !open.is_empty()) {
                let number = *which.get(&open.iter().copied().collect::<Vec<u32>>());
                open.remove(&number);
                prop_assert_eq!(acceptor.remove(number), Some(number));
                prop_assert_eq!(issuer.remove(number), Some(number));
            } else {
                let number = issuer.issue();
                prop_assert!(number <= 15 && open.insert(number), "{} is open", number);
                acceptor.accept(number).unwrap();
                issuer.insert(number, number);
                acceptor.insert(number, number);
            }
            prop_assert_eq!(issuer.len(), open.len());
            prop_assert!(open.iter().all(|number| issuer.find(*number) == Ok(Some(number))));
        }
    }
}
