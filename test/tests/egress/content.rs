//! Content codings of responses, and lengths of bodies that are handed on.

use crate::upstream::Upstream;
use crate::{HOST, fetch, get, path, serve};
use nano_test::Site;
use serde_json::json;

/// gzip of "first " and of "second".
const FIRST: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xcb\x2c\x2a\x2e\x51\x00\x00\xfc\x7a\xf1\x1c\x06\x00\x00\x00";
const SECOND: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\x4e\x4d\xce\xcf\x4b\x01\x00\x69\x11\x1f\xb6\x06\x00\x00\x00";
/// "raw deflate", without the zlib format; "zlib deflate" within it.
const RAW: &[u8] = b"\x2b\x4a\x2c\x57\x48\x49\x4d\xcb\x49\x2c\x49\x05\x00";
const ZLIB: &[u8] = b"\x78\x9c\xab\xca\xc9\x4c\x52\x48\x49\x4d\xcb\x49\x2c\x49\x05\x00\x1e\x2c\x04\xa7";

/// Answers with a body of this coding.
fn coded(coding: &'static str, body: Vec<u8>) -> Upstream {
    Upstream::serve(move |peer, _| {
        let header = if coding.is_empty() { String::new() } else { format!("Content-Encoding: {coding}\r\n") };
        peer.respond(&header, &body);
    })
}

#[test]
fn what_other_clients_decode_is_decoded() {
    let padded = |padding: &[u8]| [FIRST, padding].concat();
    for (coding, body, text) in [
        ("gzip", [FIRST, SECOND].concat(), "first second"),
        ("x-gzip", [FIRST, SECOND, FIRST].concat(), "first secondfirst "),
        ("gzip", padded(&[0; 1024]), "first "),
        ("gzip", padded(b"<!-- cached -->"), "first "),
        ("gzip", padded(b"\x1f"), "first "),
        ("deflate", RAW.to_vec(), "raw deflate"),
        ("deflate", ZLIB.to_vec(), "zlib deflate"),
        ("Gzip, identity", FIRST.to_vec(), "first "),
        ("gzip", Vec::new(), ""),
        // Unknown ones, and none: as it came.
        ("identity", b"as it is".to_vec(), "as it is"),
        ("nothing-known", b"as it is".to_vec(), "as it is"),
        ("gzip, nothing-known", b"as it is".to_vec(), "as it is"),
        ("", b"as it is".to_vec(), "as it is"),
    ] {
        let upstream = coded(coding, body);
        let site = Site::new();
        let nano = serve(&site, json!([upstream.address.to_string()]));
        let seen = get(&nano, &upstream.url("/"));
        assert_eq!(seen["text"], text, "{coding}: {seen}");
        if !text.is_empty() {
            let decoded = text != "as it is";
            assert_eq!(seen["headers"]["content-encoding"].is_null(), decoded || coding.is_empty(), "{seen}");
        }
    }
    for (coding, body) in [
        ("gzip", FIRST[..FIRST.len() - 1].to_vec()),
        ("gzip", [FIRST, &SECOND[..SECOND.len() - 1]].concat()),
        ("gzip", b"no gzip".to_vec()),
        ("deflate", ZLIB[..ZLIB.len() - 1].to_vec()),
    ] {
        let upstream = coded(coding, body);
        let site = Site::new();
        let nano = serve(&site, json!([upstream.address.to_string()]));
        let seen = get(&nano, &upstream.url("/"));
        assert_eq!(seen["name"], "TypeError", "{coding}: {seen}");
    }
}

#[test]
fn statuses_and_methods_without_a_body_have_none_whatever_their_coding() {
    let upstream = Upstream::serve(|peer, asked| {
        let head = match asked.path() {
            "/304" => "HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 26\r\n\r\n",
            "/204" => "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 26\r\n\r\n",
        };
        peer.send(head);
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let spec = json!({ "url": upstream.url(&format!("/{status}")), "init": { "method": method } });
        let seen = fetch(&nano, &spec);
        assert_eq!((&seen["status"], &seen["text"]), (&json!(status), &json!("")), "{seen}");
        assert_eq!(seen["headers"]["content-encoding"], "gzip", "{seen}");
    }
}

#[test]
fn a_get_that_came_with_an_empty_body_is_handed_on_without_one() {
    let upstream = Upstream::serve(|peer, asked| {
        let length = format!("{:?} {:?}", asked.header("transfer-encoding"), asked.header("content-length"));
        peer.respond("", format!("{} {length} {}", asked.line, asked.body.len()));
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let send = |method: &str, route: &str, body: &str| {
        let mut client = nano.connect();
        let path = path(route, &[("u", &upstream.url("/"))]);
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(head.as_bytes()).unwrap();
        // Not in one piece with the head: it is not known yet that nothing comes.
        std::thread::yield_now();
        client.send(body.as_bytes()).unwrap();
        client.receive().unwrap()
    };
    for route in ["/proxy", "/proxy-new"] {
        let answer = send("GET", route, "0\r\n\r\n");
        assert_eq!(answer.text(), "GET / HTTP/1.1 None None 0", "{answer:?}");
        let answer = send("GET", route, "4\r\nbody\r\n0\r\n\r\n").json();
        assert_eq!(answer["name"], "TypeError", "{answer}");
        assert!(answer["error"].as_str().unwrap().contains("cannot have a body"), "{answer}");
        let answer = send("POST", route, "0\r\n\r\n");
        assert!(answer.text().starts_with("POST / HTTP/1.1 ") && answer.text().ends_with(" 0"), "{answer:?}");
    }
}

#[test]
fn a_body_of_known_length_keeps_it_when_it_is_handed_on() {
    let upstream = Upstream::serve(|peer, asked| {
        let length = format!("{:?} {:?}", asked.header("transfer-encoding"), asked.header("content-length"));
        peer.respond("", format!("{length} {}", String::from_utf8_lossy(&asked.body)));
    });
    let site = Site::new();
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let mut client = nano.connect();
    // More than a window, so that it goes in many pieces.
    let large = "x".repeat(1 << 20);
    for route in ["/proxy", "/proxy-new", "/upload"] {
        for body in ["hello", &large] {
            let path = path(route, &[("u", &upstream.url("/"))]);
            let head = format!("POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {}\r\n\r\n", body.len());
            client.send(head.as_bytes()).unwrap();
            client.send(body.as_bytes()).unwrap();
            let answer = client.receive().unwrap();
            assert_eq!(answer.text(), format!("None Some(\"{}\") {body}", body.len()), "{route}");
            // And so does the answer.
            assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()), "{route}");
        }
    }
    for route in ["/pass", "/pass-new"] {
        let answer = client.get(HOST, &path(route, &[("u", &upstream.url("/"))])).unwrap();
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()), "{route}: {answer:?}");
        assert_eq!(answer.header("transfer-encoding"), None, "{route}: {answer:?}");
    }
    // One response's body as another request's.
    let path = path("/relay", &[("u", &upstream.url("/"))]);
    let answer = client.get(HOST, &path).unwrap();
    assert_eq!(answer.text(), "None Some(\"10\") None None ", "{answer:?}");
}
