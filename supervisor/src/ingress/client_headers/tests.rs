//! What an app is told of its client.

#![allow(clippy::unwrap_used, reason = "tests")]
use nano_protocol::HeaderBlock;

use super::*;
use crate::downstream::Scheme;

fn told(ip: Option<&str>, scheme: Scheme) -> Vec<(String, String)> {
    let mut block = HeaderBlock::builder();
    assert!(push(&mut block, Client { ip: ip.map(|ip| ip.parse().unwrap()), port: Some(1), scheme }));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    block.finish().iter().map(|(name, value)| (text(name), text(value))).collect()
}

#[test]
fn each_is_one_value() {
    for ip in ["192.0.2.1", "255.255.255.255", "2001:db8::1", "1111:2222:3333:4444:5555:6666:7777:8888"] {
        let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all = [named("x-forwarded-proto", "https"), named("x-forwarded-for", ip), named("cf-connecting-ip", ip)];
        assert_eq!(told(Some(ip), Scheme::Https), all);
    }
    assert_eq!(told(None, Scheme::Http), [("x-forwarded-proto".to_owned(), "http".to_owned())]);
}

#[test]
fn what_a_client_may_not_say() {
    for name in ["forwarded", "x-forwarded-for", "x-forwarded-anything", "x-real-ip", "true-client-ip", "cf-visitor"] {
        assert!(is_claim(&HeaderName::from_static(name)), "{name}");
    }
    for name in ["forward", "x-forwarded", "x-request-id", "cf-ray", "host", "via", "x-forwardedfor"] {
        assert!(!is_claim(&HeaderName::from_static(name)), "{name}");
    }
}
