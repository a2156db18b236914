//! Who is answered.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_token_is_answered_for_its_host_alone() {
    let mut challenges = Challenges::default();
    let answer = Bytes::from_static(b"token.thumb");
    challenges.insert("a.example", Challenge::Http { token: "token".into(), answer: answer.clone() });
    assert_eq!(challenges.http("a.example", "token"), Some(answer));
    for (host, token) in [("b.example", "token"), ("a.example", "toke"), ("a.example", ""), ("a.example", "token/")] {
        assert_eq!(challenges.http(host, token), None, "{host} {token}");
    }
    assert!(challenges.handshake(Some("a.example")).is_none());
    challenges.remove("a.example");
    assert_eq!(challenges.http("a.example", "token"), None);
}

#[test]
fn a_handshake_is_for_its_name_alone() {
    let mut challenges = Challenges::default();
    challenges.insert("a.example", Challenge::alpn("a.example", &[7; 32]).unwrap());
    let config = challenges.handshake(Some("a.example")).unwrap();
    assert_eq!(config.alpn_protocols, [b"acme-tls/1"]);
    assert!(challenges.handshake(Some("b.example")).is_none());
    assert!(challenges.handshake(None).is_none());
    assert_eq!(challenges.http("a.example", ""), None);
}
