//! A fetch that asks for a WebSocket, and the tunnel that its connection becomes. What it may connect to is checked as for any
//! other; the frames are the worker's.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use nano_protocol::limits::MAX_CHUNK;
use nano_protocol::{BodyLength, FetchFailure, FetchHead, FetchResponse};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::task::{AbortHandle, spawn_local};

use super::head;
use super::socket::ResponseWatch;
use super::target::FetchTarget;
use super::upload::{UploadBody, UploadQueue};
use super::{Egress, EgressError, EgressResponse};
use crate::websocket_handshake::{accept_for, asks_for_websocket, new_key};

/// Both directions of a connection.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// A connection that hyper is done with, and what it read ahead.
pub(super) type Released = (Box<dyn Duplex>, Bytes);

/// What became of a fetch that asks for a WebSocket.
pub(crate) enum SocketAnswer {
    /// The server agreed.
    Tunnel(EgressTunnel),
    /// It answered as to any other request.
    Response(EgressResponse),
}

/// The connection of a WebSocket. Dropping it closes it.
pub(crate) struct EgressTunnel {
    /// The head for the worker.
    pub(crate) head: FetchResponse,
    host: String,
    early: Bytes,
    down: ReadHalf<Box<dyn Duplex>>,
    up: AbortHandle,
    ended: bool,
}

impl Drop for EgressTunnel {
    fn drop(&mut self) {
        self.up.abort();
    }
}

impl Egress {
    pub(super) async fn fetch_socket(
        &self,
        asked: &FetchHead,
        upload: &Rc<UploadQueue>,
    ) -> Result<SocketAnswer, EgressError> {
        let target = FetchTarget::parse(&asked.url)?;
        let no_key = || EgressError::new(FetchFailure::Unsendable, "the system gives no random bytes".to_owned());
        let key = new_key().ok_or_else(no_key)?;
        // The request has no body. What the worker sends may not keep it waiting for an answer.
        let nothing = UploadQueue::new(BodyLength::None, |_| {});
        let mut request = head::request(&FetchHead { body: BodyLength::None, ..asked.clone() }, &target, &nothing)?;
        let headers = request.headers_mut();
        headers.remove(SEC_WEBSOCKET_ACCEPT);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::try_from(key.as_str()).map_err(|_| no_key())?);
        let (connection, released) = self.connector.connect_to_upgrade(&target.origin).await?;
        let watch = Rc::clone(&connection.watch);
        // Never on one that was used: a server may have closed that.
        let answer = self.ask(connection, request, &target, &nothing).await.map_err(|lost| lost.error(&target))?;
        if answer.head.status != StatusCode::SWITCHING_PROTOCOLS.as_u16() {
            return Ok(SocketAnswer::Response(answer));
        }
        let host = target.origin.host.to_string();
        let malformed = || {
            let text = format!("{host} answered with 101, and not as RFC 6455 wants it");
            EgressError::new(FetchFailure::Malformed, text)
        };
        if !agrees(&answer.handshake, &key) {
            return Err(malformed());
        }
        let (io, early) = released.await.map_err(|_| malformed())?;
        watch.close_gracefully();
        let mut head = answer.head.clone();
        head.body = BodyLength::Unknown;
        Ok(SocketAnswer::Tunnel(EgressTunnel::new(head, host, (io, early), upload, watch)))
    }
}

/// What the head of a response has for the handshake.
pub(super) fn handshake_of(headers: &HeaderMap) -> HeaderMap {
    let names = [CONNECTION, UPGRADE, SEC_WEBSOCKET_ACCEPT];
    names
        .into_iter()
        .flat_map(|name| headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone())))
        .collect()
}

fn agrees(headers: &HeaderMap, key: &str) -> bool {
    let accepts = headers
        .get(SEC_WEBSOCKET_ACCEPT)
        .is_some_and(|accept| accept.as_bytes() == accept_for(key.as_bytes()).as_bytes());
    accepts && asks_for_websocket(headers)
}

impl EgressTunnel {
    fn new(
        head: FetchResponse,
        host: String,
        (io, early): Released,
        upload: &Rc<UploadQueue>,
        watch: Rc<ResponseWatch>,
    ) -> Self {
        let (down, up) = split(io);
        let body = UploadBody::new(upload, BodyLength::Unknown);
        let up = spawn_local(async move {
            // Who reads learns of it.
            let _ = send(body, up).await;
            drop(watch);
        });
        Self { head, host, early, down, up: up.abort_handle(), ended: false }
    }

    /// The next bytes; `None` at their end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, EgressError>> {
        if !self.early.is_empty() {
            return Some(Ok(std::mem::take(&mut self.early)));
        }
        let mut buffer = vec![0; MAX_CHUNK / 4];
        match self.down.read(&mut buffer).await {
            Ok(0) => {
                self.ended = true;
                None
            }
            Ok(bytes) => {
                buffer.truncate(bytes);
                Some(Ok(buffer.into()))
            }
            Err(error) => {
                let text = format!("the connection to {} failed: {error}", self.host);
                Some(Err(EgressError::new(FetchFailure::Closed, text)))
            }
        }
    }

    /// Whether the server has ended it.
    pub(crate) fn is_complete(&self) -> bool {
        self.ended
    }
}

/// Sends what the worker sends.
async fn send(mut body: UploadBody, mut up: WriteHalf<Box<dyn Duplex>>) -> std::io::Result<()> {
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            up.write_all(&data).await?;
            up.flush().await?;
        }
    }
    Ok(())
}
