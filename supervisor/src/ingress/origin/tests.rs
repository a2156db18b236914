//! Whom a request comes from, by who passed it on.

#![allow(clippy::unwrap_used, reason = "tests")]
use http::{HeaderName, HeaderValue};

use super::*;

/// 10.0.0.0/8 and Unix sockets are trusted.
fn trusts(peer: Option<IpAddr>) -> bool {
    peer.is_none_or(|peer| peer.to_string().starts_with("10."))
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.iter().map(pair) {
        headers.append(name, value);
    }
    headers
}

fn direct(peer: &str) -> Client {
    Client::at((peer != "unix").then(|| peer.parse().unwrap()), Scheme::Http)
}

/// The client, as the log has it, and its scheme.
fn read(peer: &str, lines: &[(&str, &str)]) -> (String, &'static str) {
    let origin = Origin::read(direct(peer), &headers(lines), trusts);
    (origin.client.to_string(), origin.client.scheme.as_str())
}

const XFF: &str = "X-Forwarded-For";
const XFP: &str = "X-Forwarded-Proto";
const RFC: &str = "Forwarded";

#[test]
fn a_stranger_is_who_its_socket_says() {
    let lines = [(XFF, "192.0.2.1"), (XFP, "https"), (RFC, "for=192.0.2.1;proto=https")];
    let origin = Origin::read(direct("198.51.100.1:99"), &headers(&lines), trusts);
    assert_eq!(origin, Origin::direct(direct("198.51.100.1:99")));
}

#[test]
fn trusted_proxies_are_followed_to_the_first_that_is_none() {
    for (lines, client) in [
        (&[][..], "10.0.0.1:9"),
        (&[(XFF, "192.0.2.1")], "192.0.2.1"),
        (&[(XFF, "192.0.2.1:4711")], "192.0.2.1:4711"),
        (&[(XFF, "6.6.6.6, 192.0.2.1")], "192.0.2.1"),
        (&[(XFF, "6.6.6.6,192.0.2.1 ,10.2.0.1, 10.3.0.1")], "192.0.2.1"),
        (&[(XFF, "6.6.6.6"), (XFF, "192.0.2.1"), (XFF, "10.2.0.1")], "192.0.2.1"),
        (&[(XFF, "10.9.0.1, 10.2.0.1")], "10.9.0.1"),
        (&[(XFF, "[2001:db8::1]:80")], "[2001:db8::1]:80"),
        (&[(XFF, "2001:db8::1")], "2001:db8::1"),
        (&[(XFF, "::ffff:192.0.2.1")], "192.0.2.1"),
        (&[(XFF, "6.6.6.6, unknown, 10.2.0.1")], "10.2.0.1"),
        (&[(XFF, "6.6.6.6, _secret")], "10.0.0.1:9"),
        (&[(XFF, "6.6.6.6, ' OR 1=1")], "10.0.0.1:9"),
        (&[(XFF, ",, ,192.0.2.1,,")], "192.0.2.1"),
        (&[(XFF, "")], "10.0.0.1:9"),
        (&[(RFC, "for=192.0.2.1")], "192.0.2.1"),
        (&[(RFC, "for=6.6.6.6, for=\"192.0.2.1:80\";proto=http, for=10.2.0.1")], "192.0.2.1:80"),
        (&[(RFC, "for=6.6.6.6;x=\""), (RFC, "for=192.0.2.1")], "192.0.2.1"),
        (&[(RFC, "for=6.6.6.6;x=\", for=192.0.2.1")], "10.0.0.1:9"),
        // The header that most proxies write wins over one that they pass on.
        (&[(RFC, "for=6.6.6.6"), (XFF, "192.0.2.1")], "192.0.2.1"),
    ] {
        assert_eq!(read("10.0.0.1:9", lines).0, client, "{lines:?}");
    }
    assert_eq!(read("unix", &[(XFF, "192.0.2.1")]).0, "192.0.2.1");
    assert_eq!(read("unix", &[]).0, "unix");
}

#[test]
fn the_scheme_is_that_of_the_outermost_trusted_proxy() {
    for (lines, scheme) in [
        (&[(XFP, "https")][..], "https"),
        (&[(XFP, "HTTPS")], "https"),
        (&[(XFP, "wss")], "https"),
        (&[(XFP, "gopher")], "http"),
        (&[(XFF, "6.6.6.6, 192.0.2.1"), (XFP, "https, http")], "http"),
        (&[(XFF, "192.0.2.1, 10.2.0.1"), (XFP, "https, http")], "https"),
        (&[(XFF, "192.0.2.1, 10.2.0.1, 10.3.0.1"), (XFP, "https")], "https"),
        (&[(RFC, "for=192.0.2.1;proto=https")], "https"),
        (&[(RFC, "for=6.6.6.6;proto=https, for=192.0.2.1;proto=http")], "http"),
        (&[(RFC, "for=192.0.2.1;proto=https, for=10.2.0.1;proto=http")], "https"),
        (&[(RFC, "proto=https")], "https"),
        (&[(XFF, "192.0.2.1"), (RFC, "for=192.0.2.1;proto=https")], "http"),
    ] {
        assert_eq!(read("10.0.0.1:9", lines).1, scheme, "{lines:?}");
    }
}

#[test]
fn the_longest_headers_are_read_in_one_pass() {
    let asked = std::cell::Cell::new(0);
    let counted = |peer: Option<IpAddr>| {
        asked.set(asked.get() + 1);
        trusts(peer)
    };
    for line in ["10.1.1.1,".repeat(7000), ",".repeat(65536), "[".repeat(65536), "a,".repeat(32768)] {
        asked.set(0);
        Origin::read(direct("10.0.0.1:9"), &headers(&[(XFF, &line), (XFP, &line), (RFC, &line)]), counted);
        assert!(asked.get() <= 7001, "{}", asked.get());
    }
}
