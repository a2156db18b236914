//! One request as what answers it sees its client: a connection of HTTP/1 has one at a time, one of HTTP/2 many.

use std::rc::Rc;
use std::task::{Context, Poll};

use super::Connection;
use super::http2::Http2Request;

/// Who asked, for one request.
#[derive(Debug, Clone)]
pub(crate) enum Requester {
    /// The connection is the request's for as long as it lasts.
    Http1(Rc<Connection>),
    /// A stream of a connection.
    Http2(Rc<Http2Request>),
}

impl Requester {
    /// The connection that it came on.
    pub(crate) fn connection(&self) -> &Rc<Connection> {
        match self {
            Self::Http1(connection) => connection,
            Self::Http2(request) => request.connection(),
        }
    }

    /// The whole response was taken or given up.
    pub(crate) fn end(&self) {
        match self {
            Self::Http1(connection) => connection.end(),
            Self::Http2(request) => request.end(),
        }
    }

    /// Whether the client still has to send a part of the request's body.
    pub(crate) fn set_uploading(&self, uploading: bool) {
        match self {
            Self::Http1(connection) => connection.set_uploading(uploading),
            Self::Http2(request) => request.set_uploading(uploading),
        }
    }

    /// More of the body is waited for. True: it did not come in time. (HTTP/1 sees that at the socket.)
    pub(crate) fn waits_for_body(&self, cx: &Context<'_>) -> bool {
        match self {
            Self::Http1(_) => false,
            Self::Http2(request) => request.waits_for_body(cx),
        }
    }

    /// So many bytes of the body came in one frame.
    pub(crate) fn got_body(&self, bytes: usize) {
        if let Self::Http2(request) = self {
            request.got_body(bytes);
        }
    }

    /// A chunk of the response was given to hyper.
    pub(crate) fn give(&self) {
        self.connection().give();
    }

    /// Waits until the client takes more, if it takes nothing now. h2 asks for no more then.
    pub(crate) fn poll_taking(&self, cx: &Context<'_>) -> Poll<()> {
        match self {
            Self::Http1(connection) => connection.poll_taking(cx),
            Self::Http2(_) => Poll::Ready(()),
        }
    }

    /// Waits until hyper has written everything it was given.
    pub(crate) fn poll_written(&self, cx: &Context<'_>) -> Poll<()> {
        match self {
            Self::Http1(connection) => connection.poll_written(cx),
            Self::Http2(request) => request.connection().poll_streams_written(cx),
        }
    }

    /// The response has no length: it must be cut so that the cut does not look like its end.
    pub(crate) fn cut_abruptly(&self) {
        if let Self::Http1(connection) = self {
            connection.cut_abruptly();
        }
    }

    /// Whether the client has as many requests open as it may have.
    pub(crate) fn is_excess(&self) -> bool {
        matches!(self, Self::Http2(request) if request.is_excess())
    }
}
