//! A request's head as the worker gets it.

use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use nano_protocol::limits::{MAX_METHOD, MAX_URL};
use nano_protocol::{BodyLength, HeaderBlock, RequestHead};

use super::Failure;
use super::request_id::{RequestIdValue, X_REQUEST_ID};
use super::target::Target;

/// Headers that concern one connection only (RFC 9110 §7.6.1), and those that we write ourselves: of requests and responses in
/// both directions, clients' and apps'.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    *name == header::CONNECTION
        || *name == header::TRANSFER_ENCODING
        || *name == header::UPGRADE
        || *name == header::TE
        || *name == header::TRAILER
        || *name == "keep-alive"
        || *name == "proxy-connection"
}

/// Everything of the client's head that concerns the app.
///
/// # Errors
/// It is over a limit of the wire, or its body is coded in a way that we do not know.
pub(super) fn build(
    head: &Parts,
    target: &Target<'_>,
    id: &RequestIdValue,
    body: BodyLength,
) -> Result<RequestHead, Failure> {
    if !is_coding_known(&head.headers) {
        return Err(Failure::MalformedBody);
    }
    let method = head.method.as_str();
    if method.len() > MAX_METHOD {
        return Err(Failure::MethodNotAllowed);
    }
    let url = format!("http://{}{}", target.authority, target.path);
    if url.len() > MAX_URL {
        return Err(Failure::UriTooLong);
    }
    Ok(RequestHead {
        method: method.to_owned(),
        url,
        request_id: id.as_str().to_owned(),
        headers: headers(&head.headers, target, id, body)?,
        body,
    })
}

/// Whether a body, if there is one, is at most `chunked`. hyper looks at the end of the last `Transfer-Encoding` only; a
/// proxy in front of us may look elsewhere, and see other requests than we do.
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
    target: &Target<'_>,
    id: &RequestIdValue,
    body: BodyLength,
) -> Result<HeaderBlock, Failure> {
    let named = Named::of(given);
    let mut block = HeaderBlock::builder();
    let mut fits = true;
    for (name, value) in given {
        let skip = is_hop_by_hop(name)
            || *name == header::HOST
            || *name == header::EXPECT
            || *name == header::PROXY_AUTHORIZATION
            || *name == X_REQUEST_ID
            // Two ways to say how long a body is: hyper followed the other one.
            || (*name == header::CONTENT_LENGTH && body == BodyLength::Unknown)
            || named.holds(name);
        fits &= skip || block.push(name.as_str().as_bytes(), value.as_bytes());
    }
    // The host that the request was routed by, also where an absolute target overruled the header.
    fits &= block.push(b"host", target.authority.as_bytes());
    fits &= block.push(X_REQUEST_ID.as_str().as_bytes(), id.as_str().as_bytes());
    if fits { Ok(block.finish()) } else { Err(Failure::HeadersTooLarge) }
}

/// The headers that `Connection` declares to be of this connection.
pub(super) struct Named<'a>(Vec<&'a [u8]>);

impl<'a> Named<'a> {
    pub(super) fn of(given: &'a HeaderMap) -> Self {
        let values = given.get_all(header::CONNECTION).iter();
        let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        Self(names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"keep-alive")).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = HeaderName> {
        self.0.iter().filter_map(|name| HeaderName::from_bytes(name).ok())
    }

    fn holds(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|each| each.eq_ignore_ascii_case(name.as_str().as_bytes()))
    }
}
