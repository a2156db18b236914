//! Builds a request's head for the worker.

use std::collections::HashSet;

use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use nano_protocol::limits::{MAX_METHOD, MAX_URL};
use nano_protocol::{BodyLength, HeaderBlock, RequestHead};

use super::origin::Origin;
use super::trace::{self, RequestTrace};
use super::{Failure, client_headers};
use crate::hop_by_hop::is_hop_by_hop;
use crate::request_id::{RequestIdValue, X_REQUEST_ID};

/// Most headers of a request.
const MAX_HEADERS: usize = 100;

/// Most names in a `Connection` header: as many as a request can have headers. Each costs a look-up.
const MAX_NAMED: usize = 100;

/// The part of the client's head that concerns the app.
///
/// # Errors
/// It is over a limit of the wire, or its body has an unknown coding.
pub(super) fn build(
    head: &Parts,
    authority: &str,
    url: String,
    (origin, id, trace): (Origin, &RequestIdValue, Option<&RequestTrace>),
    (body, websocket): (BodyLength, bool),
) -> Result<RequestHead, Failure> {
    if !is_coding_known(&head.headers) {
        return Err(Failure::MalformedBody);
    }
    let method = head.method.as_str();
    if method.len() > MAX_METHOD {
        return Err(Failure::MethodNotAllowed);
    }
    if url.len() > MAX_URL {
        return Err(Failure::UriTooLong);
    }
    Ok(RequestHead {
        method: method.to_owned(),
        url,
        request_id: id.as_str().to_owned(),
        headers: headers(&head.headers, authority, (origin, id, trace), (body, websocket))?,
        body,
        websocket,
    })
}

/// Whether a body, if there is one, has no coding but `chunked`. hyper reads the end of the last `Transfer-Encoding`
/// only; a proxy in front of nano may read elsewhere, and see other requests than nano.
fn is_coding_known(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(only), None) => only.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

fn headers(
    given: &HeaderMap,
    authority: &str,
    (origin, id, trace): (Origin, &RequestIdValue, Option<&RequestTrace>),
    (body, websocket): (BodyLength, bool),
) -> Result<HeaderBlock, Failure> {
    let named = Named::of(given);
    // hyper counts those of HTTP/1. Cookies come one by one in HTTP/2, and are one header.
    let cookies = given.get_all(header::COOKIE).iter().count();
    if named.is_cut || given.len() - cookies.saturating_sub(1) > MAX_HEADERS {
        return Err(Failure::HeadersTooLarge);
    }
    let cookies = joined_cookies(given);
    let mut block = HeaderBlock::builder();
    let mut fits = true;
    let mut has_length = false;
    for (name, value) in given {
        let skip = is_hop_by_hop(name)
            || *name == header::HOST
            || *name == header::EXPECT
            || *name == header::PROXY_AUTHORIZATION
            || *name == X_REQUEST_ID
            || client_headers::is_dropped(name, origin)
            || (trace.is_some() && trace::is_set_here(name))
            || (*name == header::COOKIE && cookies.is_some())
            // Two declarations of the body's length: hyper used the other one, or they are the same (RFC 9110 §8.6).
            || (*name == header::CONTENT_LENGTH && (body == BodyLength::Unknown || std::mem::replace(&mut has_length, true)))
            || named.holds(name);
        fits &= skip || block.push(name.as_str().as_bytes(), value.as_bytes());
    }
    if let Some(cookies) = cookies.filter(|_| !named.holds(&header::COOKIE)) {
        fits &= block.push(b"cookie", &cookies);
    }
    if websocket {
        // That it asks for one is for the app to see.
        fits &= block.push(b"connection", b"Upgrade") && block.push(b"upgrade", b"websocket");
    }
    // The host that the request was routed by, also if an absolute target overrides the header.
    fits &= block.push(b"host", authority.as_bytes());
    fits &= client_headers::push(&mut block, origin.client);
    fits &= trace.is_none_or(|trace| trace.push(&mut block));
    fits &= block.push(X_REQUEST_ID.as_str().as_bytes(), id.as_str().as_bytes());
    if fits { Ok(block.finish()) } else { Err(Failure::HeadersTooLarge) }
}

/// Joins several `Cookie` lines. Their pairs are separated by semicolons, not by commas as the values of other headers
/// are (RFC 6265 §5.4, RFC 9113 §8.2.3).
fn joined_cookies(given: &HeaderMap) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = given.get_all(header::COOKIE).iter().map(|line| line.as_bytes()).collect();
    (lines.len() > 1).then(|| {
        let pairs: Vec<&[u8]> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        pairs.join(&b"; "[..])
    })
}

/// The headers that `Connection` names, up to the maximum.
pub(super) struct Named {
    names: HashSet<HeaderName>,
    /// There were more.
    is_cut: bool,
}

impl Named {
    pub(super) fn of(given: &HeaderMap) -> Self {
        let values = given.get_all(header::CONNECTION).iter();
        let mut elements = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let names = elements.by_ref().take(MAX_NAMED).map(<[u8]>::trim_ascii);
        let names =
            names.filter(|name| !is_option(name)).filter_map(|name| HeaderName::from_bytes(name).ok()).collect();
        Self { names, is_cut: elements.next().is_some() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &HeaderName> {
        self.names.iter()
    }

    fn holds(&self, name: &HeaderName) -> bool {
        !self.names.is_empty() && self.names.contains(name)
    }
}

/// The usual options of `Connection`. No header `Keep-Alive` would reach an app either.
fn is_option(name: &[u8]) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case(b"keep-alive")
}
