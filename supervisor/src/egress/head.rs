//! Heads of fetches and of their responses: what the app sets, and what only nano sets.

use std::rc::Rc;

use http::header::{self, HeaderMap};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use hyper::body::{Body, Incoming};
use hyper::ext::ReasonPhrase;
use nano_protocol::limits::MAX_REASON;
use nano_protocol::{BodyLength, FetchFailure, FetchHead, FetchResponse, HeaderBlock};

use super::error::EgressError;
use super::target::FetchTarget;
use super::upload::{UploadBody, UploadQueue};
use crate::hop_by_hop::is_hop_by_hop;

/// The head that is sent.
pub(super) fn request(
    head: &FetchHead,
    target: &FetchTarget,
    upload: &Rc<UploadQueue>,
) -> Result<Request<UploadBody>, EgressError> {
    let unsendable = |what: &str| EgressError::new(FetchFailure::Unsendable, format!("{what} is not valid in HTTP"));
    let method = Method::from_bytes(head.method.as_bytes()).map_err(|_| unsendable("the method"))?;
    if matches!(method, Method::CONNECT | Method::TRACE) {
        return Err(unsendable(&format!("the method {method} of a fetch")));
    }
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(header::HOST, target.authority.clone());
    for (name, value) in head.headers.iter() {
        let name = HeaderName::from_bytes(name).map_err(|_| unsendable("a header's name"))?;
        let value = HeaderValue::from_maybe_shared(head.headers.as_bytes().slice_ref(value))
            .map_err(|_| unsendable(&format!("the header {name}")))?;
        let is_ours = is_hop_by_hop(&name)
            || matches!(name, header::HOST | header::CONTENT_LENGTH | header::EXPECT | header::PROXY_AUTHORIZATION);
        if !is_ours {
            headers.try_append(name, value).map_err(|_| unsendable("such a number of headers"))?;
        }
    }
    // hyper sets the length of a body, but says nothing of an empty one whatever the method.
    let is_empty = matches!(head.body, BodyLength::None | BodyLength::Known(0));
    if is_empty && matches!(method, Method::POST | Method::PUT) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let mut request = Request::new(UploadBody::new(upload, head.body));
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from(target.path.clone());
    *request.headers_mut() = headers;
    Ok(request)
}

/// Whether a request that was sent on a connection that then closed may be sent again: RFC 9110 §9.2.2.
pub(super) fn may_go_again(head: &FetchHead) -> bool {
    head.body == BodyLength::None && matches!(head.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE")
}

/// The head for the worker. `upgrades`: the request asks for an upgrade, which 101 agrees to.
pub(super) fn response(
    parts: &http::response::Parts,
    body: &Incoming,
    host: &str,
    upgrades: bool,
) -> Result<FetchResponse, EgressError> {
    let malformed = |what: String| EgressError::new(FetchFailure::Malformed, format!("{host} answered with {what}"));
    let status = parts.status.as_u16();
    let is_known = (200..=599).contains(&status) || (upgrades && status == 101);
    if !is_known {
        return Err(malformed(format!("the status {status}")));
    }
    let reason = match parts.extensions.get::<ReasonPhrase>() {
        Some(reason) => reason.as_bytes(),
        None => parts.status.canonical_reason().unwrap_or_default().as_bytes(),
    };
    let mut headers = HeaderBlock::builder();
    for (name, value) in &parts.headers {
        if !is_hop_by_hop(name) && !headers.push(name.as_str().as_bytes(), value.as_bytes()) {
            return Err(malformed("too many headers, or too large ones".to_owned()));
        }
    }
    let body = match body.size_hint().exact() {
        _ if body.is_end_stream() => BodyLength::None,
        Some(length) => BodyLength::Known(length),
        None => BodyLength::Unknown,
    };
    // Each byte is the character of the same number.
    let reason = reason.iter().take(MAX_REASON).copied().map(char::from).collect();
    Ok(FetchResponse { status, reason, headers: headers.finish(), body })
}
