//! Requests as apps see them, and what they answer: bodies both ways, late looks, clients that leave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site};
use serde_json::{Value, json};

const APP: &str = r#"
let kept;
export default {
  async fetch(request, env, ctx) {
    switch (new URL(request.url).pathname) {
      case "/echo":
        return new Response(await request.bytes(), { headers: { "x-type": request.headers.get("content-type") ?? "none" } });
      case "/pass":
        return new Response(request.body);
      case "/clone": {
        const clone = request.clone();
        const texts = await Promise.all([request.text(), clone.text()]);
        return Response.json({ same: texts[0] === texts[1], length: texts[0].length });
      }
      case "/derive":
        return new Response(await new Request(request, { headers: { a: "b" } }).text());
      case "/see":
        return Response.json({ method: request.method, url: request.url, x: request.headers.get("X-Two"), body: request.body });
      case "/immutable":
        try {
          request.headers.set("a", "b");
        } catch (error) {
          return new Response(error.name);
        }
        return new Response("changed");
      case "/cookies":
        return new Response(null, { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
      case "/again":
        return kept ??= new Response("once");
      case "/error":
        return Response.error();
      case "/broken":
        return new Response(new ReadableStream({ pull() { throw new Error("no more"); } }));
      case "/late":
        ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 20)).then(() => console.log("late", request.headers.get("host"))));
        return new Response("early");
      case "/read-after":
        ctx.waitUntil(request.text().then((text) => console.log(`read ${text.length} after`), (error) => console.log(`failed: ${error}`)));
        return new Response("early");
      case "/read-late": {
        const late = new Promise((resolve) => setTimeout(resolve, 20)).then(() => request.text());
        ctx.waitUntil(late.then((text) => console.log(`late ${text}`), (error) => console.log(`failed: ${error}`)));
        return new Response("early");
      }
      case "/unread":
        return new Response("no", { status: 401 });
      case "/unread-stream":
        return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(2)); c.close(); } }), { status: 401 });
      case "/falls-short": {
        let pulls = 0;
        return new Response(new ReadableStream({
          async pull(controller) {
            if (pulls++ === 0) {
              controller.enqueue(new TextEncoder().encode("first "));
              controller.enqueue(new TextEncoder().encode("second"));
            } else {
              controller.error(new Error("no third"));
            }
          },
        }));
      }
      case "/url":
        return Response.json({ url: request.url, parsed: new URL(request.url).href, cookie: request.headers.get("cookie") });
      case "/leave":
        console.log("begun");
        request.signal.addEventListener("abort", () => console.log("left", request.signal.reason.name));
        try {
          await request.text();
        } catch (error) {
          console.log("body", error instanceof Error);
        }
        return new Response("nobody is there");
    }
    return new Response("?", { status: 404 });
  },
};
"#;

fn serve(site: &Site) -> Nano {
    site.app("a", APP).apps(json!([{ "hostname": "a.local", "path": "a" }]));
    site.serve()
}

#[test]
fn bodies_go_in_and_out_unchanged() {
    let site = Site::new();
    let nano = serve(&site);
    let large: Vec<u8> = (0..3_000_000_u32).map(|index| index.to_le_bytes()[usize::from(index % 3 == 0)]).collect();
    for path in ["/echo", "/pass", "/derive"] {
        for body in [&b""[..], b"text"] {
            let answer = nano.post("a.local", path, body);
            assert_eq!((answer.status, answer.body.as_slice()), (200, body), "{path}");
        }
    }
    for path in ["/echo", "/pass"] {
        let answer = nano.post("a.local", path, &large);
        assert!(answer.status == 200 && answer.body == large, "{path}: {} bytes of {}", answer.body.len(), large.len());
    }
    let text = "é".repeat(400_000);
    let answer = nano.post("a.local", "/clone", text.as_bytes());
    assert_eq!(answer.json(), json!({ "same": true, "length": 400_000 }));
}

#[test]
fn what_a_handler_sees() {
    let site = Site::new();
    let nano = serve(&site);
    let answer = nano
        .raw("GET /x/../see?q=%20'| HTTP/1.1\r\nHost: A.local:80\r\nX-Two: 1\r\nx-two: 2\r\nConnection: close\r\n\r\n");
    let expected = json!({ "method": "GET", "url": "http://a.local/see?q=%20%27|", "x": "1, 2", "body": null });
    assert_eq!(answer.json(), expected);
    assert_eq!(nano.get("a.local", "/immutable").text(), "TypeError");
}

#[test]
fn cookies_stay_apart() {
    let site = Site::new();
    let answer = serve(&site).get("a.local", "/cookies");
    let cookies: Vec<_> =
        answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value).collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
}

#[test]
fn responses_that_cannot_be_sent() {
    let site = Site::new();
    let nano = serve(&site);
    assert_eq!(nano.get("a.local", "/again").text(), "once");
    for (path, reason) in
        [("/again", "Body is unusable"), ("/error", "The handler returned Response.error()"), ("/broken", "no more")]
    {
        let answer = nano.get("a.local", path);
        assert_eq!(answer.status, 500, "{path}");
        assert!(!answer.text().contains(reason), "{path}");
        nano.log.wait_for_text(reason);
    }
}

#[test]
fn a_request_is_there_after_its_response() {
    let site = Site::new();
    let nano = serve(&site);
    assert_eq!(nano.get("a.local", "/late").text(), "early");
    nano.log.wait_for_text("late a.local");
}

#[test]
fn a_client_that_leaves_is_told() {
    let site = Site::new();
    let nano = serve(&site);
    let mut client = nano.connect();
    client.send(b"POST /leave HTTP/1.1\r\nHost: a.local\r\nContent-Length: 10\r\n\r\nhalf").unwrap();
    // One that leaves before is not for the app.
    nano.log.wait_for_text("begun");
    drop(client);
    nano.log.wait_for_text("left AbortError");
    nano.log.wait_for_text("body true");
}

const METHOD_APP: &str = r#"
export default {
  async fetch(request) {
    console.log("seen", request.url, request.method);
    return Response.json({
      called: [request.url(), request.method(), request.headers().get("host")],
      strings: [`${request.url}`, request.url + "!", String(request.method), new URL(request.url).pathname, { GET: 1 }[request.method]],
      methods: [request.url.includes("/p"), request.url.length, [...request.method].join("-"), request.method == "GET"],
      headers: [request.headers.get("host"), request.headers.has("nope"), new Headers(request.headers).get("host"), request.headers instanceof Headers],
      json: request.url,
      same: request.url === request.url,
      clone: request.clone().method(),
      standard: new Request(request).method,
    });
  },
};
"#;

#[test]
fn accessors_of_the_older_kind_pass_for_what_they_return() {
    let site = Site::new();
    site.app("a", METHOD_APP).apps(json!([{ "hostname": "a.local", "path": "a", "request_accessors": "method" }]));
    let nano = site.serve();
    let url = "http://a.local/path";
    let expected: Value = json!({
        "called": [url, "GET", "a.local"],
        "strings": [url, "http://a.local/path!", "GET", "/path", 1],
        "methods": [true, 19, "G-E-T", true],
        "headers": ["a.local", false, "a.local", true],
        "json": url,
        "same": true,
        "clone": "GET",
        "standard": "GET",
    });
    assert_eq!(nano.get("a.local", "/path").json(), expected);
    nano.log.wait_for_text("seen http://a.local/path GET");
}

#[test]
fn a_body_is_readable_after_the_response() {
    let site = Site::new();
    let nano = serve(&site);
    let post = |path: &str, length: usize, part: &str| {
        let mut client = nano.connect();
        let head = format!("POST {path} HTTP/1.1\r\nHost: a.local\r\nContent-Length: {length}\r\n\r\n{part}");
        client.send(head.as_bytes()).unwrap();
        assert_eq!(client.receive().unwrap().text(), "early");
        client
    };
    post("/read-after", 4, "four");
    nano.log.wait_for_text("read 4 after");
    // What comes after the response, too.
    let mut client = post("/read-after", 1_000_000, "a part of it");
    client.send(&vec![b'x'; 1_000_000 - 12]).unwrap();
    nano.log.wait_for_text("read 1000000 after");
    assert_eq!(client.get("a.local", "/unread").unwrap().status, 401, "the connection is kept");
    post("/read-late", 4, "came");
    nano.log.wait_for_text("late came");
    // No more comes of a body that the app has not begun to read.
    let _client = post("/read-late", 8, "half");
    nano.log.wait_for_text("failed: Error: The request ended before its body was complete");
}

#[test]
fn an_app_that_does_not_want_a_body_is_not_sent_it() {
    let site = Site::new();
    let nano = serve(&site);
    for path in ["/unread", "/unread-stream"] {
        for expect in ["Expect: 100-continue\r\n", ""] {
            let mut client = nano.connect();
            let head = format!("POST {path} HTTP/1.1\r\nHost: a.local\r\n{expect}Content-Length: 1000000\r\n\r\n");
            client.send(head.as_bytes()).unwrap();
            let (status, headers) = client.receive_head().unwrap();
            assert_eq!(status, 401, "{path}: at once, and nothing before it");
            assert!(headers.contains(&("connection".to_owned(), "close".to_owned())), "{path}: {headers:?}");
        }
    }
    let mut client = nano.connect();
    client.send(b"POST /echo HTTP/1.1\r\nHost: a.local\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").unwrap();
    assert_eq!(client.receive_head().unwrap().0, 100);
    client.send(b"body").unwrap();
    assert_eq!(client.receive().unwrap().text(), "body");
    client.send(b"POST /pass HTTP/1.1\r\nHost: a.local\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").unwrap();
    assert_eq!(client.receive_head().unwrap().0, 100);
    client.send(b"body").unwrap();
    assert_eq!(client.receive().unwrap().text(), "body");
}

#[test]
fn what_a_stream_gave_before_it_failed_arrives() {
    let site = Site::new();
    let nano = serve(&site);
    let mut client = nano.connect();
    client.send_get("a.local", "/falls-short").unwrap();
    let (status, _) = client.receive_head().unwrap();
    assert_eq!(status, 200);
    let mut got = Vec::new();
    while let Ok(chunk) = client.receive_chunk() {
        got.extend(chunk);
    }
    assert_eq!(String::from_utf8_lossy(&got), "first second");
    assert!(client.is_closed_by_server());
    let line = nano.log.wait_for("the access line", |line| line["path"] == "/falls-short");
    assert_eq!((&line["status"], &line["cut"], &line["error"]), (&json!(200), &json!(true), &json!("body_failed")));
    nano.await_metric("nano_http_responses_cut_total", &[("app", "a.local"), ("cause", "app")], 1.0);
}

#[test]
fn a_client_that_sends_no_more_is_answered_whole() {
    let site = Site::new();
    let nano = serve(&site);
    for (path, expected) in [("/late", "early"), ("/cookies", "")] {
        let mut client = nano.connect();
        client.send_get("a.local", path).unwrap();
        client.finish_sending();
        let answer = client.receive().unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, expected));
        assert!(client.is_closed_by_server());
    }
}

#[test]
fn every_host_that_is_served_makes_a_url() {
    let site = Site::new();
    site.app("a", APP).apps(json!([{ "name": "a", "hostname": "*", "path": "a" }]));
    let nano = site.serve();
    let mut seen = Vec::new();
    for host in ["A.Local", "a.local.", "a.local:80", "a.local.:080", "a.local:"] {
        seen.push(nano.raw(&format!("GET /url HTTP/1.1\r\nHost: {host}\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n")).json());
    }
    for answer in &seen {
        assert_eq!(
            answer,
            &json!({ "url": "http://a.local/url", "parsed": "http://a.local/url", "cookie": "a=1; b=2" })
        );
    }
    for host in
        ["[::ffff:1.2.3.4]:1", "127.0.0.1", "a_b-.c", "xn--bcher-kva.example", "0x7f.example", "1.example:65535"]
    {
        let answer = nano.raw(&format!("GET /url HTTP/1.1\r\nHost: {host}\r\n\r\n")).json();
        assert_eq!(answer["url"], answer["parsed"], "{host}");
    }
    for host in ["xn--", "xn--a.test", "0x7f", "127.1", "0x7f.1", "1.2.3.4.5"] {
        assert_eq!(nano.raw(&format!("GET /url HTTP/1.1\r\nHost: {host}\r\n\r\n")).status, 400, "{host}");
    }
}
