//! Shares of addresses, and what is left of them.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// How many connections of these addresses, in turn, are let in.
fn admitted(addresses: &PerAddressLimit, from: &[&str]) -> usize {
    let from: Vec<IpAddr> = from.iter().map(|text| text.parse().unwrap()).collect();
    let mut admitted = 0;
    while addresses.enter(from[admitted % from.len()], false) {
        admitted += 1;
    }
    admitted
}

#[test]
fn an_address_gets_its_part_and_no_more() {
    for (max, from, part) in [
        (8192, &["192.0.2.1"][..], 2048),
        (8192, &["2001:db8::1", "2001:db8::2", "2001:db8::ffff:ffff:ffff:ffff"], 2048),
        (8192, &["192.0.2.1", "::ffff:192.0.2.1"], 2048),
        (8192, &["127.0.0.1"], 6144),
        (8192, &["::1"], 6144),
        (8192, &["::ffff:127.0.0.1"], 6144),
        (1, &["192.0.2.1"], 1),
        (1, &["127.0.0.1"], 1),
    ] {
        assert_eq!(admitted(&PerAddressLimit::new(max), from), part, "{from:?} of {max}");
    }
}

#[test]
fn others_have_theirs() {
    let addresses = PerAddressLimit::new(8);
    assert_eq!(admitted(&addresses, &["192.0.2.1"]), 2);
    assert_eq!(admitted(&addresses, &["192.0.2.2"]), 2);
    assert_eq!(admitted(&addresses, &["2001:db8::1"]), 2);
    assert_eq!(admitted(&addresses, &["2001:db8:0:1::1"]), 2);
    assert_eq!(admitted(&addresses, &["127.0.0.1"]), 6);
    assert_eq!(admitted(&addresses, &["127.0.0.2"]), 6);
}

#[test]
fn what_is_closed_counts_no_more_and_leaves_nothing() {
    let addresses = PerAddressLimit::new(8);
    let address = "2001:db8::1".parse().unwrap();
    for _ in 0..1000 {
        assert!(addresses.enter(address, false));
        addresses.leave("2001:db8::2".parse().unwrap());
    }
    assert!(addresses.open.borrow().is_empty());
}

#[test]
fn a_proxy_is_not_counted_as_one_client() {
    let addresses = PerAddressLimit::new(8);
    let proxy = "192.0.2.1".parse().unwrap();
    let entered = (0..8).filter(|_| addresses.enter(proxy, true)).count();
    assert_eq!((entered, addresses.enter(proxy, false)), (6, false));
}
