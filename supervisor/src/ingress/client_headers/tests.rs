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

/// Whether it is dropped of a stranger's request, and of one that a trusted proxy has passed on.
fn dropped(name: &'static str) -> (bool, bool) {
    let stranger = Origin::direct(Client::at(None, Scheme::Http));
    let name = HeaderName::from_static(name);
    (is_dropped(&name, stranger), is_dropped(&name, Origin { is_vouched: true, ..stranger }))
}

#[test]
fn who_may_say_what() {
    for name in ["forwarded", "x-forwarded-for", "x-forwarded-proto", "cf-connecting-ip"] {
        assert_eq!(dropped(name), (true, true), "{name}");
    }
    for name in ["x-forwarded-host", "x-forwarded-anything", "x-real-ip", "true-client-ip", "cf-visitor"] {
        assert_eq!(dropped(name), (true, false), "{name}");
    }
    for name in ["forward", "x-forwarded", "x-request-id", "cf-ray", "host", "via", "x-forwardedfor"] {
        assert_eq!(dropped(name), (false, false), "{name}");
    }
}
