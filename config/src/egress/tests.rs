//! Tests of `egress.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

#[test]
fn rules() {
    for (text, host, port) in [
        ("API.example", "api.example", None),
        ("api.example:443", "api.example", Some(443)),
        ("*.example:443", "*.example", Some(443)),
        ("10.0.0.1:5432", "10.0.0.1", Some(5432)),
        ("::1", "[::1]", None),
        ("[::1]:80", "[::1]", Some(80)),
    ] {
        let rule = rule(text).unwrap();
        assert_eq!(rule, EgressRule::Host { host: HostPattern::parse(host).unwrap(), port }, "{text}");
    }
    for (text, part) in [
        ("", "must not be empty"),
        ("https://a.example", "without scheme"),
        ("a.example/x", "without path"),
        ("*", "`*` cannot be a rule"),
        ("a.example:0", "from 1 to 65535"),
        ("a.example:99999", "up to 65535"),
        ("10.0.0.0/33", "from 0 to 32"),
        ("10.0.0.0/+8", "from 0 to 32"),
        ("::/129", "from 0 to 128"),
        ("10.0.0.0/", "from 0 to 32"),
        ("10.1.2.3/8", "beyond its prefix /8"),
    ] {
        let (message, _) = rule(text).unwrap_err();
        assert!(message.contains(part), "{text}: {message}");
    }
    assert_eq!(rule("10.1.2.3/8").unwrap_err().1.unwrap(), "did you mean \"10.0.0.0/8\"?");
}

#[test]
fn ranges() {
    let contains = |range: &str, address: &str| match rule(range).unwrap() {
        EgressRule::Net(net) => net.contains(&address.parse::<IpAddr>().unwrap()),
        other => panic!("{other:?}"),
    };
    assert!(contains("10.0.0.0/8", "10.255.0.1"));
    assert!(!contains("10.0.0.0/8", "11.0.0.0"));
    assert!(contains("0.0.0.0/0", "203.0.113.9"));
    assert!(contains("192.0.2.7/32", "192.0.2.7"));
    assert!(!contains("192.0.2.7/32", "192.0.2.6"));
    assert!(!contains("0.0.0.0/0", "::ffff:10.0.0.1"));
    assert!(contains("fd00::/8", "fdff::1"));
    assert!(contains("::/0", "fdff::1"));
    assert!(!contains("::1/128", "::2"));
}
