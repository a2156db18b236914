//! A client's WebSocket: the handshake, and what is relayed after it.
//!
//! The supervisor reads none of the frames: a tunnel's bytes are the request's body and the response's, under their windows,
//! and what they mean is found out in the worker's sandbox.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, Version};
use nano_protocol::ResetReason;

use super::request_log::RequestLog;
use super::rescue::WebSocketFailure;
use super::tunnels::OpenTunnel;
use super::{Failure, ResponseBody, StartedResponse};
use crate::downstream::Connection;
use crate::request_id::X_REQUEST_ID;
use crate::upstream::{Failed, UpstreamRequest};
use crate::websocket_handshake::{accept_for, asks_for_websocket, is_key};
use crate::worker::OpenSocket;

/// A handshake that was begun well.
#[derive(Debug)]
pub(super) struct Handshake {
    accept: HeaderValue,
}

impl Handshake {
    /// What a request asks for; `None` if that is no WebSocket.
    ///
    /// # Errors
    /// It asks for one, and not as RFC 6455 §4.2.1 wants it.
    pub(super) fn read(head: &Parts, has_body: bool) -> Result<Option<Self>, Failure> {
        if head.method != Method::GET || head.version != Version::HTTP_11 || !asks_for_websocket(&head.headers) {
            return Ok(None);
        }
        let only = |name| {
            let mut values = head.headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none()).map(HeaderValue::as_bytes)
        };
        if only(SEC_WEBSOCKET_VERSION) != Some(b"13") {
            return Err(WebSocketFailure::Version.into());
        }
        let key = only(SEC_WEBSOCKET_KEY).filter(|key| is_key(key) && !has_body).ok_or(WebSocketFailure::Handshake)?;
        let accept = HeaderValue::try_from(accept_for(key)).map_err(|_| WebSocketFailure::Handshake)?;
        Ok(Some(Self { accept }))
    }
}

/// An app's 101, and what is needed to go on with it.
pub(super) struct Switch {
    answer: StartedResponse,
    accept: HeaderValue,
    open: (OpenSocket, OpenTunnel),
}

impl Switch {
    /// # Errors
    /// The worker, or its app in this shard, has as many sockets as it may have.
    pub(super) fn new(
        answer: StartedResponse,
        handshake: Handshake,
        tunnel: Option<OpenTunnel>,
    ) -> Result<Self, Failure> {
        let Some(open) = OpenSocket::of(answer.request.worker()).zip(tunnel) else {
            answer.request.reset(ResetReason::ClientGone);
            return Err(WebSocketFailure::TooMany.into());
        };
        Ok(Self { answer, accept: handshake.accept, open })
    }
}

/// Answers with 101, and has the connection relay from then on.
pub(super) fn switch(switch: Switch, mut record: RequestLog) -> Response<ResponseBody> {
    let Switch { answer: StartedResponse { head, request }, accept, open } = switch;
    let mut response = Response::new(ResponseBody::none());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = head.headers;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(X_REQUEST_ID, record.id().header());
    record.switched();
    let client = Rc::clone(record.client().connection());
    let tunnel = Tunnel { request, record, down: Bytes::new(), up_is_open: true, _open: open };
    client.upgrade(Box::pin(tunnel.run()));
    response
}

/// Relays between a client and a worker.
struct Tunnel {
    request: UpstreamRequest,
    record: RequestLog,
    /// What the client has not taken yet.
    down: Bytes,
    /// The client may send more.
    up_is_open: bool,
    _open: (OpenSocket, OpenTunnel),
}

/// How a tunnel ended.
enum End {
    /// The worker has sent everything.
    Complete,
    /// The worker will not send everything.
    Cut(Failed),
    /// The client is gone.
    Gone,
}

impl Tunnel {
    async fn run(mut self) {
        let client = Rc::clone(self.record.client().connection());
        let end = poll_fn(|cx| match self.poll_up(cx, &client) {
            Poll::Ready(end) => Poll::Ready(end),
            Poll::Pending => self.poll_down(cx, &client),
        })
        .await;
        match end {
            End::Complete => {}
            End::Cut(failed) => self.record.cut(failed),
            End::Gone => self.record.left(),
        }
    }

    /// From the client to the worker, as far as the worker takes it.
    fn poll_up(&mut self, cx: &mut Context<'_>, client: &Connection) -> Poll<End> {
        while self.up_is_open {
            let sender = self.request.body_sender();
            let room = match sender.poll_room(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => {
                    self.up_is_open = false;
                    break;
                }
                Poll::Ready(Some(room)) => room,
            };
            match client.poll_receive(cx, room) {
                Poll::Pending => break,
                Poll::Ready(Err(_)) => return Poll::Ready(End::Gone),
                Poll::Ready(Ok(bytes)) => {
                    self.record.received(bytes.len());
                    self.up_is_open = !bytes.is_empty();
                    sender.send(bytes, !self.up_is_open);
                }
            }
        }
        Poll::Pending
    }

    /// From the worker to the client, as far as the client takes it.
    fn poll_down(&mut self, cx: &mut Context<'_>, client: &Connection) -> Poll<End> {
        loop {
            if self.down.is_empty() {
                match client.poll_transmitted(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(_)) => return Poll::Ready(End::Gone),
                    Poll::Ready(Ok(())) => {}
                }
                match self.request.poll_chunk(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(None) => return Poll::Ready(End::Complete),
                    Poll::Ready(Some(Err(failed))) => return Poll::Ready(End::Cut(failed)),
                    Poll::Ready(Some(Ok(bytes))) => self.down = bytes,
                }
            }
            match client.poll_transmit(cx, &self.down) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_) | Ok(0)) if !self.down.is_empty() => return Poll::Ready(End::Gone),
                Poll::Ready(written) => {
                    let written = written.unwrap_or(0);
                    self.down.advance(written);
                    self.record.sent(written);
                }
            }
        }
    }
}
