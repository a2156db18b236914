//! Identifiers that are kept, replaced and made.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn chosen(ids: &RequestIds, given: &[&[u8]]) -> String {
    let mut headers = HeaderMap::new();
    for id in given {
        headers.append(X_REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
    }
    ids.choose(&headers).as_str().to_owned()
}

#[test]
fn a_sane_id_is_kept() {
    let ids = RequestIds::new();
    let longest = "x".repeat(128);
    for id in ["a", "7f3c.A_z-9", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", &longest] {
        assert_eq!(chosen(&ids, &[id.as_bytes()]), id);
    }
}

#[test]
fn anything_else_is_replaced() {
    let ids = RequestIds::new();
    let long = "x".repeat(129);
    let bad: [&[&[u8]]; 7] = [&[], &[b""], &[b"a b"], &[b"a\"b"], &[b"\xff"], &[long.as_bytes()], &[b"one", b"two"]];
    for given in bad {
        let id = chosen(&ids, given);
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()), "{id}");
    }
}

#[test]
fn no_id_comes_twice() {
    let (one, two) = (RequestIds::new(), RequestIds::new());
    let mut seen = std::collections::HashSet::new();
    for _ in 0..10_000 {
        assert!(seen.insert(one.fresh().as_str().to_owned()));
        assert!(seen.insert(two.fresh().as_str().to_owned()));
    }
}
