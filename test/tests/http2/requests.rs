//! What an app sees of a request, and what is refused.

use crate::frames::{END_HEADERS, END_STREAM, ENDED, HEADERS, Http2, RST_STREAM, fields, frame, head};
use crate::serve;
use serde_json::{Value, json};

/// The answer to a request with these fields: its JSON, or the code of the reset.
fn ask(http: &mut Http2, stream: u32, block: &[u8]) -> Result<Value, u32> {
    http.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, block)).unwrap();
    http.body(stream).map(|body| serde_json::from_slice(&body).unwrap())
}

#[test]
fn an_app_sees_what_it_sees_of_other_requests() {
    let (_site, nano) = serve();
    let mut http = Http2::open(nano.address, &[]);
    let more =
        [("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers"), ("x-own", "é"), ("x-forwarded-for", "1.2.3.4")];
    let seen = ask(&mut http, 1, &head("GET", "/x?y", &more)).unwrap();
    assert_eq!((&seen["url"], &seen["headers"]["cookie"]), (&json!("http://a.example/x?y"), &json!("a=1; b=2")));
    assert_eq!((&seen["headers"]["host"], &seen["headers"]["te"]), (&json!("a.example"), &Value::Null));
    assert_eq!(seen["headers"]["x-forwarded-for"], "127.0.0.1");
    // Without `:authority`, as proxies of HTTP/1 may write it.
    let plain = fields(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "b.example")]);
    assert_eq!(ask(&mut http, 3, &plain).unwrap()["headers"]["host"], "b.example");
    // The same length twice is one (RFC 9110 §8.6).
    let lengths = head("GET", "/", &[("content-length", "0"), ("content-length", "0")]);
    assert_eq!(ask(&mut http, 7, &lengths).unwrap()["headers"]["content-length"], "0");
    let crumbs: Vec<_> = (0..300).map(|_| ("cookie", "a=1")).collect();
    assert_eq!(
        ask(&mut http, 9, &head("GET", "/", &crumbs)).unwrap()["headers"]["cookie"].as_str().unwrap().len(),
        300 * 5 - 2
    );
}

#[test]
fn what_is_not_clear_is_refused_and_the_connection_goes_on() {
    let (_site, nano) = serve();
    let mut http = Http2::open(nano.address, &[]);
    let own =
        |pairs: &[(&str, &str)]| fields(&[&[(":method", "GET"), (":scheme", "http"), (":path", "/")], pairs].concat());
    let many: Vec<_> = (0..101).map(|_| ("x-a", "1")).collect();
    let cases: &[(Vec<u8>, Result<&str, u32>)] = &[
        (head("GET", "/", &[("host", "b.example")]), Ok("several_hosts")),
        (own(&[(":authority", "user@a.example")]), Ok("malformed_host")),
        (own(&[]), Ok("missing_host")),
        (own(&[(":authority", "xn--")]), Ok("malformed_host")),
        (own(&[(":authority", "c.example")]), Ok("unknown_host")),
        (head("TRACE", "/", &[]), Ok("method_not_allowed")),
        (head("GET", "/", &many), Ok("headers_too_large")),
        (head("GET", "/", &[("expect", "tea")]), Ok("expectation_failed")),
        // RFC 9113 §8.2.2: headers of connections make a message malformed.
        (head("GET", "/", &[("connection", "close")]), Err(1)),
        (head("GET", "/", &[("transfer-encoding", "chunked")]), Err(1)),
        (head("GET", "/", &[("upgrade", "h2c")]), Err(1)),
        (head("GET", "/", &[("te", "gzip")]), Err(1)),
        // What no header can have is an error of the whole connection: its state of compression is not known any more.
        (head("GET", "/", &[("X-Upper", "1")]), Err(ENDED)),
        (head("GET", "/", &[("x", "a\r\nb: c")]), Err(ENDED)),
        (head("GET", "/", &[("content-length", "5")]), Err(1)),
        (head("GET", "/", &[(":protocol", "websocket")]), Err(1)),
        (fields(&[(":method", "GET"), (":scheme", "http"), (":authority", "a.example")]), Err(1)),
    ];
    for (at, (block, expected)) in cases.iter().enumerate() {
        let stream = u32::try_from(at).unwrap() * 2 + 1;
        http.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, block)).unwrap();
        match (http.body(stream), expected) {
            (Ok(body), Ok(code)) => assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], *code, "{at}"),
            (Err(code), Err(expected)) => {
                assert_eq!(code, *expected, "{at}");
                if code == ENDED {
                    http = Http2::open(nano.address, &[]);
                }
            }
            (Ok(body), Err(_)) => {
                // h2 may refuse with a status of its own.
                assert!(body.is_empty(), "{at}: {}", String::from_utf8_lossy(&body));
            }
            (Err(code), Ok(expected)) => panic!("{at}: reset {code}, not {expected}"),
        }
    }
    let last = u32::try_from(cases.len()).unwrap() * 2 + 1;
    assert_eq!(ask(&mut http, last, &head("GET", "/", &[])).unwrap()["method"], "GET");
    let large = head("GET", "/", &[("x", &"v".repeat(70_000))]);
    let mut pieces = large.chunks(16_000);
    let mut bytes = frame(HEADERS, END_STREAM, last + 2, pieces.next().unwrap());
    let rest: Vec<_> = pieces.collect();
    for (at, piece) in rest.iter().enumerate() {
        let end = if at + 1 == rest.len() { END_HEADERS } else { 0 };
        bytes.extend(frame(crate::frames::CONTINUATION, end, last + 2, piece));
    }
    http.send(&bytes).unwrap();
    let refused = http.wait_for(|frame| frame.stream == last + 2).unwrap();
    assert!(matches!(refused.kind, HEADERS | RST_STREAM), "{refused:?}");
}
