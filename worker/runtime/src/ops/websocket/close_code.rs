//! Close frames (RFC 6455 §5.5.1, §7.4).

use super::receiver::Fault;

/// What a Close frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CloseReason {
    /// `None`: it says none, which is shown as 1005.
    pub(crate) code: Option<u16>,
    pub(crate) reason: String,
}

/// Whether a peer may give this code.
pub(super) fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Reads the payload of a Close frame.
pub(super) fn parse_close(payload: &[u8]) -> Result<CloseReason, Fault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(CloseReason { code: None, reason: String::new() }),
            _ => Err(Fault::Protocol("a Close frame has half a code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !is_sendable(code) {
        return Err(Fault::Protocol("a Close frame has a code that none may have"));
    }
    let reason = String::from_utf8(reason.to_vec()).map_err(|_| Fault::NotText)?;
    Ok(CloseReason { code: Some(code), reason })
}

/// The payload of a Close frame: `reason` is cut where it would be too long.
pub(super) fn close_payload(code: Option<u16>, reason: &str) -> Vec<u8> {
    let Some(code) = code else { return Vec::new() };
    let mut payload = code.to_be_bytes().to_vec();
    let most = super::frame::MAX_CONTROL - payload.len();
    let end = (0..=most.min(reason.len())).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    payload.extend_from_slice(reason.as_bytes().get(..end).unwrap_or_default());
    payload
}
