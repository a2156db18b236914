//! The body of a request, whatever the version of HTTP that it comes by.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::http2::Http2Upload;

/// A request's body. Polling it asks for more of it.
#[derive(Debug)]
pub(crate) enum RequestBody {
    Http1(Incoming),
    Http2(Http2Upload),
}

/// Why a request's body is not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestBodyError {
    #[error("the client sent what is no body")]
    Malformed,
    #[error("the client went away or gave the request up")]
    Gone,
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        match self.get_mut() {
            Self::Http1(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|error| if is_parse(&error) { RequestBodyError::Malformed } else { RequestBodyError::Gone }),
            Self::Http2(body) => body.poll(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.left().map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

/// Whether the client sent malformed data, rather than nothing more.
fn is_parse(error: &hyper::Error) -> bool {
    use std::error::Error;
    let kind = error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    matches!(kind, Some(std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData))
}
