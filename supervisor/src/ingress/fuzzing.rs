//! For the fuzz targets (`test/fuzz/`): how a client's bytes and a worker's head are read, without sockets or workers.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use nano_protocol::{BodyLength, RequestHead, ResponseHead};

use super::origin::Origin;
use super::request_head;
use super::response_head::CheckedHead;
use super::target::Target;
use crate::downstream::{Announced, Client, Framing, ProxyHeader, Scheme, reader};
use crate::request_id::RequestIds;

/// Most polls without any read or write.
const IDLE_POLLS: usize = 4;

/// A request as the service got it.
#[derive(Debug)]
pub struct Seen {
    /// As hyper read it.
    pub method: Method,
    /// The same.
    pub target: String,
    /// `None` if it is incomplete.
    pub body: Option<Vec<u8>>,
    /// The host it is for and what a worker would get, unless it is refused.
    pub sent: Option<(String, RequestHead)>,
}

/// How many of a client's bytes are read, when they come in two pieces.
#[must_use]
pub fn well_framed(bytes: &[u8], cut: usize) -> usize {
    let (first, second) = bytes.split_at(cut.min(bytes.len()));
    let mut framing = Framing::default();
    match framing.feed(first) {
        Err(refused) => refused.well,
        Ok(()) => first.len() + framing.feed(second).map_or_else(|refused| refused.well, |()| second.len()),
    }
}

/// The requests that hyper finds in these bytes.
#[must_use]
pub fn requests(bytes: &[u8], cut: usize) -> Vec<Seen> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let moved = Rc::new(RefCell::new(0_usize));
    let (first, second) = bytes.split_at(cut.min(bytes.len()));
    let wire =
        Wire { pieces: [Bytes::copy_from_slice(first), Bytes::copy_from_slice(second)], moved: Rc::clone(&moved) };
    let ids = Rc::new(RequestIds::new());
    let service = service_fn(|request: Request<Incoming>| {
        let (seen, ids) = (Rc::clone(&seen), Rc::clone(&ids));
        async move {
            let (head, body) = request.into_parts();
            let origin = Origin::read(Client::at(None, Scheme::Http), &head.headers, |peer| peer.is_none());
            let length = match (body.is_end_stream(), body.size_hint().exact()) {
                (true, _) => BodyLength::None,
                (false, Some(length)) => BodyLength::Known(length),
                (false, None) => BodyLength::Unknown,
            };
            let sent = Target::read(&head, origin.client.scheme).ok().and_then(|Target { host, authority, url }| {
                let id = ids.choose(&head.headers);
                let sent = request_head::build(&head, authority, url, (origin, &id, None), (length, false)).ok()?;
                Some((host.as_str().to_owned(), sent))
            });
            let index = seen.borrow().len();
            seen.borrow_mut().push(Seen { method: head.method, target: head.uri.to_string(), body: None, sent });
            let body = body.collect().await.ok().map(|body| body.to_bytes().to_vec());
            if let Some(seen) = seen.borrow_mut().get_mut(index) {
                seen.body = body;
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let mut connection = pin!(reader().serve_connection(wire, service));
    let mut context = Context::from_waker(Waker::noop());
    let mut idle = 0;
    while idle < IDLE_POLLS {
        let before = *moved.borrow();
        if connection.as_mut().poll(&mut context).is_ready() {
            break;
        }
        idle = if *moved.borrow() == before { idle + 1 } else { 0 };
    }
    seen.take()
}

/// What becomes of a connection to a listener with `proxy_protocol`.
#[derive(Debug, PartialEq, Eq)]
pub enum Announcement {
    /// A header, and whom it names.
    Header {
        /// How many bytes it has.
        length: usize,
        /// `None`: nobody.
        client: Option<String>,
    },
    /// More is waited for.
    Incomplete,
    /// It is closed.
    Refused,
}

/// Reads a PROXY header that comes in two pieces.
#[must_use]
pub fn announced(bytes: &[u8], cut: usize) -> Announcement {
    let (first, second) = bytes.split_at(cut.min(bytes.len()));
    let mut header = ProxyHeader::default();
    let mut length = 0;
    for piece in [first, second] {
        match header.feed(piece) {
            Err(_) => return Announcement::Refused,
            Ok((taken, None)) => length += taken,
            Ok((taken, Some(announced))) => {
                let client = match announced {
                    Announced::Nobody => None,
                    Announced::Client { source, .. } => Some(source.to_string()),
                };
                return Announcement::Header { length: length + taken, client };
            }
        }
    }
    Announcement::Incomplete
}

/// Whom a request comes from by these headers, and its scheme. Addresses that begin with `trusted` are trusted.
#[must_use]
pub fn told_client(peer: &str, lines: &[(&'static str, &[u8])], trusted: &str) -> (Option<String>, &'static str) {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(*name, value);
        }
    }
    let peer = peer.parse().ok().map(|ip| SocketAddr::new(ip, 1));
    let trusts = |peer: Option<IpAddr>| peer.is_some_and(|peer| peer.to_string().starts_with(trusted));
    let Client { ip, scheme, .. } = Origin::read(Client::at(peer, Scheme::Http), &headers, trusts).client;
    (ip.map(|ip| ip.to_string()), scheme.as_str())
}

/// The headers that a client gets from a worker's head; `None` if the head is a violation.
#[must_use]
pub fn response(head: &ResponseHead, method: &Method) -> Option<Vec<(String, Vec<u8>)>> {
    let checked = CheckedHead::check(head, method)?;
    assert_eq!(checked.status.as_u16(), head.status);
    let headers = checked.headers.iter();
    Some(headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect())
}

struct Wire {
    pieces: [Bytes; 2],
    moved: Rc<RefCell<usize>>,
}

impl Read for Wire {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let room = into.remaining();
        let Some(piece) = self.pieces.iter_mut().find(|piece| !piece.is_empty()) else { return Poll::Pending };
        let part = piece.split_to(room.min(piece.len()));
        into.put_slice(&part);
        *self.moved.borrow_mut() += part.len();
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        *self.moved.borrow_mut() += bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
