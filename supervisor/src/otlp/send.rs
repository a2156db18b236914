//! One request to the receiver: every step has its time, and what is read of the answer is bounded.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use crate::egress;

/// To connect, with the handshake.
const CONNECT: Duration = Duration::from_secs(5);

/// For the request and its whole answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Most bytes of an answer: it says how many spans were refused.
const MAX_ANSWER: usize = 64 << 10;

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("cannot connect to the receiver: {0}")]
    Connect(#[from] io::Error),
    #[error("the receiver does not speak TLS as it should: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the receiver does not answer as HTTP/1.1 wants it: {0}")]
    Http(#[from] hyper::Error),
    #[error("the receiver does not answer in time")]
    TimedOut,
    #[error("the receiver answers with status {status}")]
    Status { status: StatusCode, retry_after: Option<Duration> },
}

impl SendError {
    /// Whether the same may be taken later (OTLP: "Failures").
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Http(_) | Self::TimedOut => true,
            Self::Tls(_) => false,
            Self::Status { status, .. } => matches!(
                *status,
                StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            ),
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Keeps its connection from one request to the next.
pub(super) struct Sender<'e> {
    endpoint: &'e Endpoint,
    tls: Option<Arc<ClientConfig>>,
    connection: Option<Open>,
}

struct Open {
    sender: SendRequest<Full<Bytes>>,
    task: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<'e> Sender<'e> {
    pub(super) fn new(endpoint: &'e Endpoint) -> Self {
        Self { endpoint, tls: None, connection: None }
    }

    /// The body of the answer, if that is a success.
    pub(super) async fn send(&mut self, body: &[u8]) -> Result<Vec<u8>, SendError> {
        let open = self.connection.take().filter(|open| !open.sender.is_closed());
        let open = match open {
            Some(open) => open,
            None => timeout(CONNECT, self.connect()).await.map_err(|_| SendError::TimedOut)??,
        };
        let (open, answer) = timeout(ANSWER, self.ask(open, body)).await.map_err(|_| SendError::TimedOut)??;
        self.connection = open;
        answer
    }

    /// The connection too, if it can be used again.
    async fn ask(&self, mut open: Open, body: &[u8]) -> Result<(Option<Open>, Result<Vec<u8>, SendError>), SendError> {
        open.sender.ready().await?;
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.target.parse().unwrap_or_default();
        *request.headers_mut() = self.endpoint.headers.clone();
        let (head, mut body) = open.sender.send_request(request).await?.into_parts();
        let mut answer = Vec::new();
        let mut whole = true;
        while let Some(frame) = body.frame().await {
            let frame = frame?;
            let Some(data) = frame.data_ref() else { continue };
            if answer.len() + data.len() > MAX_ANSWER {
                whole = false;
                break;
            }
            answer.extend_from_slice(data);
        }
        let open = whole.then_some(open);
        if head.status.is_success() {
            return Ok((open, Ok(answer)));
        }
        let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let refused = SendError::Status { status: head.status, retry_after: retry_after.map(Duration::from_secs) };
        Ok((open, Err(refused)))
    }

    async fn connect(&mut self) -> Result<Open, SendError> {
        let stream = TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await?;
        stream.set_nodelay(true)?;
        let Some(name) = &self.endpoint.tls else { return open(stream).await };
        let config = match &self.tls {
            Some(config) => Arc::clone(config),
            None => Arc::clone(self.tls.insert(egress::tls_config()?)),
        };
        open(TlsConnector::from(config).connect(name.clone(), stream).await?).await
    }
}

async fn open(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) -> Result<Open, SendError> {
    let (sender, connection) = http1::Builder::new().max_buf_size(MAX_ANSWER).handshake(TokioIo::new(stream)).await?;
    let task = spawn_local(async move {
        // What goes wrong reaches the request.
        let _ = connection.await;
    });
    Ok(Open { sender, task: task.abort_handle() })
}
