//! Bodies of forms: whatever comes in, parts that lie in the body in order; what was read and is written again as browsers
//! write it is read as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../worker/runtime/src/ops/multipart/parser.rs"]
mod parser;

use parser::{Part, parse};

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn written(parts: &[Part<'_>], boundary: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(&[b"--", boundary, b"\r\nContent-Disposition: form-data; name=\""].concat());
        body.extend_from_slice(escaped(&part.name).as_bytes());
        if let Some(filename) = &part.filename {
            body.extend_from_slice(format!("\"; filename=\"{}", escaped(filename)).as_bytes());
        }
        body.extend_from_slice(b"\"\r\n");
        if let Some(content_type) = &part.content_type {
            body.extend_from_slice(format!("Content-Type: {content_type}\r\n").as_bytes());
        }
        body.extend_from_slice(&[b"\r\n", part.content, b"\r\n"].concat());
    }
    body.extend_from_slice(&[b"--", boundary, b"--\r\n"].concat());
    body
}

fuzz_target!(|data: &[u8]| {
    // A boundary comes out of a header's value, so it has no line break.
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (boundary, body) = (&data[..end], &data[end + 1..]);
    if boundary.contains(&b'\r') {
        return;
    }
    let Some(parts) = parse(body, boundary) else { return };
    let mut from = body.as_ptr_range().start;
    let delimiter = [b"\r\n--", boundary].concat();
    for part in &parts {
        let place = part.content.as_ptr_range();
        assert!(from <= place.start && place.end <= body.as_ptr_range().end, "in the body, in order");
        from = place.end;
        assert!(
            !part.content.windows(delimiter.len()).any(|window| window == delimiter),
            "the first delimiter ends it"
        );
    }
    // Percent signs are not escaped by those who write forms: what looks like an escape becomes one.
    let says = |text: &str| text.contains('%');
    if parts.iter().any(|part| says(&part.name) || part.filename.as_deref().is_some_and(says)) {
        return;
    }
    assert_eq!(parse(&written(&parts, boundary), boundary).as_deref(), Some(&parts[..]));
});
