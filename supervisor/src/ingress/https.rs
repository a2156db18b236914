//! Which requests belong on a connection with TLS, and on which.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use nano_config::HostName;

use super::relay::{ResponseBody, announce_close};
use super::request_log::RequestLog;
use super::{Failure, IngressContext};
use crate::downstream::Scheme;
use crate::request_id::X_REQUEST_ID;

/// Where a certificate authority asks without TLS, and must be answered there (RFC 8555 §8.3): by nano itself if it ordered
/// the certificate, else by an app.
const ACME: &str = "/.well-known/acme-challenge/";

/// The answer to a certificate authority that nano has ordered a certificate from.
pub(super) fn challenge(context: &IngressContext, head: &Parts, host: &HostName) -> Option<Bytes> {
    let token = head.uri.path().strip_prefix(ACME)?;
    let reads = matches!(head.method, Method::GET | Method::HEAD);
    context.tls.challenges().filter(|_| reads)?.http(host.as_str(), token)
}

/// The response with it.
pub(super) fn answer_challenge(answer: Bytes, mut record: RequestLog) -> Response<ResponseBody> {
    record.answered(StatusCode::OK);
    let (closes, version, id) = (record.closes(), record.version(), record.id().header());
    let mut response = Response::new(ResponseBody::whole(answer, record));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(X_REQUEST_ID, id);
    if closes {
        announce_close(&mut response, version);
    }
    response
}

/// Refuses a request whose host the connection's certificate is not for (RFC 9110 §7.4). A client that named no host for
/// the handshake took what it got.
pub(super) fn check(record: &RequestLog, host: &HostName) -> Result<(), Failure> {
    match record.client().connection().secured() {
        Some(secured) if secured.is_named && !secured.certificate.covers(host.as_str()) => Err(Failure::Misdirected),
        _ => Ok(()),
    }
}

/// Where a request without TLS is sent to (`tls.redirect_http`); `None`: it is answered where it is. What comes over a Unix
/// socket is from a proxy, which does as it likes.
pub(super) fn location(
    context: &IngressContext,
    record: &RequestLog,
    host: &HostName,
    url: &str,
) -> Result<Option<HeaderValue>, Failure> {
    let is_plain = record.client().connection().peer().is_some() && record.origin().client.scheme == Scheme::Http;
    if !is_plain || !context.tls.redirects(host.as_str()) {
        return Ok(None);
    }
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, "/"));
    if path.starts_with(ACME) {
        return Ok(None);
    }
    let from = authority.strip_prefix(host.as_str()).and_then(|port| port.strip_prefix(':')?.parse().ok());
    let port = context.tls.port_for(from).map_or_else(String::new, |port| format!(":{port}"));
    // The URL is written as the URL standard has it: it is ASCII.
    HeaderValue::try_from(format!("https://{host}{port}{path}")).map(Some).map_err(|_| Failure::MalformedTarget)
}

/// The response that sends the client there.
pub(super) fn redirect(location: HeaderValue, mut record: RequestLog) -> Response<ResponseBody> {
    let status = StatusCode::PERMANENT_REDIRECT;
    record.answered(status);
    let (closes, version, id) = (record.closes(), record.version(), record.id().header());
    let mut response = Response::new(ResponseBody::whole(Bytes::new(), record));
    *response.status_mut() = status;
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(X_REQUEST_ID, id);
    if closes {
        announce_close(&mut response, version);
    }
    response
}
