//! How an authority is asked: one connection for each request, with bounds on time and size, and no redirects. Whatever
//! answers may be hostile, and what it says is checked where the library that reads it would panic.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{HOST, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::schedule::MAX_RETRY_AFTER;

/// How long a request may take, with all of its answer.
const REQUEST: Duration = Duration::from_secs(30);

/// How long one address is tried.
const CONNECT: Duration = Duration::from_secs(5);

/// Most addresses that are tried.
const MAX_ADDRESSES: usize = 6;

/// Largest body of an answer: a chain of certificates has a few KB.
const MAX_BODY: usize = 256 * 1024;

/// Largest head of an answer, and most headers.
const MAX_HEAD: (usize, usize) = (32 * 1024, 64);

/// The longest wait between two looks at an order that an authority may ask for.
const MAX_POLL: Duration = Duration::from_secs(60);

/// Why an authority was not heard.
#[derive(Debug, thiserror::Error)]
enum Unheard {
    #[error("{0} is no URL with https")]
    Url(String),
    #[error("{0} cannot be looked up: {1}")]
    Lookup(String, std::io::Error),
    #[error("there is no connection to {0}: {1}")]
    Connect(String, String),
    #[error("TLS with {0}: {1}")]
    Tls(String, std::io::Error),
    #[error("HTTP with {0}: {1}")]
    Http(String, hyper::Error),
    #[error("{0} answers with a body that is broken off, or larger than {MAX_BODY} bytes")]
    Body(String),
    #[error("{0} answers with a redirect, which ACME has not")]
    Redirect(String),
    #[error("{0} has no directory of ACME: {1}")]
    Directory(String, &'static str),
    #[error("{0} did not answer within {REQUEST:?}")]
    Late(String),
}

/// The wait that the authority asked for when it refused, if it did.
#[derive(Debug, Default, Clone)]
pub(super) struct Patience(Arc<Mutex<Option<Duration>>>);

impl Patience {
    pub(super) fn asked_for(&self) -> Option<Duration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client of one order.
pub(super) struct Client {
    tls: Arc<ClientConfig>,
    patience: Patience,
}

impl Client {
    pub(super) fn new(tls: Arc<ClientConfig>, patience: Patience) -> Self {
        Self { tls, patience }
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let (tls, patience) = (Arc::clone(&self.tls), self.patience.clone());
        Box::pin(async move {
            let asked = request.uri().authority().map_or_else(String::new, ToString::to_string);
            let answer = tokio::time::timeout(REQUEST, ask(request, tls, &patience)).await;
            answer.unwrap_or(Err(Unheard::Late(asked))).map_err(|error| Error::Other(Box::new(error)))
        })
    }
}

async fn ask(
    mut request: Request<BodyWrapper<Bytes>>,
    tls: Arc<ClientConfig>,
    patience: &Patience,
) -> Result<BytesResponse, Unheard> {
    let url = request.uri().clone();
    let no_url = || Unheard::Url(url.to_string());
    if url.scheme_str() != Some("https") {
        return Err(no_url());
    }
    let (authority, host) = (url.authority().ok_or_else(no_url)?, url.host().ok_or_else(no_url)?);
    let asked = authority.to_string();
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| no_url())?;
    let host_header = HeaderValue::try_from(authority.as_str()).map_err(|_| no_url())?;
    request.headers_mut().insert(HOST, host_header);
    let is_directory = request.method() == Method::GET;

    let stream = connect(host, url.port_u16().unwrap_or(443), tls).await?;
    let broken = |error| Unheard::Http(asked.clone(), error);
    let mut http = http1::Builder::new();
    http.max_buf_size(MAX_HEAD.0).max_headers(MAX_HEAD.1);
    let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Ends with this value.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let (mut head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    if head.status.is_redirection() {
        return Err(Unheard::Redirect(asked));
    }
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|_| Unheard::Body(asked.clone()))?.to_bytes();
    if is_directory && head.status.is_success() {
        check_directory(&body).map_err(|why| Unheard::Directory(asked, why))?;
    }
    let wait = bound_wait(&mut head.headers);
    if !head.status.is_success() {
        *patience.0.lock().unwrap_or_else(PoisonError::into_inner) = wait;
    }
    Ok(BytesResponse { parts: head, body: Box::new(body) })
}

async fn connect(host: &str, port: u16, tls: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, Unheard> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Unheard::Url(host.to_owned()))?;
    let addresses = tokio::net::lookup_host((host, port)).await;
    let addresses = addresses.map_err(|error| Unheard::Lookup(host.to_owned(), error))?;
    let mut last = "it has no address".to_owned();
    for address in addresses.take(MAX_ADDRESSES) {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                let _ = socket.set_nodelay(true);
                let stream = TlsConnector::from(tls).connect(name, socket).await;
                return stream.map_err(|error| Unheard::Tls(host.to_owned(), error));
            }
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => last = format!("{address}: no answer"),
        }
    }
    Err(Unheard::Connect(host.to_owned(), last))
}

/// The resources that are asked for must be URLs.
fn check_directory(body: &[u8]) -> Result<(), &'static str> {
    let directory: serde_json::Value = serde_json::from_slice(body).map_err(|_| "it is no JSON")?;
    let is_url = |key: &str| {
        let url = directory[key].as_str().and_then(|text| text.parse::<Uri>().ok());
        url.is_some_and(|url| url.scheme_str() == Some("https") && url.authority().is_some())
    };
    match ["newNonce", "newAccount", "newOrder"].into_iter().all(is_url) {
        true => Ok(()),
        false => Err("`newNonce`, `newAccount` or `newOrder` is no URL with https"),
    }
}

/// Takes a wait that an authority asks for, and leaves one in its place that a poll can have.
fn bound_wait(headers: &mut HeaderMap) -> Option<Duration> {
    let text = headers.remove(RETRY_AFTER)?;
    let text = text.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => MAX_RETRY_AFTER,
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    headers.insert(RETRY_AFTER, HeaderValue::from(wait.min(MAX_POLL).as_secs()));
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests;
