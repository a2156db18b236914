//! What leaves, and what the app sees of the answer.

use crate::upstream::Upstream;
use crate::{HOST, fetch, get, path, serve};
use nano_test::Site;
use serde_json::json;

fn hello() -> Upstream {
    Upstream::serve(|peer, asked| {
        let text = format!("{} {}", asked.line, asked.body.len());
        peer.respond("Content-Type: text/plain\r\nX-A: 1\r\nX-A: 2\r\n", text);
    })
}

#[test]
fn a_get_has_the_standards_headers_and_its_answer_the_servers() {
    let (site, upstream) = (Site::new(), hello());
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let url = upstream.url("/x?y=1#z");
    let seen = get(&nano, &url);
    assert_eq!(seen["status"], 200, "{seen}");
    assert_eq!((&seen["statusText"], &seen["ok"], &seen["redirected"]), (&json!("OK"), &json!(true), &json!(false)));
    assert_eq!(seen["url"], upstream.url("/x?y=1"));
    assert_eq!((&seen["headers"]["x-a"], &seen["headers"]["content-type"]), (&json!("1, 2"), &json!("text/plain")));
    assert_eq!(seen["text"], "GET /x?y=1 HTTP/1.1 0");
    let asked = upstream.last();
    assert_eq!(asked.header("host"), Some(&*upstream.address.to_string()));
    assert_eq!(asked.header("accept"), Some("*/*"));
    assert_eq!(asked.header("accept-encoding"), Some("gzip, deflate, br"));
    assert!(asked.header("user-agent").unwrap().starts_with("nano/"), "{asked:?}");
    assert_eq!(asked.header("content-length").or(asked.header("transfer-encoding")), None, "{asked:?}");
    let result = |result| [("app", HOST), ("result", result)];
    assert_eq!(nano.metrics().get("nano_egress_requests_total", &result("ok")), Some(1.0));
}

#[test]
fn what_frames_a_message_is_not_the_apps_to_say() {
    let (site, upstream) = (Site::new(), hello());
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let headers = json!({
        "Host": "other.example", "Content-Length": "1", "Transfer-Encoding": "chunked, gzip", "Connection": "X-B",
        "Keep-Alive": "1", "Upgrade": "websocket", "TE": "trailers", "Expect": "100-continue", "X-B": "b",
        "User-Agent": "own", "Accept-Encoding": "identity", "Cookie": "c=1", "Proxy-Connection": "x",
    });
    let spec = json!({ "url": upstream.url("/"), "init": { "method": "POST", "headers": headers, "body": "four" } });
    let seen = fetch(&nano, &spec);
    assert_eq!(seen["text"], "POST / HTTP/1.1 4", "{seen}");
    let asked = upstream.last();
    let mut names: Vec<_> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "accept-encoding",
        "accept-language",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "user-agent",
        "x-b",
    ];
    assert_eq!(names, expected);
    assert_eq!(asked.header("host"), Some(&*upstream.address.to_string()));
    assert_eq!((asked.header("content-length"), asked.header("user-agent")), (Some("4"), Some("own")));
}

#[test]
fn bodies_of_every_kind_are_sent() {
    let (site, upstream) = (Site::new(), hello());
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let url = upstream.url("/");
    let post = |more: serde_json::Value| {
        let mut spec = json!({ "url": url, "init": { "method": "POST" } });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let seen = fetch(&nano, &spec);
        assert_eq!(seen["status"], 200, "{seen}");
        upstream.last()
    };
    let asked = post(json!({ "init": { "method": "PUT", "body": "h\u{e9}" } }));
    assert_eq!((asked.line.as_str(), asked.body.as_slice()), ("PUT / HTTP/1.1", "h\u{e9}".as_bytes()));
    assert_eq!(asked.header("content-type"), Some("text/plain;charset=UTF-8"));
    let asked = post(json!({ "bytes": [0, 255, 7] }));
    assert_eq!((asked.body, asked.headers.iter().any(|(name, _)| name == "content-type")), (vec![0, 255, 7], false));
    let asked = post(json!({ "form": { "a": "b" } }));
    assert!(asked.header("content-type").unwrap().starts_with("multipart/form-data; boundary="), "{asked:?}");
    assert!(String::from_utf8(asked.body).unwrap().contains("name=\"a\""));
    let asked = post(json!({ "stream": ["one", "", "two", "three"] }));
    assert_eq!((asked.header("transfer-encoding"), asked.body.as_slice()), (Some("chunked"), &b"onetwothree"[..]));
    let asked = post(json!({}));
    assert_eq!((asked.header("content-length"), asked.body.len()), (Some("0"), 0));
    let asked = post(json!({ "init": { "method": "DELETE" } }));
    assert_eq!(asked.header("content-length"), None);
}

#[test]
fn coded_bodies_are_decoded_and_passed_on_as_they_are_to_who_can_read_them() {
    // "hello hello hello" by gzip.
    const CODED: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 203, 72, 205, 201, 201, 87, 200, 64, 144, 0, 128, 136, 249, 229, 17, 0, 0, 0,
    ];
    let (site, upstream) = (
        Site::new(),
        Upstream::serve(|peer, asked| {
            let coding = asked.path().trim_start_matches('/');
            peer.respond(&format!("Content-Encoding: {coding}\r\n"), CODED);
        }),
    );
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let seen = get(&nano, &upstream.url("/gzip"));
    assert_eq!((&seen["text"], &seen["headers"]["content-encoding"]), (&json!("hello hello hello"), &json!(null)));
    // Unknown codings are the app's to handle.
    let seen = get(&nano, &upstream.url("/zstd"));
    assert_eq!(seen["headers"]["content-encoding"], "zstd");
    let pass = |accept: &str| {
        let path = path("/pass", &[("u", &upstream.url("/x-gzip"))]);
        nano.raw(&format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{accept}Connection: close\r\n\r\n"))
    };
    let raw = pass("Accept-Encoding: br, x-gzip\r\n");
    assert_eq!((raw.header("content-encoding"), raw.body.as_slice()), (Some("x-gzip"), CODED));
    assert_eq!((raw.header("vary"), raw.header("content-length")), (Some("accept-encoding"), Some("28")));
    let decoded = pass("");
    assert_eq!((decoded.header("content-encoding"), decoded.text().as_str()), (None, "hello hello hello"));
    // What was not coded is no gzip.
    let seen = get(&nano, &upstream.url("/deflate"));
    assert!(seen["error"].as_str().unwrap().contains("not valid deflate"), "{seen}");
}

#[test]
fn data_urls_are_answered_without_a_network() {
    let site = Site::new();
    let nano = serve(&site, json!("off"));
    for (url, kind, text) in [
        ("data:,hi%20there", "text/plain;charset=US-ASCII", "hi there"),
        ("data:text/html;base64,aGk", "text/html", "hi"),
        ("data:text/html; base64 ,eA#frag", "text/html", "x"),
        ("data:;charset=utf-8,x,y", "text/plain;charset=utf-8", "x,y"),
        ("data:application/JSON;a=\"b c\",%7B%7D", "application/json;a=\"b c\"", "{}"),
    ] {
        let seen = get(&nano, url);
        assert_eq!((&seen["headers"]["content-type"], &seen["text"]), (&json!(kind), &json!(text)), "{url}: {seen}");
    }
    for url in ["data:hi", "data:;base64,?", "blob:http://a/1", "file:///etc/passwd", "ftp://a.example/", "about:blank"]
    {
        let seen = get(&nano, url);
        assert_eq!(seen["name"], "TypeError", "{url}: {seen}");
        assert!(seen["error"].as_str().unwrap().starts_with("fetch failed: "), "{url}: {seen}");
    }
    for url in ["", "/relative", "http://a:b@c.example/", "http://"] {
        assert_eq!(get(&nano, url)["name"], "TypeError", "{url}");
    }
}
