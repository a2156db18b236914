//! The opening handshake of WebSockets (RFC 6455 §4): keys, and the answers to them.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::rand;
use http::HeaderMap;
use http::header::{CONNECTION, UPGRADE};

use crate::base64::{DIGITS, base64};

/// What the server appends to the client's key before it hashes it (§4.2.2).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether `Connection` and `Upgrade` ask for a WebSocket, or agree to one.
pub(crate) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let lists = |name, token: &str| {
        let mut tokens = headers.get_all(name).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        tokens.any(|each| each.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    };
    lists(UPGRADE, "websocket") && lists(CONNECTION, "upgrade")
}

/// Whether a key is 16 bytes in Base64.
pub(crate) fn is_key(key: &[u8]) -> bool {
    key.len() == 24 && key.ends_with(b"==") && key.iter().take(22).all(|digit| DIGITS.contains(digit))
}

/// A key for a handshake that nano begins; `None` where the system gives no random bytes.
pub(crate) fn new_key() -> Option<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).ok()?;
    Some(base64(&bytes))
}

/// The `Sec-WebSocket-Accept` for a key.
pub(crate) fn accept_for(key: &[u8]) -> String {
    base64(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, GUID.as_bytes()].concat()).as_ref())
}

#[cfg(test)]
mod tests;
