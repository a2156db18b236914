//! Keys and headers of handshakes, those of the RFC among them.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn the_answer_to_a_key_is_that_of_the_rfc() {
    assert_eq!(accept_for(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn a_key_is_16_bytes() {
    assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
    for bad in ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQAA", "dGhl*HNhbXBsZSBub25jZQ==", "AAAA=="] {
        assert!(!is_key(bad.as_bytes()), "{bad}");
    }
    let key = new_key().unwrap();
    assert!(is_key(key.as_bytes()), "{key}");
    assert_ne!(key, new_key().unwrap());
}

#[test]
fn both_headers_have_to_ask() {
    let asks = |connection: &str, upgrade: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, connection.parse().unwrap());
        headers.insert(UPGRADE, upgrade.parse().unwrap());
        asks_for_websocket(&headers)
    };
    assert!(asks("Upgrade", "websocket"));
    assert!(asks("keep-alive, upgrade", "h2c, WebSocket"));
    assert!(!asks("keep-alive", "websocket"));
    assert!(!asks("upgrade", "h2c"));
    assert!(!asks("upgraded", "websocket"));
}
