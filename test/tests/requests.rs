//! Requests as apps see them, and what they answer: bodies both ways, late looks, clients that leave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, until};
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
      case "/leave":
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
    until("the request to reach the app", || {
        let in_flight = nano.metrics().get("nano_http_requests_in_flight", &[("app", "a.local")]);
        (in_flight == Some(1.0)).then_some(())
    });
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
