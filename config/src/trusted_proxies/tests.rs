//! Which peers are in a list.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn list(entries: &[&str]) -> TrustedProxies {
    TrustedProxies::of(entries.iter().map(|text| entry(text).unwrap()))
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn ranges_addresses_and_unix_sockets() {
    let list = list(&["10.1.0.0/16", "192.0.2.7", "fd00::/8", "2001:db8::1", "::ffff:198.51.100.0/120", "unix"]);
    for inside in [
        "10.1.0.0",
        "10.1.255.255",
        "192.0.2.7",
        "::ffff:192.0.2.7",
        "fd00::",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::1",
        "198.51.100.9",
    ] {
        assert!(list.contains(ip(inside)), "{inside}");
    }
    for outside in
        ["10.0.255.255", "10.2.0.0", "192.0.2.6", "192.0.2.8", "fc00::", "fe00::", "2001:db8::", "2001:db8::2", "::"]
    {
        assert!(!list.contains(ip(outside)), "{outside}");
    }
    assert!(list.contains(None) && !list.is_empty());
}

#[test]
fn nobody_is_in_an_empty_one() {
    let none = TrustedProxies::default();
    assert!(none.is_empty() && !none.contains(None) && !none.contains(ip("127.0.0.1")) && !none.contains(ip("::")));
}

#[test]
fn everyone_and_ranges_that_meet() {
    let all = list(&["0.0.0.0/0", "::/0"]);
    for inside in ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
        assert!(all.contains(ip(inside)), "{inside}");
    }
    assert!(!all.contains(None));
    assert_eq!(list(&["10.0.1.0/24", "10.0.0.0/24", "10.0.0.9"]), list(&["10.0.0.0/23"]));
    assert_ne!(list(&["10.0.0.0/24"]), list(&["10.0.0.0/24", "unix"]));
}

#[test]
fn anything_else_is_refused() {
    for text in ["", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "a.example", "localhost", "unix:/x", "*", "10.0.0.0/+8"]
    {
        assert!(entry(text).is_err(), "{text}");
    }
}
