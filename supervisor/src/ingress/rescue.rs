//! Where an error becomes a status: the only place.
//!
//! | code | status | when |
//! |---|---|---|
//! | `bad_request` | 400 | the request is no HTTP |
//! | `missing_host`, `several_hosts`, `malformed_host` | 400 | not exactly one well-formed `Host` |
//! | `malformed_target` | 400 | neither a path nor an `http(s)` URL |
//! | `plain_http` | 400 | HTTP without TLS on a port that has TLS |
//! | `malformed_body` | 400 | the body's framing is broken |
//! | `malformed_handshake` | 400 | a WebSocket is asked for without a valid `Sec-WebSocket-Key`, or with a body |
//! | `unknown_host` | 404 | no app for the host |
//! | `no_asset` | 404 | an app of files alone has none for the path, or a file has gone since the last reload |
//! | `method_not_allowed` | 405 | `CONNECT`, `TRACE`, a method name without end; for a static file, anything but GET and HEAD |
//! | `request_timeout` | 408 | the head was not there in 10 s, or the body stalled |
//! | `precondition_failed` | 412 | a static file is not the version of `If-Match` or `If-Unmodified-Since` |
//! | `body_too_large` | 413 | over `max_body_mb` |
//! | `uri_too_long` | 414 | the target is over 64 KiB, or the path is too long for the rules of static files |
//! | `range_not_satisfiable` | 416 | a range behind the end of a static file |
//! | `expectation_failed` | 417 | `Expect` with anything but `100-continue` |
//! | `misdirected` | 421 | the certificate that the connection was made with is not for the host |
//! | `websocket_version` | 426 | a WebSocket of another version than 13 is asked for |
//! | `headers_too_large` | 431 | the head is over 64 KiB, has over 100 headers, or a `Connection` of over 100 names |
//! | `handler_threw` | 500 | the app threw or rejected |
//! | `no_response` | 500 | the app answered with something that is no Response |
//! | `body_failed` | 500 | the response's body failed before its first byte |
//! | `asset_unreadable` | 500 | a static file cannot be read |
//! | `asset_headers_too_large` | 500 | `_headers` or `_redirects` make a head of over 96 KiB or 256 fields for this path |
//! | `worker_died` | 502 | the worker ended before the response began |
//! | `worker_protocol` | 502 | the worker broke the wire's rules |
//! | `too_many_requests` | 503 | an address has as many requests of HTTP/2 open as it may have, or all together have |
//! | `queue_full`, `queue_timeout` | 503 | too many requests wait, or this one waited too long |
//! | `app_unavailable` | 503 | the app crashes again and again, or was just started after that and is being tried |
//! | `app_start_failed` | 503 | the app's worker does not get ready, again and again |
//! | `app_stopped` | 503 | an operator stopped the app; there is no `retry-after`, since nobody knows when it is started again |
//! | `cpu_limit` | 503 | the worker went past `cpu_ms`, with this request or beside it |
//! | `memory_limit` | 503 | the worker ended past `memory_mb`: all its requests held some of that |
//! | `too_many_sockets` | 503 | the worker has as many WebSockets as it may have |
//! | `worker_refused` | 503 | the worker is out of room |
//! | `timeout` | 504 | no response head within `timeout_ms`, or the worker stood still |

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION};
use http::{HeaderValue, Response, StatusCode};
use nano_protocol::{ExitReason, ResetReason};

use super::IngressContext;
use super::relay::{ResponseBody, announce_close, announce_upgrade};
use super::request_log::RequestLog;
use crate::app::{Outage, Refusal};
use crate::downstream::ConnectionError::{BodyTimeout, HeadTimeout, PlainHttp, Unreadable};
use crate::downstream::{Connection, ConnectionError};
use crate::request_id::X_REQUEST_ID;
use crate::upstream::{Death, Failed, NotAdmitted};

/// Everything that can keep a request from its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its connection.
    Connection(ConnectionError),
    /// No `Host`.
    MissingHost,
    /// More than one.
    SeveralHosts,
    /// No host name in it.
    MalformedHost,
    /// A request target of another kind.
    MalformedTarget,
    /// The connection's certificate is not for the host (RFC 9110 §7.4).
    Misdirected,
    /// The body's framing is broken.
    MalformedBody,
    /// A WebSocket.
    WebSocket(WebSocketFailure),
    /// No app.
    UnknownHost,
    /// A static file.
    Asset(AssetFailure),
    /// Not for apps.
    MethodNotAllowed,
    /// An `Expect` that is not met.
    Expectation,
    /// Over `max_body_mb`.
    BodyTooLarge,
    /// The URL.
    UriTooLong,
    /// The head.
    HeadersTooLarge,
    /// Its client has too many open.
    TooManyRequests,
    /// No place to wait.
    QueueFull,
    /// Waited, and no worker took it.
    QueueTimeout,
    /// The app crashes again and again; when to ask again.
    Unavailable(Duration),
    /// An operator stopped the app.
    Stopped,
    /// The app does not start; when to ask again.
    StartFailed(Duration),
    /// No head within `timeout_ms`.
    TimedOut,
    /// A worker had it.
    Worker(Failed),
}

/// What a failure is to the client.
struct Verdict {
    status: StatusCode,
    code: &'static str,
    text: &'static str,
    retry_after: Option<Duration>,
}

impl From<NotAdmitted> for Failure {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::QueueFull => Self::QueueFull,
            NotAdmitted::Unavailable(Refusal { outage: Outage::Crashes, retry_after }) => {
                Self::Unavailable(retry_after)
            }
            NotAdmitted::Unavailable(Refusal { outage: Outage::StartFails, retry_after }) => {
                Self::StartFailed(retry_after)
            }
            NotAdmitted::TimedOut => Self::QueueTimeout,
            // Looked up again, it would have been found if it were there.
            NotAdmitted::Moved => Self::UnknownHost,
        }
    }
}

/// Why a static file is not the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssetFailure {
    /// There is none, and no worker.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// Its head would be too large.
    HeadTooLarge,
    /// It is another version than the one that is asked for.
    Unmet,
    /// It has only so many bytes.
    Unsatisfiable(u64),
    /// Files do not have this method.
    Method,
}

impl AssetFailure {
    fn verdict(self) -> Verdict {
        let (status, code, text) = match self {
            Self::Missing => (StatusCode::NOT_FOUND, "no_asset", "there is no file for this path"),
            Self::Unreadable => (StatusCode::INTERNAL_SERVER_ERROR, "asset_unreadable", "the file cannot be read"),
            Self::HeadTooLarge => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "asset_headers_too_large",
                "the headers that the rules for this path make are too large",
            ),
            Self::Unmet => (
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "the file is not the version that is asked for",
            ),
            Self::Unsatisfiable(_) => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", "the range is behind the end of the file")
            }
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "files are served to GET and HEAD only")
            }
        };
        Verdict { status, code, text, retry_after: None }
    }
}

/// Why there is no WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WebSocketFailure {
    /// The handshake is none.
    Handshake,
    /// It is of another version.
    Version,
    /// The worker has as many as it may have, or its app in this shard, or all apps.
    TooMany,
}

impl WebSocketFailure {
    fn verdict(self) -> Verdict {
        let (status, code, text) = match self {
            Self::Handshake => (
                StatusCode::BAD_REQUEST,
                "malformed_handshake",
                "the request asks for a WebSocket, and not as RFC 6455 wants it",
            ),
            Self::Version => (
                StatusCode::UPGRADE_REQUIRED,
                "websocket_version",
                "only version 13 of the WebSocket protocol is served",
            ),
            Self::TooMany => {
                (StatusCode::SERVICE_UNAVAILABLE, "too_many_sockets", "the app has too many WebSockets open")
            }
        };
        let retry_after = (self == Self::TooMany).then_some(Duration::from_secs(1));
        Verdict { status, code, text, retry_after }
    }
}

impl From<WebSocketFailure> for Failure {
    fn from(failure: WebSocketFailure) -> Self {
        Self::WebSocket(failure)
    }
}

impl From<AssetFailure> for Failure {
    fn from(failure: AssetFailure) -> Self {
        Self::Asset(failure)
    }
}

impl Failure {
    #[expect(clippy::too_many_lines, reason = "a table: one arm for each failure")]
    fn verdict(self) -> Verdict {
        let say = |status: StatusCode, code, text| Verdict { status, code, text, retry_after: None };
        let later =
            |code, text, wait| Verdict { status: StatusCode::SERVICE_UNAVAILABLE, code, text, retry_after: Some(wait) };
        let soon = Duration::from_secs(1);
        match self {
            Self::Connection(Unreadable(431)) | Self::HeadersTooLarge => say(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "headers_too_large",
                "the request's header section is too large",
            ),
            Self::Connection(Unreadable(414)) | Self::UriTooLong => {
                say(StatusCode::URI_TOO_LONG, "uri_too_long", "the request's URL is too long")
            }
            Self::Connection(PlainHttp) => {
                say(StatusCode::BAD_REQUEST, "plain_http", "this port is for https, and the request came without TLS")
            }
            Self::Misdirected => say(
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
                "the certificate of this connection is not for the request's host: use another connection for it",
            ),
            Self::Connection(Unreadable(_)) => {
                say(StatusCode::BAD_REQUEST, "bad_request", "the request is not valid HTTP")
            }
            Self::Connection(HeadTimeout) => say(
                StatusCode::REQUEST_TIMEOUT,
                "request_timeout",
                "the request's header section did not arrive in time",
            ),
            Self::Connection(BodyTimeout) => {
                say(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the request's body did not arrive in time")
            }
            Self::MissingHost => say(StatusCode::BAD_REQUEST, "missing_host", "the request has no Host header"),
            Self::SeveralHosts => {
                say(StatusCode::BAD_REQUEST, "several_hosts", "the request has more than one Host header")
            }
            Self::MalformedHost => {
                say(StatusCode::BAD_REQUEST, "malformed_host", "the request's host is not a host name")
            }
            Self::MalformedTarget => say(
                StatusCode::BAD_REQUEST,
                "malformed_target",
                "the request's target is neither a path nor an http URL",
            ),
            Self::MalformedBody => {
                say(StatusCode::BAD_REQUEST, "malformed_body", "the request's body is not framed as HTTP wants")
            }
            Self::WebSocket(failure) => failure.verdict(),
            Self::UnknownHost => say(StatusCode::NOT_FOUND, "unknown_host", "no app answers for this host"),
            Self::Asset(failure) => failure.verdict(),
            Self::MethodNotAllowed => {
                say(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this method is not served")
            }
            Self::Expectation => say(
                StatusCode::EXPECTATION_FAILED,
                "expectation_failed",
                "the request expects what is not served: only 100-continue is",
            ),
            Self::BodyTooLarge => {
                say(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the request's body is too large")
            }
            Self::TooManyRequests => {
                later("too_many_requests", "too many requests of this client's address, or of all, are open", soon)
            }
            Self::QueueFull => later("queue_full", "the app has too many requests waiting", soon),
            Self::QueueTimeout => later("queue_timeout", "the app had no room for the request in time", soon),
            Self::Unavailable(wait) => later("app_unavailable", "the app is not running", wait),
            Self::Stopped => say(StatusCode::SERVICE_UNAVAILABLE, "app_stopped", "the app is stopped"),
            Self::StartFailed(wait) => later("app_start_failed", "the app does not start", wait),
            Self::TimedOut
            | Self::Worker(Failed::TimedOut | Failed::Died(Death { reason: Some(ExitReason::Wall), .. })) => {
                say(StatusCode::GATEWAY_TIMEOUT, "timeout", "the app did not answer in time")
            }
            Self::Worker(Failed::Reset(ResetReason::NoResponse)) => {
                say(StatusCode::INTERNAL_SERVER_ERROR, "no_response", "the app's handler did not return a Response")
            }
            Self::Worker(Failed::Reset(ResetReason::Refused)) => {
                later("worker_refused", "the app has no room for the request", soon)
            }
            Self::Worker(Failed::Reset(ResetReason::BodyErrored)) => {
                say(StatusCode::INTERNAL_SERVER_ERROR, "body_failed", "the body of the app's response failed")
            }
            Self::Worker(Failed::Reset(_)) => {
                say(StatusCode::INTERNAL_SERVER_ERROR, "handler_threw", "the app's handler failed")
            }
            Self::Worker(Failed::Died(Death { reason: Some(ExitReason::Cpu), culprit, .. })) => {
                // Code that could not be interrupted ends the process without a word about whose it was.
                let text = if culprit {
                    "the request took more CPU time than the app may use"
                } else {
                    "the app took more CPU time than it may use while it had the request"
                };
                later("cpu_limit", text, soon)
            }
            Self::Worker(Failed::Died(Death {
                reason: Some(ExitReason::Heap | ExitReason::Memory), culprit, ..
            })) => {
                let text = if culprit {
                    "the request took more memory than the app may use"
                } else {
                    "the app took more memory than it may use while it had the request"
                };
                later("memory_limit", text, soon)
            }
            Self::Worker(Failed::Protocol | Failed::Died(Death { reason: Some(ExitReason::Protocol), .. })) => {
                say(StatusCode::BAD_GATEWAY, "worker_protocol", "the app's process gave no valid answer")
            }
            Self::Worker(Failed::Died(_)) => {
                say(StatusCode::BAD_GATEWAY, "worker_died", "the app's process ended before it answered")
            }
            Self::Worker(Failed::Upload) => {
                say(StatusCode::BAD_REQUEST, "malformed_body", "the request's body ended early")
            }
        }
    }
}

impl Failure {
    /// For programs.
    pub(super) fn code(self) -> &'static str {
        self.verdict().code
    }
}

impl Verdict {
    fn body(&self, id: &str) -> String {
        // The three values hold nothing that JSON would escape.
        format!(r#"{{"error":"{}","code":"{}","request_id":"{id}"}}"#, self.text, self.code)
    }

    fn retry_after(&self) -> Option<u64> {
        self.retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).map(|seconds| seconds.max(1))
    }
}

/// The response for a failure.
pub(super) fn rescue(failure: Failure, mut record: RequestLog) -> Response<ResponseBody> {
    let verdict = failure.verdict();
    let body = Bytes::from(verdict.body(record.id().as_str()));
    record.failed(verdict.status, verdict.code);
    tracing::trace!(code = verdict.code, "rescue");
    let mut response = Response::new(());
    *response.status_mut() = verdict.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_REQUEST_ID, record.id().header());
    match failure {
        Failure::Asset(AssetFailure::Method) => drop(headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"))),
        Failure::Asset(AssetFailure::Unsatisfiable(size)) => {
            let range = HeaderValue::try_from(format!("bytes */{size}"));
            headers.extend(range.ok().map(|range| (CONTENT_RANGE, range)));
        }
        Failure::WebSocket(WebSocketFailure::Version) => {
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            announce_upgrade(headers, record.version());
        }
        _ => {}
    }
    if let Some(seconds) = verdict.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    // Where the next request begins cannot be known.
    if record.closes() || failure == Failure::MalformedBody {
        announce_close(&mut response, record.version());
    }
    response.map(|()| ResponseBody::whole(body, record))
}

/// The same as bytes, for connections that hyper is done with; the connection ends after it.
pub(super) fn refuse_connection(context: &IngressContext, client: &Connection, error: ConnectionError) -> Vec<u8> {
    let verdict = Failure::Connection(error).verdict();
    let id = context.ids.fresh();
    let body = verdict.body(id.as_str());
    super::request_log::refused(context, client, verdict.status, verdict.code, id.as_str(), body.len());
    format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncache-control: no-store\r\nx-request-id: {}\r\n\
         content-length: {}\r\nconnection: close\r\ndate: {}\r\n\r\n{body}",
        verdict.status.as_str(),
        verdict.status.canonical_reason().unwrap_or("Error"),
        id.as_str(),
        body.len(),
        httpdate::fmt_http_date(SystemTime::now()),
    )
    .into_bytes()
}

#[cfg(test)]
mod tests;
