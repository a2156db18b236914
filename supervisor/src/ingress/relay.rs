//! Relays the response to the client, as fast as the client takes it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, UPGRADE};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, Version};
use hyper::body::{Body, Frame, SizeHint};

use super::StartedResponse;
use super::request_log::RequestLog;
use super::upload::{self, Upload};
use crate::assets::AssetReader;
use crate::request_id::X_REQUEST_ID;
use crate::upstream::{RequestBodySender, UpstreamRequest};

/// The body of every response.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    source: BodySource,
    /// `None`: it is a tunnel's.
    record: Option<RequestLog>,
}

#[derive(Debug)]
pub(super) enum BodySource {
    /// A whole body that is not taken yet.
    Whole(Bytes),
    /// A body that a worker sends.
    Worker(UpstreamRequest),
    /// A file that is read.
    File(AssetReader),
}

/// The error of a response that cannot be completed: hyper cuts the connection, so that it does not look complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the response was cut off")]
pub(crate) struct Cut;

/// Decides what becomes of the rest of a request's body now that its response begins. Returns whether the connection is to
/// end with the response.
pub(super) async fn finish_upload(upload: Upload, sender: &RequestBodySender) -> bool {
    if sender.is_open() && (sender.is_wanted() || !sender.is_answered()) {
        // If the app has not begun to read it, it may never read it.
        let closes = !sender.is_wanted();
        upload::finish(upload, sender.clone());
        closes
    } else {
        upload.leave().await;
        false
    }
}

/// Turns a worker's answer into hyper's response. `closes`: the connection ends with it.
pub(super) fn relay(
    answer: StartedResponse,
    mut closes: bool,
    asked: &Parts,
    mut record: RequestLog,
) -> Response<ResponseBody> {
    let StartedResponse { head, request } = answer;
    record.answered(head.status);
    tracing::trace!(status = head.status.as_u16(), "relay");
    let mut headers = head.headers;
    headers.insert(X_REQUEST_ID, record.id().header());
    if head.status == StatusCode::UPGRADE_REQUIRED {
        announce_upgrade(&mut headers, asked.version);
    }
    if asked.version == Version::HTTP_10 && !head.bodyless && request.body_left().is_none() {
        // Its end is the connection's end.
        closes = true;
        record.client().cut_abruptly();
    }
    let source = if head.bodyless {
        // Dropping the request resets the stream: its body is not needed.
        BodySource::Whole(Bytes::new())
    } else {
        BodySource::Worker(request)
    };
    let mut response = Response::new(ResponseBody::new(source, record));
    *response.status_mut() = head.status;
    *response.headers_mut() = headers;
    if closes {
        announce_close(&mut response, asked.version);
    }
    response
}

/// A response with 426 says to which protocol the client is to upgrade (RFC 9110 §15.5.22), and that this is said on this
/// connection alone (§7.8). nano has one such protocol.
pub(super) fn announce_upgrade(headers: &mut HeaderMap, version: Version) {
    if version == Version::HTTP_11 {
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Announces that the connection ends with this response to a request of `version`.
pub(super) fn announce_close<B>(response: &mut Response<B>, version: Version) {
    if version == Version::HTTP_2 {
        // Its connection says so by itself, and goes on with what is open.
        return;
    }
    let upgrades = response.status() == StatusCode::UPGRADE_REQUIRED;
    let close = HeaderValue::from_static(if upgrades { "upgrade, close" } else { "close" });
    response.headers_mut().insert(CONNECTION, close);
    // Otherwise hyper would add `Connection: keep-alive` for a client of HTTP/1.0 that asked for it, unless the
    // response is one of HTTP/1.0 too.
    *response.version_mut() = version;
}

impl ResponseBody {
    pub(super) fn new(source: BodySource, record: RequestLog) -> Self {
        Self { source, record: Some(record) }
    }

    /// A body that is complete.
    pub(super) fn whole(bytes: Bytes, record: RequestLog) -> Self {
        Self::new(BodySource::Whole(bytes), record)
    }

    /// That of a response after which a tunnel begins, which has the record.
    pub(super) fn none() -> Self {
        Self { source: BodySource::Whole(Bytes::new()), record: None }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        let complete = match &self.source {
            BodySource::Whole(_) => true,
            BodySource::Worker(request) => request.is_drained(),
            BodySource::File(reader) => reader.left() == 0,
        };
        if let Some(record) = self.record.as_mut().filter(|record| !complete && !record.is_cut()) {
            record.left();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let Self { source, record } = self.get_mut();
        let Some(record) = record else { return Poll::Ready(None) };
        ready!(record.client().poll_taking(cx));
        let chunk = match source {
            BodySource::Whole(bytes) if bytes.is_empty() => return Poll::Ready(None),
            BodySource::Whole(bytes) => Ok(std::mem::take(bytes)),
            BodySource::Worker(request) => match ready!(request.poll_chunk(cx)) {
                None => return Poll::Ready(None),
                Some(chunk) => chunk.map_err(Some),
            },
            BodySource::File(reader) => match ready!(reader.poll_piece(cx)) {
                None => return Poll::Ready(None),
                Some(piece) => piece.map_err(|_| None),
            },
        };
        Poll::Ready(Some(match chunk {
            Ok(bytes) => {
                record.sent(bytes.len());
                record.client().give();
                Ok(Frame::data(bytes))
            }
            Err(failed) => {
                // hyper drops what it has not written.
                ready!(record.client().poll_written(cx));
                match failed {
                    Some(failed) => record.cut(failed),
                    None => record.cut_file(),
                }
                Err(Cut)
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            BodySource::Whole(bytes) => bytes.is_empty(),
            BodySource::Worker(request) => request.is_drained(),
            BodySource::File(reader) => reader.left() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            BodySource::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            BodySource::Worker(request) => request.body_left().map_or_else(SizeHint::default, SizeHint::with_exact),
            BodySource::File(reader) => SizeHint::with_exact(reader.left()),
        }
    }
}
