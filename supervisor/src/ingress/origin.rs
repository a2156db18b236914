//! Who asked: the connection's client, or who that client says it is asking for, if it is a trusted proxy.

use std::net::IpAddr;

use http::header::{FORWARDED, HeaderMap};

use super::forwarded::{self, Element};
use crate::downstream::{Client, Scheme};

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const X_FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Whom a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) client: Client,
    /// A trusted proxy has passed it on: what else it says of its client reaches the app too.
    pub(super) is_vouched: bool,
}

impl Origin {
    /// The connection's own client.
    pub(super) fn direct(client: Client) -> Self {
        Self { client, is_vouched: false }
    }

    /// Follows what trusted proxies say, from the nearest one outwards, to the first address that is none of theirs. Who
    /// says nothing, or nothing that can be read, is the client itself.
    ///
    /// Each value is taken from `X-Forwarded-*`, and from `Forwarded` (RFC 7239) only where that is not there: most proxies
    /// write the former and pass the latter on as the client sent it.
    pub(super) fn read(direct: Client, headers: &HeaderMap, trusts: impl Fn(Option<IpAddr>) -> bool) -> Self {
        if !trusts(direct.ip) {
            return Self::direct(direct);
        }
        let mut walk = Walk { client: direct, steps: 0, trusts };
        if headers.contains_key(X_FORWARDED_FOR) {
            walk.through(list(headers, X_FORWARDED_FOR).map(forwarded::node));
        } else if headers.contains_key(FORWARDED) {
            let lines = headers.get_all(FORWARDED).iter().rev();
            let mut scheme = None;
            walk.through(lines.flat_map(|line| forwarded::elements(line.as_bytes())).map(|element| {
                let Element { node, proto } = element;
                scheme = proto;
                node
            }));
            walk.client.scheme = scheme.unwrap_or(walk.client.scheme);
        }
        if let Some(scheme) = walk.scheme(list(headers, X_FORWARDED_PROTO)) {
            walk.client.scheme = scheme;
        }
        Self { client: walk.client, is_vouched: true }
    }
}

/// Whether a proxy, or a client that plays one, says whom it asks for.
pub(super) fn claims(headers: &HeaderMap) -> bool {
    headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED)
}

/// The elements of a list header, the last first. Empty ones count for nothing (RFC 9110 §5.6.1).
fn list<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
    let lines = headers.get_all(name).iter().rev();
    lines
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

struct Walk<T> {
    /// As far as is known yet.
    client: Client,
    /// How many elements were read.
    steps: usize,
    trusts: T,
}

impl<T: Fn(Option<IpAddr>) -> bool> Walk<T> {
    /// Goes on as long as the one who wrote the next element is trusted.
    fn through(&mut self, nodes: impl Iterator<Item = Option<forwarded::Node>>) {
        for node in nodes {
            self.steps += 1;
            // Of a client that is not named or has a made-up name it is known only which proxy it used.
            let Some((ip, port)) = node else { return };
            self.client = Client { ip: Some(ip.to_canonical()), port, ..self.client };
            if !(self.trusts)(self.client.ip) {
                return;
            }
        }
    }

    /// The scheme by a list that has one element for each proxy, or fewer.
    fn scheme<'h>(&self, schemes: impl Iterator<Item = &'h [u8]>) -> Option<Scheme> {
        schemes.take(self.steps.max(1)).last().and_then(forwarded::scheme)
    }
}

#[cfg(test)]
mod tests;
