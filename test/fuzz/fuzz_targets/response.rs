//! The head of a worker's response: what a client gets of it is legal HTTP, and says nothing about framing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nano_protocol::{BodyLength, HeaderBlock, ResponseHead};
use nano_supervisor::fuzzing::response;

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    let odd = b"!#$%&'*+-.^_`|~";
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || odd.contains(&byte))
}

fuzz_target!(|data: &[u8]| {
    let [kind, status, headers @ ..] = data else { return };
    let mut headers = headers;
    let method = if kind & 1 == 0 { http::Method::GET } else { http::Method::HEAD };
    let body = match kind >> 1 & 3 {
        0 => BodyLength::None,
        1 => BodyLength::Unknown,
        _ => BodyLength::Known(u64::from(*kind)),
    };
    let mut block = HeaderBlock::builder();
    let mut given = Vec::new();
    // The length of a name, of a value, and both.
    while let [name, value, rest @ ..] = headers {
        let (name, value) = (usize::from(*name), usize::from(*value));
        let Some((name, after)) = rest.split_at_checked(name) else { break };
        let Some((value, after)) = after.split_at_checked(value) else { break };
        if block.push(name, value) {
            given.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value));
        }
        headers = after;
    }
    let head = ResponseHead { status: 200 + u16::from(*status), headers: block.finish(), body };
    let Some(taken) = response(&head, &method) else { return };
    let connection = given.iter().filter(|header| header.0 == "connection");
    let nominated: Vec<_> = connection
        .flat_map(|header| header.1.split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .collect();
    for (name, value) in &taken {
        assert!(is_token(name) && *name == name.to_ascii_lowercase(), "{name:?}");
        assert!(value.iter().all(|byte| *byte >= b' ' && *byte != 0x7f || *byte == b'\t'), "{value:?}");
        if name == "content-length" {
            assert!(method == http::Method::HEAD && value.iter().all(u8::is_ascii_digit), "{value:?}");
            continue;
        }
        let own = ["connection", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "proxy-connection"];
        assert!(!own.contains(&name.as_str()) && name != "x-request-id", "{name}");
        assert!(!nominated.contains(name), "{name} is of the connection");
        assert!(given.iter().any(|header| header.0 == *name && header.1 == value), "{name} was not given");
    }
    for (name, value) in &given {
        assert!(is_token(name) && !value.contains(&b'\n') && !value.contains(&b'\r'), "{name:?} passes");
    }
});
