//! What is and is not read of a client's bytes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

const HEAD: &str = "POST / HTTP/1.1\r\nHost: a\r\n";

fn all_at_once(bytes: &[u8]) -> Result<(), Refused> {
    Framing::default().feed(bytes)
}

/// Byte by byte; how many bytes were well, if one was refused.
fn piecemeal(bytes: &[u8]) -> Result<(), (usize, Part)> {
    let mut framing = Framing::default();
    for (at, byte) in bytes.iter().enumerate() {
        framing.feed(std::slice::from_ref(byte)).map_err(|refused| (at, refused.part))?;
    }
    Ok(())
}

fn passes(bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    assert_eq!(all_at_once(bytes), Ok(()), "{:?}", String::from_utf8_lossy(bytes));
    assert_eq!(piecemeal(bytes), Ok(()), "{:?}", String::from_utf8_lossy(bytes));
}

fn refused(bytes: impl AsRef<[u8]>, well: usize, part: Part) {
    let bytes = bytes.as_ref();
    assert_eq!(all_at_once(bytes), Err(Refused { well, part }), "{:?}", String::from_utf8_lossy(bytes));
    assert_eq!(piecemeal(bytes).unwrap_err().1, part, "{:?}", String::from_utf8_lossy(bytes));
}

#[test]
fn requests_that_are_clear_pass() {
    for headers_and_body in [
        "\r\n",
        "Content-Length: 0\r\n\r\n",
        "content-length:\t5 \r\n\r\nhello",
        "Content-Length: 5\r\nContent-Length: 05\r\n\r\nhel\n\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: CHUNKED\r\n\r\n5;a=b\r\n\n\r\n\rx\r\nA  \r\n0123456789\r\n00 ;x\r\nX: y\r\nHost: b\r\n\r\n",
        "X-Content-Length: x\r\nContent-Lengthy: x\r\nContent-Length-: x\r\n\r\n",
    ] {
        let one = format!("{HEAD}{headers_and_body}");
        passes(&one);
        passes(format!("\r\n\r\n{one}{one}\r\n{one}"));
    }
    let long = format!("{HEAD}X: {}\r\nTransfer-Encoding:{}chunked\r\n\r\n0\r\n\r\n", "x".repeat(500), " ".repeat(500));
    passes(&long);
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let first = format!("{HEAD}\r\n");
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nX: y\r\nCONTENT-LENGTH: 5\r\n",
        "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 0\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length:\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "X: y\n",
        "X: y\nTransfer-Encoding: chunked\r\n",
        "\n",
    ] {
        refused(format!("{HEAD}{headers}\r\n"), 0, Part::Head);
        // Requests before it are not touched.
        refused(format!("{first}{first}{HEAD}{headers}\r\n"), 2 * first.len(), Part::Head);
    }
    refused("GET / HTTP/1.1\nHost: a\r\n\r\n", 0, Part::Head);
    refused("\nGET / HTTP/1.1\r\n", 0, Part::Head);
    refused("\r\n\rGET / HTTP/1.1\r\n", 2, Part::Head);
    // More of a length than is kept, when it comes in pieces.
    let padded = format!("{HEAD}Content-Length:{}5\r\n\r\nhello", " ".repeat(100));
    assert_eq!(all_at_once(padded.as_bytes()), Ok(()));
    assert_eq!(piecemeal(padded.as_bytes()).unwrap_err().1, Part::Head);
}

#[test]
fn chunks_are_followed_to_the_letter() {
    let head = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
    for (body, well) in [
        ("x\r\n", 0),
        ("\r\n", 0),
        ("-5\r\n", 0),
        ("0x5\r\n", 1),
        ("5 5\r\n", 2),
        ("5\nhello", 1),
        ("5\rhello", 2),
        ("5;a\n", 3),
        ("5\r\nhelloX", 8),
        ("5\r\nhello\n", 8),
        ("5\r\nhello\r\r", 9),
        ("5\r\nhello\r\n0\r\nX: y\n\r\n", 13),
        ("5\r\nhello\r\n0\r\n\n", 13),
        ("10000000000000000\r\n", 16),
        ("000000000000000000001\r\n", 20),
    ] {
        refused(format!("{head}{body}"), head.len() + well, Part::Body);
    }
}
