//! Content codings as servers send them.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::super::{Coder, Flush, Settings};
use super::*;

fn pack(format: &str, data: &[u8]) -> Vec<u8> {
    let mut output = vec![0; data.len() * 2 + 100];
    let step = Coder::new(format, false, Settings::standard(format)).unwrap().step(data, Flush::Finish, &mut output);
    assert_eq!((step.consumed, &step.outcome), (data.len(), &Outcome::End));
    output.truncate(step.produced);
    output
}

/// What a body decodes to, in pieces of these sizes; `None` where it is corrupt or ends too early.
fn unpack(coding: Coding, body: &[u8], step_in: usize, step_out: usize) -> Option<Vec<u8>> {
    let mut content = Content::new(coding);
    let mut output = vec![0; step_out];
    let (mut whole, mut at) = (Vec::new(), 0);
    loop {
        let part = &body[at..body.len().min(at + step_in)];
        let finish = part.is_empty();
        let step = content.step(part, finish, &mut output);
        at += step.consumed;
        whole.extend_from_slice(&output[..step.produced]);
        match step.outcome {
            Outcome::End => return Some(whole),
            Outcome::Corrupt => return None,
            Outcome::More if finish && step.produced == 0 => return None,
            Outcome::More => assert!(finish || step.consumed + step.produced > 0, "no progress at {at}"),
        }
    }
}

fn everywhere(coding: Coding, body: &[u8], expected: Option<&[u8]>, what: &str) {
    for (step_in, step_out) in [(65_536, 65_536), (1, 65_536), (2, 3), (7, 1), (65_536, 1)] {
        let got = unpack(coding, body, step_in, step_out);
        assert_eq!(got.as_deref(), expected, "{what}: {step_in} in, {step_out} out");
    }
}

#[test]
fn members_of_gzip_are_joined_and_padding_is_passed_over() {
    let (a, b) = (pack("gzip", b"first "), pack("gzip", b"second"));
    let empty = pack("gzip", b"");
    everywhere(Coding::Gzip, &[&a[..], &b].concat(), Some(b"first second"), "two members");
    everywhere(Coding::Gzip, &[&empty[..], &a, &empty, &empty, &b].concat(), Some(b"first second"), "empty ones");
    for padding in [&[0; 1][..], &[0; 512], b"\x1f", b"\x1fx", b"<!-- page -->"] {
        everywhere(Coding::Gzip, &[&a[..], padding].concat(), Some(b"first "), "padding");
    }
    everywhere(Coding::Gzip, &[&a[..], &[0; 8], &b].concat(), Some(b"first "), "a member behind padding");
}

#[test]
fn deflate_comes_with_and_without_zlib() {
    for data in [&b"to be or not to be"[..], b"", &[7; 5000]] {
        for format in ["deflate", "deflate-raw"] {
            let packed = pack(format, data);
            everywhere(Coding::Deflate, &packed, Some(data), format);
            everywhere(Coding::Deflate, &[&packed[..], b"more"].concat(), Some(data), format);
        }
    }
    let packed = pack("brotli", b"to be or not to be");
    everywhere(Coding::Brotli, &[&packed[..], b"more"].concat(), Some(b"to be or not to be"), "brotli");
}

#[test]
fn what_is_cut_short_or_corrupt_is_no_body_and_an_empty_one_is_empty() {
    for (coding, format) in [(Coding::Gzip, "gzip"), (Coding::Deflate, "deflate"), (Coding::Brotli, "brotli")] {
        everywhere(coding, b"", Some(b""), format);
        let packed = pack(format, b"hello hello hello hello");
        for length in 1..packed.len() {
            everywhere(coding, &packed[..length], None, &format!("{format}, {length} bytes"));
        }
    }
    let whole = pack("gzip", b"hello");
    everywhere(Coding::Gzip, &[&whole[..], &whole[..whole.len() - 1]].concat(), None, "a second member cut short");
    everywhere(Coding::Gzip, b"no gzip at all", None, "text");
    let mut bad = [&whole[..], &whole].concat();
    *bad.last_mut().unwrap() ^= 1;
    everywhere(Coding::Gzip, &bad, None, "a second member's checksum");
}
