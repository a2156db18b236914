//! A response's head for the client: the worker's, checked, and without the headers that only nano sets.

use http::header::{self, HeaderMap};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use nano_protocol::{BodyLength, ResponseHead};

use super::request_head::Named;
use crate::hop_by_hop::is_hop_by_hop;
use crate::request_id::X_REQUEST_ID;

/// A head that is fit for the client.
#[derive(Debug)]
pub(super) struct CheckedHead {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Whether a body may follow (RFC 9110 §6.4.1).
    pub(super) bodyless: bool,
}

impl CheckedHead {
    /// Checks a worker's head. `None` if it is not valid HTTP, which a worker's runtime never lets an app send.
    pub(super) fn check(head: &ResponseHead, method: &Method) -> Option<Self> {
        let status = StatusCode::from_u16(head.status).ok()?;
        let is_head = *method == Method::HEAD;
        let bodyless = is_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let mut headers = HeaderMap::with_capacity(8);
        let mut announced = None;
        let mut connection = HeaderMap::new();
        for (name, value) in head.headers.iter() {
            let name = HeaderName::from_bytes(name).ok()?;
            // Both are slices of one buffer: no copy.
            let value = HeaderValue::from_maybe_shared(head.headers.as_bytes().slice_ref(value)).ok()?;
            if name == header::CONTENT_LENGTH {
                announced = Some(value);
            } else if name == header::CONNECTION {
                connection.try_append(name, value).ok()?;
            } else if !is_hop_by_hop(&name) && name != X_REQUEST_ID {
                headers.try_append(name, value).ok()?;
            }
        }
        for name in Named::of(&connection).iter() {
            headers.remove(name);
        }
        // The length that a GET would have had. In all other cases hyper sets it.
        if is_head && status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED {
            let length = match (head.body, announced) {
                (BodyLength::Known(length), _) => Some(HeaderValue::from(length)),
                (BodyLength::None, Some(announced)) => is_length(&announced).then_some(announced),
                (BodyLength::None | BodyLength::Unknown, _) => None,
            };
            if let Some(length) = length {
                headers.insert(header::CONTENT_LENGTH, length);
            }
        }
        Some(Self { status, headers, bodyless })
    }
}

fn is_length(value: &HeaderValue) -> bool {
    let digits = value.as_bytes();
    (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
