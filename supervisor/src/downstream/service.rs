//! The interface to the code that answers requests: implemented by `ingress`, passed in by the shard.

use std::future::Future;
use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Body;

use super::{Client, Connection, ProxyRefusal, RequestBody, Requester};

/// Why a connection gets an error response without a request, or in the middle of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionError {
    /// hyper could not parse it, and would answer this status.
    Unreadable(u16),
    /// A request's head did not come in time.
    HeadTimeout,
    /// A request's body did not come in time.
    BodyTimeout,
    /// The client spoke HTTP where TLS was expected.
    PlainHttp,
}

/// How a TLS handshake ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// With a signature.
    Full,
    /// An earlier session was taken up.
    Resumed,
    /// The client and nano did not agree, or the client left.
    Failed,
    /// It took too long, or nano ends.
    TimedOut,
}

/// Answers requests.
pub(crate) trait Service: Sized + 'static {
    /// The body of its responses.
    type Body: Body<Data = Bytes, Error: std::error::Error + Send + Sync + 'static> + 'static;

    /// Answers one request. A failure is a response too, or an error of its body once that has begun.
    fn handle(
        self: &Rc<Self>,
        requester: &Requester,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Response<Self::Body>> + use<Self>;

    /// The whole error response, as bytes, for a connection without a valid request; the connection ends after it.
    fn refuse(&self, connection: &Connection, error: ConnectionError) -> Vec<u8>;

    /// Whether a peer is a trusted proxy; `None`: a peer on a Unix socket.
    fn trusts(&self, peer: Option<IpAddr>) -> bool;

    /// Whether a peer's PROXY header is taken, at a listener that wants one.
    fn takes_proxy_header(&self, peer: Option<IpAddr>) -> bool;

    /// A connection to such a listener was closed.
    fn proxy_refused(&self, peer: Client, why: ProxyRefusal);

    /// A listener has paused accepting.
    fn accept_paused(&self);

    /// A connection was closed at once: its address has its maximum.
    fn connection_refused(&self);

    /// A TLS handshake is over.
    fn handshake(&self, how: Handshake);
}
