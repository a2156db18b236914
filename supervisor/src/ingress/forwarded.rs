//! What stands in `Forwarded` (RFC 7239) and `X-Forwarded-For`. Text of a client's making, too: reading it takes time and
//! room in proportion to its length at most.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::downstream::Scheme;

/// The longest text of an address with brackets and port.
const LONGEST_NODE: usize = 64;

/// Most elements of one line that are kept, the last ones: more proxies are not passed by any request.
const MOST_ELEMENTS: usize = 64;

/// An address, and the port if there is one.
pub(super) type Node = (IpAddr, Option<u16>);

/// What one proxy wrote.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// `for`. `None`: no address that can be read.
    pub(super) node: Option<Node>,
    pub(super) proto: Option<Scheme>,
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`. `None`: `unknown`, a made-up name (RFC 7239
/// §6.3), or no node at all.
pub(super) fn node(text: &[u8]) -> Option<Node> {
    if text.len() > LONGEST_NODE {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    if let Some(rest) = text.strip_prefix('[') {
        let (ip, after) = rest.split_once(']')?;
        let ip = ip.parse::<Ipv6Addr>().ok()?;
        let port = if after.is_empty() { None } else { port(after.strip_prefix(':')?)? };
        return Some((ip.into(), port));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some((ip, None));
    }
    let (ip, after) = text.split_once(':')?;
    Some((ip.parse::<Ipv4Addr>().ok()?.into(), port(after)?))
}

/// A made-up port counts as none; anything else that is no port makes the node unreadable.
fn port(text: &str) -> Option<Option<u16>> {
    if text.starts_with('_') {
        return Some(None);
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Some)
}

/// The scheme of a URL that is meant. Some proxies write that of the WebSocket.
pub(super) fn scheme(text: &[u8]) -> Option<Scheme> {
    let is = |word: &[u8]| text.eq_ignore_ascii_case(word);
    if is(b"https") || is(b"wss") {
        Some(Scheme::Https)
    } else if is(b"http") || is(b"ws") {
        Some(Scheme::Http)
    } else {
        None
    }
}

/// The elements of one `Forwarded` line, the last first. A line that is not well-formed is one element without an address:
/// where a proxy's part of it begins cannot be told.
pub(super) fn elements(line: &[u8]) -> impl Iterator<Item = Element> + use<> {
    let elements = parse(line).unwrap_or_else(|| VecDeque::from([Element::default()]));
    elements.into_iter().rev()
}

fn parse(line: &[u8]) -> Option<VecDeque<Element>> {
    let mut elements = VecDeque::new();
    let mut rest = line;
    loop {
        let (element, is_empty, after) = parse_element(rest)?;
        if !is_empty {
            if elements.len() == MOST_ELEMENTS {
                elements.pop_front();
            }
            elements.push_back(element);
        }
        match after.split_first() {
            Some((_, after)) => rest = after,
            None => return Some(elements),
        }
    }
}

/// An element up to its comma or the end, whether there was nothing in it, and what is left of the line.
fn parse_element(mut rest: &[u8]) -> Option<(Element, bool, &[u8])> {
    let mut element = Element::default();
    let (mut is_empty, mut has_for, mut has_proto) = (true, false, false);
    loop {
        rest = rest.trim_ascii_start();
        match rest.first() {
            None | Some(b',') => return Some((element, is_empty, rest)),
            Some(b';') => {
                rest = rest.get(1..)?;
                continue;
            }
            Some(_) => is_empty = false,
        }
        let equals =
            rest.iter().position(|byte| !is_token(*byte)).filter(|at| *at > 0 && rest.get(*at) == Some(&b'='))?;
        let (name, value) = rest.split_at_checked(equals)?;
        let (value, after) = parse_value(value.get(1..)?)?;
        rest = after.trim_ascii_start();
        if !matches!(rest.first(), None | Some(b',' | b';')) {
            return None;
        }
        // No parameter twice (§4): it would be one address to nano and another to others.
        if name.eq_ignore_ascii_case(b"for") && !std::mem::replace(&mut has_for, true) {
            element.node = node(&value);
        } else if name.eq_ignore_ascii_case(b"proto") && !std::mem::replace(&mut has_proto, true) {
            element.proto = scheme(&value);
        } else if name.eq_ignore_ascii_case(b"for") || name.eq_ignore_ascii_case(b"proto") {
            return None;
        }
    }
}

/// A token or a quoted string, without quotes and backslashes, and what follows it. Addresses with colons and brackets are
/// to be quoted, and not everyone does that.
fn parse_value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some((b'"', quoted)) = text.split_first() else {
        let end = text.iter().position(|byte| !(is_token(*byte) || matches!(byte, b':' | b'[' | b']')));
        let (value, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        return (!value.is_empty()).then(|| (value.to_vec(), rest));
    };
    let mut value = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    loop {
        match bytes.next()? {
            (at, b'"') => return Some((value, quoted.get(at + 1..)?)),
            (_, b'\\') => value.push(*bytes.next()?.1),
            (_, byte) => value.push(*byte),
        }
    }
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
