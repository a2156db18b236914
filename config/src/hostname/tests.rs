//! Tests of `hostname.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn name(text: &str) -> Result<String, HostError> {
    HostName::parse(text).map(|host| host.as_str().to_owned())
}

#[test]
fn names_have_one_normal_form() {
    for (given, normal) in [
        ("a.example", "a.example"),
        ("A.Example.", "a.example"),
        ("localhost", "localhost"),
        ("my_app.local", "my_app.local"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("-a-.example", "-a-.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ("[FE80::A]", "[fe80::a]"),
        ("1.example", "1.example"),
        ("a.1b", "a.1b"),
        ("0x7f.example", "0x7f.example"),
        ("XN--Bcher-KVA.Example", "xn--bcher-kva.example"),
    ] {
        assert_eq!(name(given).unwrap(), normal);
    }
}

#[test]
fn what_is_no_host_is_refused() {
    let long_label = format!("{}.example", "a".repeat(64));
    let long = vec!["a".repeat(62); 5].join(".");
    for (given, error) in [
        ("", HostError::Empty),
        (".", HostError::EmptyLabel),
        ("..", HostError::EmptyLabel),
        (".example", HostError::EmptyLabel),
        ("a..example", HostError::EmptyLabel),
        ("a.example..", HostError::EmptyLabel),
        ("0x7f", HostError::Ipv4),
        ("a.0x", HostError::Ipv4),
        ("127.0.0.0X1", HostError::Ipv4),
        ("xn--", HostError::Punycode),
        ("xn--a.test", HostError::Punycode),
        ("a.XN--a.test", HostError::Punycode),
        ("xn--a-ecp.ru", HostError::Punycode),
        ("a b", HostError::Character(' ')),
        (" a", HostError::Character(' ')),
        ("a\t", HostError::Character('\t')),
        ("a\0", HostError::Character('\0')),
        ("a/b", HostError::Character('/')),
        ("a%2e", HostError::Character('%')),
        ("a,b", HostError::Character(',')),
        ("a:1", HostError::Character(':')),
        ("user@a.example", HostError::UserInfo),
        ("*.example", HostError::Wildcard),
        ("1.2.3", HostError::Ipv4),
        ("1.2.3.256", HostError::Ipv4),
        ("01.2.3.4", HostError::Ipv4),
        ("12", HostError::Ipv4),
        ("::1", HostError::Character(':')),
        ("[::1", HostError::Ipv6),
        ("[]", HostError::Ipv6),
        ("[::1]x", HostError::Ipv6),
        ("[1.2.3.4]", HostError::Ipv6),
        ("[fe80::1%eth0]", HostError::Ipv6),
        ("bücher.example", HostError::NotAscii(Some("xn--bcher-kva.example".to_owned()))),
        ("bücher\u{7f}.example", HostError::NotAscii(None)),
        ("bücher..example", HostError::NotAscii(None)),
        (&long_label, HostError::LabelTooLong),
        (&long, HostError::TooLong),
    ] {
        assert_eq!(name(given), Err(error), "{given:?}");
    }
}

#[test]
fn the_longest_name_is_253_characters() {
    let fits = format!("{}.{}", vec!["a".repeat(61); 4].join("."), "b".repeat(5));
    assert_eq!(fits.len(), 253);
    assert!(name(&fits).is_ok());
    assert!(name(&format!("{fits}.")).is_ok(), "the trailing dot does not count");
    assert_eq!(name(&format!("{fits}c")), Err(HostError::TooLong));
}

#[test]
fn a_port_is_split_off() {
    for (given, host, port) in [
        ("a.example", "a.example", None),
        ("a.example:8080", "a.example", Some(8080)),
        ("a.example:", "a.example", None),
        ("a.example.:00080", "a.example.", Some(80)),
        ("[::1]", "[::1]", None),
        ("[::1]:8080", "[::1]", Some(8080)),
        ("", "", None),
    ] {
        assert_eq!(split_host_port(given), Ok((host, port)), "{given:?}");
    }
    for (given, error) in [
        ("a:65536", HostError::Port),
        ("a:+80", HostError::Port),
        ("a:x", HostError::Port),
        ("a:8 0", HostError::Port),
        ("::1", HostError::Ipv6),
        ("[::1", HostError::Ipv6),
        ("[::1]80", HostError::Ipv6),
        ("u:p@a:80", HostError::UserInfo),
    ] {
        assert_eq!(split_host_port(given), Err(error), "{given:?}");
    }
}

#[test]
fn patterns() {
    for (given, normal) in [
        ("*", "*"),
        ("*.Example.", "*.example"),
        ("A.example", "a.example"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("10.0.0.1", "10.0.0.1"),
    ] {
        assert_eq!(HostPattern::parse(given).unwrap().as_str(), normal);
    }
    for (given, error) in [
        ("a.*.example", HostError::Wildcard),
        ("*a.example", HostError::Wildcard),
        ("**", HostError::Wildcard),
        ("*.*.example", HostError::Wildcard),
        ("*.", HostError::Empty),
        ("*.10.0.0.1", HostError::Wildcard),
        ("*.[::1]", HostError::Wildcard),
        ("a.example:80", HostError::UnexpectedPort),
        ("[::1]:80", HostError::UnexpectedPort),
        ("http://a.example", HostError::Url),
        ("a.example/x", HostError::Url),
        ("-a.example", HostError::HyphenAtEdge),
        ("a-.example", HostError::HyphenAtEdge),
        ("1:2:3", HostError::Ipv6),
        ("", HostError::Empty),
    ] {
        assert_eq!(HostPattern::parse(given), Err(error), "{given:?}");
    }
}

#[test]
fn wildcards_match_any_depth_below_but_not_the_name_itself() {
    let matches =
        |pattern: &str, host: &str| HostPattern::parse(pattern).unwrap().matches(&HostName::parse(host).unwrap());
    assert!(matches("*.example", "a.example"));
    assert!(matches("*.example", "c.b.a.example"));
    assert!(!matches("*.example", "example"));
    assert!(!matches("*.example", "aexample"));
    assert!(!matches("*.b.example", "a.example"));
    assert!(matches("*", "127.0.0.1"));
    assert!(matches("[::1]", "[::1]"));
    assert!(matches("a.example", "A.EXAMPLE."));
    let host = HostName::parse("a.b.example").unwrap();
    assert_eq!(host.suffixes().collect::<Vec<_>>(), ["b.example", "example"]);
    assert_eq!(HostName::parse("10.0.0.1").unwrap().suffixes().count(), 0);
    assert_eq!(HostName::parse("[::1.2.3.4]").unwrap().suffixes().count(), 0);
}
