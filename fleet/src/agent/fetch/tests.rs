//! When a bundle is tried again.

use super::*;

#[test]
fn what_etcd_does_is_no_fault_of_the_bundle() {
    for times in [0, 1, 5, 40] {
        for error in [EtcdError::Late, EtcdError::Lost("gone".to_owned())] {
            let wait = wait_after(&error.into(), times);
            assert!((AGAIN.0..=AGAIN_SOON).contains(&wait), "{times}: {wait:?}");
        }
    }
}

#[test]
fn what_is_wrong_with_it_is_looked_at_less_and_less_often() {
    let waits: Vec<u64> = (0..8).map(|times| wait_after(&FetchError::Missing, times).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(wait_after(&FetchError::Bundle(BundleError::Chunk(0)), 40), AGAIN.1);
    // Who may not read it is not let in by asking.
    assert_eq!(wait_after(&EtcdError::Refused("permission denied".to_owned()).into(), 40), AGAIN.1);
}
