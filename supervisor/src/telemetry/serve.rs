//! The metrics address: `/metrics`, `/healthz`, `/readyz`, and 404 for everything else.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Metrics;
use super::render::CONTENT_TYPE;
use crate::http_date;
use crate::readiness::Readiness;

/// Connections at once; more wait to be accepted. Scrapers need one or two.
const CONNECTIONS: usize = 64;

/// How long a client may take to send a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may live in all: a scraper that stays connects again.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);

/// Binds the metrics address.
///
/// # Errors
/// As bind(2) says.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Answers until it is dropped. Must run in a `LocalSet`.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>, readiness: Rc<Readiness>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Most likely out of descriptors: no busy loop until some are free.
                tracing::warn!(%error, "the metrics address cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let (metrics, readiness) = (Arc::clone(&metrics), Rc::clone(&readiness));
        connections.spawn_local(async move {
            let service = service_fn(|request| {
                let mut response = respond(&request, &metrics, &readiness);
                http_date::stamp(response.headers_mut());
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            // Errors of a scraper's connection are the scraper's to report.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
            drop(permit);
        });
    }
}

fn respond(request: &Request<Incoming>, metrics: &Metrics, readiness: &Readiness) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => match metrics.render() {
            Ok(body) => {
                let mut response = text(StatusCode::OK, body);
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
                response
            }
            Err(error) => {
                tracing::error!(%error, "the metrics cannot be written as text");
                text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written as text\n")
            }
        },
        "/healthz" => text(StatusCode::OK, "ok\n"),
        "/readyz" => match readiness.get() {
            state if state.is_ready() => text(StatusCode::OK, "ready\n"),
            state => text(StatusCode::SERVICE_UNAVAILABLE, format!("{state}\n")),
        },
        _ => text(StatusCode::NOT_FOUND, "not found: there are /metrics, /healthz and /readyz\n"),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
