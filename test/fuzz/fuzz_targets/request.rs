//! What a client sends: the requests that get to the service are those that a strict reader of RFC 9112 sees, with the same
//! bodies, and what a worker gets of them is clean.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use nano_config::{HostName, split_host_port};
use nano_protocol::{BodyLength, Decoder, Frame, Outbox, RequestHead, Side};
use nano_supervisor::fuzzing::{Seen, requests, well_framed};

/// A request as it stands in the bytes.
struct Strict<'a> {
    line: &'a [u8],
    headers: Vec<(String, &'a [u8])>,
    /// `None` if it does not come to its end.
    body: Option<Vec<u8>>,
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// Reads one request to its end, by the letter. `None` where there is none, or no whole head.
fn strict<'a>(rest: &mut &'a [u8]) -> Option<Strict<'a>> {
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        *rest = after;
    }
    let end = find(rest, b"\r\n\r\n")?;
    let mut lines = Vec::new();
    let mut head = &rest[..end + 2];
    while let Some(at) = find(head, b"\r\n") {
        assert!(!head[..at].contains(&b'\n'), "a bare line feed was let through");
        lines.push(&head[..at]);
        head = &head[at + 2..];
    }
    *rest = &rest[end + 4..];
    let headers: Vec<_> = lines[1..]
        .iter()
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase(), line[colon + 1..].trim_ascii()))
        })
        .collect();
    let all = |name: &str| headers.iter().filter(|header| header.0 == name).map(|header| header.1).collect::<Vec<_>>();
    let (lengths, codings) = (all("content-length"), all("transfer-encoding"));
    assert!(lengths.is_empty() || codings.is_empty(), "a length beside a coding was let through");
    let body = if !codings.is_empty() {
        chunks(rest)
    } else {
        let length = lengths.first().map_or(0, |text| std::str::from_utf8(text).unwrap().parse::<u64>().unwrap());
        let length = usize::try_from(length).ok().filter(|length| *length <= rest.len());
        length.map(|length| {
            let body = rest[..length].to_vec();
            *rest = &rest[length..];
            body
        })
    };
    if body.is_none() {
        *rest = &[];
    }
    Some(Strict { line: lines[0], headers, body })
}

fn chunks(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(rest, b"\r\n")?;
        let digits = rest[..end].split(|byte| b"; \t".contains(byte)).next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        *rest = &rest[end + 2..];
        if size == 0 {
            break;
        }
        body.extend_from_slice(rest.get(..size)?);
        *rest = rest[size..].strip_prefix(b"\r\n")?;
    }
    loop {
        let end = find(rest, b"\r\n")?;
        *rest = &rest[end + 2..];
        if end == 0 {
            return Some(body);
        }
    }
}

fn survives_the_wire(head: &RequestHead) {
    let frame = Frame::RequestHead(7, Box::new(head.clone()));
    let mut outbox = Outbox::default();
    outbox.push(&frame);
    let mut wire = BytesMut::new();
    while !outbox.is_empty() {
        let mut slices = [std::io::IoSlice::new(&[]); 8];
        let count = outbox.io_slices(&mut slices);
        let written: usize = slices[..count].iter().map(|slice| slice.len()).sum();
        slices[..count].iter().for_each(|slice| wire.extend_from_slice(slice));
        outbox.advance(written);
    }
    assert_eq!(Decoder::new(Side::Supervisor).decode(&mut wire).unwrap(), Some(frame), "the worker takes what is sent");
}

fn is_clean(strict: &Strict<'_>, seen: &Seen, host: &str, head: &RequestHead) {
    survives_the_wire(head);
    let mut names: Vec<_> = head.headers.iter().map(|(name, _)| String::from_utf8(name.to_vec()).unwrap()).collect();
    for own in ["host", "x-request-id"] {
        assert_eq!(names.iter().filter(|name| *name == own).count(), 1, "{own}");
        names.retain(|name| name != own);
    }
    let nominated = strict.headers.iter().filter(|header| header.0 == "connection");
    let nominated: Vec<_> = nominated
        .flat_map(|header| header.1.split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .collect();
    for name in &names {
        let hop = ["connection", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "proxy-connection"];
        assert!(!hop.contains(&name.as_str()) && !["expect", "proxy-authorization"].contains(&name.as_str()), "{name}");
        assert!(!nominated.contains(name), "{name} is of the connection");
    }
    let rest = head.url.strip_prefix("http://").expect("a URL");
    let authority = rest.split_at(rest.find('/').expect("a path")).0;
    let (name, _) = split_host_port(authority).expect("a host");
    assert_eq!(HostName::parse(name).expect("a host").as_str(), host, "routed by what the app sees");
    assert!(head.url.bytes().all(|byte| byte > b' ' && byte != 0x7f), "{:?}", head.url);
    assert_eq!(head.method, seen.method.as_str());
    match (head.body, &strict.body) {
        (BodyLength::None, body) => assert_eq!(body.as_deref(), Some(&b""[..])),
        (BodyLength::Known(length), Some(body)) => assert_eq!(length, body.len() as u64),
        (BodyLength::Known(_) | BodyLength::Unknown, _) => {}
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, bytes)) = data.split_first() else { return };
    let cut = usize::from(*cut);
    let read = &bytes[..well_framed(bytes, bytes.len())];
    assert!(well_framed(bytes, cut) <= read.len().max(cut), "pieces must not let more through");
    let mut rest = read;
    for seen in requests(read, cut) {
        let strict = strict(&mut rest).expect("hyper sees a request that is none");
        let mut words = strict.line.split(|byte| *byte == b' ');
        assert_eq!(words.next(), Some(seen.method.as_str().as_bytes()));
        let target = String::from_utf8_lossy(words.next().unwrap()).into_owned();
        if target.starts_with('/') {
            assert_eq!(target.split('#').next().unwrap(), seen.target);
        } else {
            // hyper prints an absolute target in another way, but its host is the same.
            let host = |text: &str| {
                let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
                rest.split(['/', '?', '#']).next().unwrap_or("").to_ascii_lowercase()
            };
            assert_eq!(host(&target), host(&seen.target), "{target:?} and {:?}", seen.target);
        }
        if let Some(body) = &seen.body {
            assert_eq!(Some(body), strict.body.as_ref());
        }
        if let Some((host, head)) = &seen.sent {
            is_clean(&strict, &seen, host, head);
        }
        if seen.body.is_none() {
            break;
        }
    }
});
