//! The bounds of each range, and addresses within addresses.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn special(address: &str) -> bool {
    special_purpose(address.parse().unwrap()).is_some()
}

#[test]
fn the_first_and_last_address_of_each_range_is_refused_and_its_neighbours_are_not() {
    for (inside, outside) in [
        (["0.0.0.0", "0.255.255.255"], &["1.0.0.0"][..]),
        (["10.0.0.0", "10.255.255.255"], &["9.255.255.255", "11.0.0.0"]),
        (["100.64.0.0", "100.127.255.255"], &["100.63.255.255", "100.128.0.0"]),
        (["127.0.0.0", "127.255.255.255"], &["126.255.255.255", "128.0.0.0"]),
        (["168.63.129.16", "168.63.129.16"], &["168.63.129.15", "168.63.129.17"]),
        (["169.254.0.0", "169.254.255.255"], &["169.253.255.255", "169.255.0.0"]),
        (["172.16.0.0", "172.31.255.255"], &["172.15.255.255", "172.32.0.0"]),
        (["192.0.0.0", "192.0.0.255"], &["191.255.255.255", "192.0.1.0"]),
        (["192.0.2.0", "192.0.2.255"], &["192.0.1.255", "192.0.3.0"]),
        (["192.88.99.0", "192.88.99.255"], &["192.88.98.255", "192.88.100.0"]),
        (["192.168.0.0", "192.168.255.255"], &["192.167.255.255", "192.169.0.0"]),
        (["198.18.0.0", "198.19.255.255"], &["198.17.255.255", "198.20.0.0"]),
        (["198.51.100.0", "198.51.100.255"], &["198.51.99.255", "198.51.101.0"]),
        (["203.0.113.0", "203.0.113.255"], &["203.0.112.255", "203.0.114.0"]),
        (["224.0.0.0", "255.255.255.255"], &["223.255.255.255"]),
        (["::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], &["2000::"]),
        (["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"], &["2001:200::"]),
        (["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], &["2001:db7::1", "2001:db9::"]),
        (["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], &["2003::"]),
        (["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"], &["3fff:1000::", "3ffe:ffff::"]),
        (["4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], &["3fff:ffff::"]),
    ] {
        inside.iter().for_each(|address| assert!(special(address), "{address}"));
        outside.iter().for_each(|address| assert!(!special(address), "{address}"));
    }
}

#[test]
fn addresses_within_addresses_are_found() {
    for address in [
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::10.0.0.1",
        "2002:7f00:1::1",
        "2001:0:7f00:1::",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
    ] {
        assert!(special(address), "{address}");
    }
    for address in ["::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"] {
        assert!(!special(address), "{address}");
    }
}

#[test]
fn this_machine_is_known_by_all_its_addresses() {
    for address in ["127.0.0.1:80", "127.8.9.10:80", "0.0.0.0:80", "[::1]:80", "[::]:80", "[::ffff:127.0.0.1]:80"] {
        assert!(is_this_machine(address.parse().unwrap()), "{address}");
    }
    assert!(!is_this_machine("192.0.2.1:80".parse().unwrap()));
}
