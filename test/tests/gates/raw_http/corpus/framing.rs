//! Where a request ends: lengths, codings, chunks, and what hides one request in another.

use super::{Corpus, GOOD, HIDDEN, post};

pub(super) fn lengths(c: &mut Corpus) {
    let length = |value: &str| format!("Content-Length: {value}\r\n");
    c.open("a length", post(&length("5"), "hello"), &["a POST / hello"]);
    c.open("a length of 0", post(&length("0"), ""), &["a POST /"]);
    c.open("a length with zeros before", post(&length("005"), "hello"), &["a POST / hello"]);
    c.open("no length and no body", post("", ""), &["a POST /"]);
    c.open(
        "a body with GET",
        format!("GET / HTTP/1.1\r\nHost: a.local\r\nContent-Length: 39\r\n\r\n{HIDDEN}"),
        &["a GET /"],
    );
    c.open(
        "a request in a body",
        post(&length("39"), HIDDEN).as_str(),
        &["a POST / GET /hidden HTTP/1.1\r\nHost: b.local\r\n\r\n"],
    );
    c.open("the same length twice", post(&length("5").repeat(2), "hello"), &["a POST / hello"]);
    c.bad_length("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello");
    c.bad_length("two lengths, the first 0", "Content-Length: 0\r\nContent-Length: 39\r\n", HIDDEN);
    c.bad_length("lengths in a list", &length("5, 5"), "hello");
    c.bad_length("different lengths in a list", &length("5, 6"), "hello");
    c.bad_length("negative length", &length("-1"), "");
    c.bad_length("length with a plus", &length("+5"), "hello");
    c.bad_length("length in hexadecimal", &length("0x5"), "hello");
    c.bad_length("length with a fraction", &length("5.0"), "hello");
    c.bad_length("length with an exponent", &length("5e0"), "hello");
    c.bad_length("length with a space", &length("4 1"), HIDDEN);
    c.bad_length("length with letters", &length("5x"), "hello");
    c.bad_length("length in quotes", &length("\"5\""), "hello");
    c.bad_length("length in other digits", &length("\u{ff15}"), "hello");
    c.bad_length("empty length", &length(""), "");
    c.bad_length("length of 2^64", &length("18446744073709551616"), "");
    c.shut("length of 2^64 - 1", post(&length("18446744073709551615"), ""), &["431 headers_too_large"]);
    c.bad_length("length without end", &length(&"9".repeat(400)), "");
    c.shut("length over the limit", post(&length("1048577"), "x"), &["413 body_too_large"]);
    c.shut("length far over the limit", post(&length("9223372036854775807"), ""), &["413 body_too_large"]);
    c.half("body cut off", post(&length("500"), "part"));
}

pub(super) fn smuggling(c: &mut Corpus) {
    let body = format!("0\r\n\r\n{HIDDEN}");
    // A reader that uses the length sees one request; one that uses the chunks sees two. No app sees any (RFC 9112 §6.3).
    let (length, chunked) = ("Content-Length: 46\r\n", "Transfer-Encoding: chunked\r\n");
    c.bad_length("length, then chunked", &format!("{length}{chunked}"), "3\r\nabc\r\n0\r\n\r\n");
    c.bad_length("chunked, then length", &format!("{chunked}{length}"), "3\r\nabc\r\n0\r\n\r\n");
    c.bad_length("length, then chunked, a request in it", &format!("{length}{chunked}"), &body);
    c.bad_length("chunked, then length, a request in it", &format!("{chunked}{length}"), &body);
    c.bad_length("chunked and a length of 0", &format!("{chunked}Content-Length: 0\r\n"), &body);
    c.bad_length("a length of 0 and chunked", &format!("Content-Length: 0\r\n{chunked}"), &body);
    c.bad_length("length and chunked in odd case", "CONTENT-LENGTH: 46\r\ntRANSFER-eNCODING: cHUNKED\r\n", &body);
    c.bad_length("length and chunked far apart", &format!("{length}{}{chunked}", "X: y\r\n".repeat(50)), &body);
    c.bad_length("length, chunked, the same length", &format!("{length}{chunked}{length}"), &body);
    c.bad_length("chunked and a length that is none", &format!("{chunked}Content-Length: x\r\n"), &body);
    c.bad_length(
        "length and chunked, named by Connection",
        &format!("{length}{chunked}Connection: content-length, transfer-encoding\r\n"),
        &body,
    );
    c.shut(
        "length and chunked with GET",
        format!("GET / HTTP/1.1\r\nHost: a.local\r\n{length}{chunked}\r\n{body}"),
        &["400 bad_request"],
    );
    c.shut(
        "length and chunked behind two good requests",
        format!("{GOOD}{GOOD}{}", post(&format!("{length}{chunked}"), &body)),
        &["a GET /after", "a GET /after", "400 bad_request"],
    );
    c.shut(
        "length and chunked behind a body",
        format!("{}{}", post("Content-Length: 5\r\n", "hello"), post(&format!("{length}{chunked}"), &body)),
        &["a POST / hello", "400 bad_request"],
    );
    c.shut(
        "length and chunked behind chunks",
        format!("{}{}", post(chunked, "5\r\nhello\r\n0\r\n\r\n"), post(&format!("{chunked}{length}"), &body)),
        &["a POST / hello", "400 bad_request"],
    );
    c.shut(
        "length and chunked behind an unknown host",
        format!("GET / HTTP/1.1\r\nHost: c.local\r\n\r\n{}", post(&format!("{length}{chunked}"), &body)),
        &["404 unknown_host", "400 bad_request"],
    );
    c.shut(
        "length and chunked in HTTP/1.0",
        format!("POST / HTTP/1.0\r\nHost: a.local\r\n{length}{chunked}\r\n{body}"),
        &["400 bad_request"],
    );
    let coding = |value: &str| format!("Content-Length: 46\r\nTransfer-Encoding: {value}\r\n");
    for (name, value) in [
        ("chunked with a letter before", "xchunked"),
        ("chunked with a letter after", "chunkedx"),
        ("chunked in quotes", "\"chunked\""),
        ("chunked with a parameter", "chunked;q=1"),
        ("identity", "identity"),
        ("gzip", "gzip"),
        ("chunked, then gzip", "chunked, gzip"),
        ("an empty coding", ""),
        ("a comma as coding", ","),
        ("chunked and vertical tab", "\x0bchunked"),
        ("chunked and zero", "chunked\0"),
        ("chunked and a long s", "chunked\u{17f}"),
    ] {
        c.bad_length(name, &coding(value), &body);
    }
    c.bad_length("gzip, then chunked, and a length", &coding("gzip, chunked"), &body);
    let unknown = |headers: &str| post(headers, &body);
    let coding = |value: &str| format!("Transfer-Encoding: {value}\r\n");
    let answer = &["400 malformed_body"][..];
    c.shut("gzip, then chunked", unknown(&coding("gzip, chunked")), answer);
    c.shut("identity, then chunked", unknown(&coding("identity, chunked")), answer);
    c.shut("chunked twice", unknown(&coding("chunked, chunked")), answer);
    c.shut("chunked in two lines", unknown(&"Transfer-Encoding: chunked\r\n".repeat(2)), answer);
    let gzip = "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n";
    c.shut("two codings, chunked last", unknown(gzip), answer);
    c.bad_length("two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", &body);
    c.bad_length("coding with a space before the colon", "Transfer-Encoding : chunked\r\n", &body);
    c.bad_length("coding in a folded line", "Transfer-Encoding:\r\n chunked\r\n", &body);
    c.bad_length("coding behind a carriage return", "X: y\rTransfer-Encoding: chunked\r\n", &body);
    c.open("coding in upper case", post("TRANSFER-ENCODING: CHUNKED\r\n", "0\r\n\r\n"), &["a POST /"]);
    c.open(
        "a coding with an underscore is none",
        post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello"),
        &["a POST / hello"],
    );
    let old = format!("POST / HTTP/1.0\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    c.shut("chunked in HTTP/1.0", old, &["400 bad_request"]);
}

pub(super) fn chunks(c: &mut Corpus) {
    c.chunks("one chunk", "5\r\nhello\r\n0\r\n\r\n", "a POST / hello");
    c.chunks("two chunks", "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "a POST / hello");
    c.chunks("upper-case size", "A\r\nhellohello\r\n0\r\n\r\n", "a POST / hellohello");
    c.chunks("zeros before the size", "0005\r\nhello\r\n000\r\n\r\n", "a POST / hello");
    c.chunks("an extension", "5;a=b;c\r\nhello\r\n0;d\r\n\r\n", "a POST / hello");
    c.chunks("trailers", "5\r\nhello\r\n0\r\nX: y\r\n\r\n", "a POST / hello");
    c.chunks(
        "trailers that would be headers",
        "5\r\nhello\r\n0\r\nHost: b.local\r\nContent-Length: 9\r\n\r\n",
        "a POST / hello",
    );
    c.chunks("blanks after the size", "5 \t\r\nhello\r\n0  ;x\r\n\r\n", "a POST / hello");
    c.bad_chunks("a size after blanks", "5 5\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("blanks before the size", " 5\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("zeros without end", format!("{}5\r\nhello\r\n0\r\n\r\n", "0".repeat(30)));
    c.bad_chunks("line feed after a trailer", "5\r\nhello\r\n0\r\nX: y\n\r\n");
    c.bad_chunks("line feed as the end of trailers", "5\r\nhello\r\n0\r\n\n");
    c.bad_chunks("a folded trailer", "5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n");
    c.bad_chunks("a trailer without a colon", "5\r\nhello\r\n0\r\nX\r\n\r\n");
    c.bad_chunks("a size that is none", "x\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("an empty size", "\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("a negative size", "-5\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("a size with a plus", "+5\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("a size of 2^64", "10000000000000000\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("a size without end", format!("{}\r\n", "f".repeat(100)));
    c.bad_chunks("a size smaller than its chunk", "4\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("no end of line after a chunk", "5\r\nhello0\r\n\r\n");
    c.bad_chunks("line feed after a size", "5\nhello\r\n0\r\n\r\n");
    c.bad_chunks("line feed after a chunk", "5\r\nhello\n0\r\n\r\n");
    c.bad_chunks("carriage return after a size", "5\rhello\r\n0\r\n\r\n");
    c.bad_chunks("line feed in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("extension without end", format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(20_000)));
    c.bad_chunks("zero in a size", "5\0\r\nhello\r\n0\r\n\r\n");
    c.bad_chunks("trailers without end", format!("5\r\nhello\r\n0\r\n{}\r\n", "X: y\r\n".repeat(5_000)));
    let large = format!("100001\r\n{}", "x".repeat(0x10_0001));
    c.shut("chunks over the limit", post("Transfer-Encoding: chunked\r\n", &large), &["413 body_too_large @a POST /"]);
    c.half("chunk cut off", post("Transfer-Encoding: chunked\r\n", "500\r\npart"));
    c.half("last chunk missing", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"));
}
