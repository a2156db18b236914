//! Responses to fetches that come from nano itself: the app's static files and caches.

use std::future::poll_fn;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use nano_protocol::{BodyLength, FetchFailure, FetchResponse, HeaderBlock};

use crate::assets::AssetBody;
use crate::egress::EgressError;

/// A response whose head is known.
pub(super) struct LocalResponse {
    /// The head for the worker.
    pub(super) head: FetchResponse,
    body: AssetBody,
}

/// What a worker sent, as headers of HTTP. `None`: they are none.
pub(super) fn headers(block: &HeaderBlock) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in block.iter() {
        let value = HeaderValue::from_maybe_shared(block.as_bytes().slice_ref(value)).ok()?;
        headers.try_append(HeaderName::from_bytes(name).ok()?, value).ok()?;
    }
    Some(headers)
}

impl LocalResponse {
    /// `None`: the head has no room on the wire.
    pub(super) fn of(status: StatusCode, mut headers: HeaderMap, body: AssetBody) -> Option<Self> {
        let length = body.left();
        if length > 0 {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let mut block = HeaderBlock::builder();
        for (name, value) in &headers {
            block.push(name.as_str().as_bytes(), value.as_bytes()).then_some(())?;
        }
        let head = FetchResponse {
            status: status.as_u16(),
            reason: status.canonical_reason().unwrap_or_default().to_owned(),
            headers: block.finish(),
            body: if length == 0 { BodyLength::None } else { BodyLength::Known(length) },
        };
        Some(Self { head, body })
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, EgressError>> {
        match &mut self.body {
            AssetBody::Whole(bytes) if bytes.is_empty() => None,
            AssetBody::Whole(bytes) => Some(Ok(std::mem::take(bytes))),
            AssetBody::File(reader) => poll_fn(|cx| reader.poll_piece(cx)).await.map(|piece| {
                piece.map_err(|_| EgressError::new(FetchFailure::Closed, "the file became shorter while it was read"))
            }),
        }
    }

    /// Whether the whole body was taken.
    pub(super) fn is_complete(&self) -> bool {
        self.body.left() == 0
    }
}

#[cfg(test)]
mod tests;
