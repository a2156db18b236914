//! The metrics address: the status page with its `/status.json`, `/metrics`, `/healthz`, `/readyz`, and 404 for everything
//! else.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nano_config::split_host_port;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::Scrapes;
use super::render::CONTENT_TYPE;
use super::scrape_body::ScrapeBody;
use super::status_page;
use crate::http_date;
use crate::readiness::Readiness;

/// Connections at once; more wait to be accepted. Scrapers need one or two, and each may hold a text of its own.
const CONNECTIONS: usize = 16;

/// How long a client may take to send a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to read a text: what Prometheus waits for.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Interval of the checks whether a client has read its text.
const READ_CHECK: Duration = Duration::from_secs(1);

/// What hyper holds of a response at most; the text itself is let go of when its last piece is taken.
const BUFFER: usize = 64 << 10;

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

/// Answers until `closing` comes, then finishes what it has. Must run in a `LocalSet`.
pub(crate) async fn serve(
    listener: TcpListener,
    scrapes: Arc<Scrapes>,
    readiness: Rc<Readiness>,
    closing: impl Future<Output = ()>,
) {
    let mut closing = pin!(closing);
    let closed = watch::channel(false).0;
    let status = scrapes.status();
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            () = &mut closing => break,
            (Ok(permit), accepted) = next => (permit, accepted),
            else => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Most likely out of descriptors: no busy loop until some are free.
                tracing::warn!(%error, "the metrics address cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let is_local = stream.local_addr().is_ok_and(|own| own.ip().to_canonical().is_loopback());
        let (texts, readiness) = ((Arc::clone(&scrapes), Arc::clone(&status)), Rc::clone(&readiness));
        let mut closed = closed.subscribe();
        connections.spawn_local(async move {
            // When the text that is being sent was there.
            let reading = Rc::<Cell<Option<Instant>>>::default();
            let service = service_fn(|request| {
                let (texts, readiness, reading) = (texts.clone(), Rc::clone(&readiness), Rc::clone(&reading));
                async move {
                    let mut response = if is_local && is_rebound(&request) {
                        text(StatusCode::FORBIDDEN, "this address is for this machine: ask by 127.0.0.1 or localhost\n")
                    } else {
                        respond(&request, (&texts.0, &texts.1), &readiness).await
                    };
                    response.body_mut().watch(reading);
                    http_date::stamp(response.headers_mut());
                    Ok::<_, Infallible>(response)
                }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .max_buf_size(BUFFER)
                .serve_connection(TokioIo::new(stream), service);
            let mut connection = pin!(connection);
            let until_closed = async {
                tokio::select! {
                    _ = connection.as_mut() => return,
                    _ = closed.wait_for(|closed| *closed) => connection.as_mut().graceful_shutdown(),
                }
                let _ = connection.await;
            };
            // Errors of a scraper's connection are the scraper's to report.
            tokio::select! {
                _ = tokio::time::timeout(CONNECTION_TIMEOUT, until_closed) => {}
                () = not_read(&reading) => {}
            }
            drop(permit);
        });
    }
    drop(listener);
    closed.send_replace(true);
    while connections.join_next().await.is_some() {}
}

/// Waits until a text has not been read in time.
async fn not_read(reading: &Cell<Option<Instant>>) {
    while reading.get().is_none_or(|since| since.elapsed() < READ_TIMEOUT) {
        tokio::time::sleep(READ_CHECK).await;
    }
}

async fn respond(
    request: &Request<Incoming>,
    (scrapes, status): (&Scrapes, &Scrapes),
    readiness: &Readiness,
) -> Response<ScrapeBody> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => rendered(scrapes, CONTENT_TYPE).await,
        "/" => page(),
        "/status.json" => guarded(rendered(status, "application/json").await),
        "/healthz" => text(StatusCode::OK, "ok\n"),
        "/readyz" => match readiness.get() {
            state if state.is_ready() => text(StatusCode::OK, "ready\n"),
            state => text(StatusCode::SERVICE_UNAVAILABLE, format!("{state}\n")),
        },
        _ => text(StatusCode::NOT_FOUND, "not found: there are /, /status.json, /metrics, /healthz and /readyz\n"),
    }
}

/// Whether a browser of this machine asks for the status by a name that is not this machine's: a page of another site, whose
/// name has become that of the loopback address, would be let read it.
fn is_rebound(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| split_host_port(host).ok()).map_or("", |(host, _)| host);
    let is_address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    let is_own = host.is_empty() || is_address || host.eq_ignore_ascii_case("localhost");
    match request.uri().path() {
        "/" | "/status.json" => !is_own,
        // A scraper may know this machine by any name; but every browser says which language it would like, and no scraper.
        "/metrics" => !is_own && request.headers().contains_key(header::ACCEPT_LANGUAGE),
        _ => false,
    }
}

async fn rendered(scrapes: &Scrapes, kind: &'static str) -> Response<ScrapeBody> {
    match scrapes.text().await {
        Ok(body) => {
            let mut response = text(StatusCode::OK, body);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            response
        }
        Err(error) => {
            tracing::error!(%error, "no metrics for a scrape");
            text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written as text\n")
        }
    }
}

/// The status page.
fn page() -> Response<ScrapeBody> {
    let mut response = guarded(text(StatusCode::OK, status_page::HTML));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, status_page::policy());
    response
}

/// For browsers: no page of another site embeds or reads it, none is kept, and a page that stays open takes no connection from
/// scrapers in between.
fn guarded(mut response: Response<ScrapeBody>) -> Response<ScrapeBody> {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("connection", "close"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<ScrapeBody> {
    let mut response = Response::new(ScrapeBody::new(body.into()));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

#[cfg(test)]
mod tests;
