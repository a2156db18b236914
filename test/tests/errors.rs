//! What an app does wrong, and what its client then sees.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, app_path};
use serde_json::json;

fn faults() -> Nano {
    let site = Site::new();
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": app_path("faults"), "env": { "COLOR": "blue" } },
    ]));
    site.serve()
}

#[test]
fn a_handler_that_fails_is_a_500_without_a_word_about_the_inside() {
    let nano = faults();
    let pid = nano.pid_of("a");
    let cases = [
        ("/throw", "handler_threw", "a secret reason"),
        ("/throw-string", "handler_threw", "just a string"),
        ("/reject", "handler_threw", "rejected later"),
        ("/undefined", "no_response", ""),
        ("/not-a-response", "no_response", ""),
    ];
    for (path, code, logged) in cases {
        let response = nano.get("a.local", path);
        assert_eq!(response.status, 500, "{path}");
        assert_eq!(response.header("content-type"), Some("application/json"), "{path}");
        let body = response.json();
        assert_eq!(body.as_object().unwrap().len(), 3, "{path}: {body}");
        assert!(body["error"].is_string(), "{path}: {body}");
        assert_eq!(body["code"], code, "{path}: {body}");
        assert_eq!(body["request_id"].as_str(), response.header("x-request-id"), "{path}");
        let text = response.text();
        for inside in ["secret", "/etc", "index.js", "rejected later", "just a string", "    at "] {
            assert!(!text.contains(inside), "{path} tells {inside:?}: {text}");
        }
        // The log has the reason, under the same request id.
        let id = response.header("x-request-id").unwrap().to_owned();
        nano.log.wait_for(path, |record| {
            record["app"] == "a"
                && record["request_id"] == *id
                && record.to_string().contains(logged)
                && record["level"] == "error"
        });
    }
    assert_eq!(nano.get("a.local", "/hello").text(), "hello");
    assert_eq!(nano.pid_of("a"), pid, "an exception is no reason to lose the worker");
    assert_eq!(nano.metrics().get("nano_http_requests_total", &[("app", "a"), ("code", "500")]), Some(5.0));
}

#[test]
fn unhandled_rejections_and_failing_wait_until_are_logged() {
    let nano = faults();
    assert_eq!(nano.get("a.local", "/unhandled").text(), "fine");
    nano.log.wait_for_text("nobody caught this");
    assert_eq!(nano.get("a.local", "/later-throws").text(), "soon");
    nano.log.wait_for_text("too late");
    assert_eq!(nano.get("a.local", "/later?word=after").text(), "soon");
    nano.log.wait_for("waitUntil", |record| record["message"] == "later: after");
    assert_eq!(nano.get("a.local", "/hello").status, 200);
}

#[test]
fn responses_arrive_as_the_app_made_them() {
    let nano = faults();
    assert_eq!(nano.get("a.local", "/json").json(), json!({ "a": 1 }));
    assert_eq!(nano.get("a.local", "/json").header("content-type"), Some("application/json"));
    assert_eq!(nano.get("a.local", "/hello").header("content-type"), Some("text/plain;charset=UTF-8"));
    assert_eq!(nano.get("a.local", "/bytes").body, [0, 1, 254, 255]);
    let empty = nano.get("a.local", "/empty");
    assert_eq!((empty.status, empty.body.len()), (204, 0));
    for code in [200, 201, 301, 404, 418, 503, 599] {
        assert_eq!(nano.get("a.local", &format!("/status?code={code}")).status, code);
    }
    let cookies = nano.get("a.local", "/cookies");
    let set: Vec<_> =
        cookies.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect();
    assert_eq!(set, ["a=1", "b=2"]);
    assert_eq!(nano.get("a.local", "/env").json(), json!({ "COLOR": "blue" }));
}

#[test]
fn requests_arrive_as_the_client_made_them() {
    let nano = faults();
    assert_eq!(nano.get("a.local", "/url?x=%20y&z").text(), "http://a.local/url?x=%20y&z");
    let port = nano.address.port();
    assert_eq!(nano.get(&format!("a.local:{port}"), "/url").text(), format!("http://a.local:{port}/url"));
    assert_eq!(nano.raw("PATCH /method HTTP/1.1\r\nHost: a.local\r\nContent-Length: 0\r\n\r\n").text(), "PATCH");
    let seen = nano.raw("GET /headers HTTP/1.1\r\nHost: a.local\r\nX-One: 1\r\nx-two: a\r\nX-Two: b\r\n\r\n").json();
    assert_eq!((seen["x-one"].as_str(), seen["x-two"].as_str()), (Some("1"), Some("a, b")));
    let text = "grüße 😀".repeat(1000);
    assert_eq!(nano.post("a.local", "/echo", text.as_bytes()).text(), text);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    assert_eq!(nano.post("a.local", "/length", &bytes).text(), "3000000");
    // A body in chunks, with the client's own pauses between them.
    let mut connection = nano.connect();
    connection.send(b"POST /echo HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    for part in ["3\r\nabc\r\n", "1\r\nd\r\n", "0\r\n\r\n"] {
        connection.send(part.as_bytes()).unwrap();
    }
    assert_eq!(connection.receive().unwrap().text(), "abcd");
}

#[test]
fn head_has_no_body_and_expect_continue_is_answered() {
    let nano = faults();
    let mut connection = nano.connect();
    connection.send(b"HEAD /hello HTTP/1.1\r\nHost: a.local\r\n\r\n").unwrap();
    assert_eq!(connection.receive_head().unwrap().0, 200);
    // Had a body followed, this would not parse.
    assert_eq!(connection.get("a.local", "/hello").unwrap().text(), "hello");
    connection
        .send(b"POST /echo HTTP/1.1\r\nHost: a.local\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    assert_eq!(connection.receive_head().unwrap().0, 100);
    connection.send(b"ok").unwrap();
    assert_eq!(connection.receive().unwrap().text(), "ok");
}

#[test]
fn many_requests_on_one_connection_and_pipelined() {
    let nano = faults();
    let mut connection = nano.connect();
    for i in 0..200 {
        let body = format!("body {i}");
        let head = format!("POST /echo HTTP/1.1\r\nHost: a.local\r\nContent-Length: {}\r\n\r\n", body.len());
        connection.send(format!("{head}{body}").as_bytes()).unwrap();
        assert_eq!(connection.receive().unwrap().text(), body);
    }
    let one = "GET /slow?ms=20 HTTP/1.1\r\nHost: a.local\r\n\r\n";
    let two = "GET /hello HTTP/1.1\r\nHost: a.local\r\n\r\n";
    connection.send(format!("{one}{two}{two}").as_bytes()).unwrap();
    for expected in ["slow", "hello", "hello"] {
        assert_eq!(connection.receive().unwrap().text(), expected);
    }
}

#[test]
fn request_ids_are_kept_when_sane_and_made_when_not() {
    let nano = faults();
    let with = |id: &str| nano.raw(&format!("GET /hello HTTP/1.1\r\nHost: a.local\r\nX-Request-Id: {id}\r\n\r\n"));
    assert_eq!(with("abc-123").header("x-request-id"), Some("abc-123"));
    for insane in ["a b", "x\"y", &"z".repeat(5000), "<script>", ""] {
        let response = with(insane);
        let id = response.header("x-request-id").unwrap().to_owned();
        assert!(id != insane && id.len() >= 8, "{insane:?} → {id:?}");
    }
    let (one, two) = (nano.get("a.local", "/hello"), nano.get("a.local", "/hello"));
    assert!(one.header("x-request-id").is_some());
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    // Also on what nano itself answers.
    assert!(nano.get("nobody.local", "/").header("x-request-id").is_some());
    nano.log.wait_for("the access line", |record| record["request_id"] == "abc-123" && record["status"] == 200);
}

#[test]
fn app_logs_bear_app_level_and_request() {
    let nano = faults();
    let response = nano.get("a.local", "/log?word=hi");
    let id = response.header("x-request-id").unwrap();
    for (level, message) in [("info", "info says hi"), ("warn", "warn says hi"), ("error", "error says hi")] {
        let record = nano.log.wait_for(message, |record| record["message"] == message);
        assert_eq!(record["level"], level);
        assert_eq!((record["app"].as_str(), record["request_id"].as_str()), (Some("a"), Some(id)));
    }
    assert!(nano.log.message("debug says hi").is_none(), "the default level is info");
}

#[test]
fn headers_that_an_app_forged_fail_their_request_alone() {
    let site = nano_test::Site::new();
    // What builtins put into a list of headers is lost, and what they read from it is the app's.
    site.app(
        "a",
        "let forged = null;
         const isIndex = (key) => typeof key === 'string' && /^[0-9]+$/.test(key);
         Object.setPrototypeOf(Array.prototype, new Proxy(Object.create(null), {
            get: (target, key, receiver) => forged && isIndex(key) ? forged[key % 2] : Reflect.get(target, key, receiver),
            set(target, key, value, receiver) {
                if (forged && isIndex(key) && typeof value === 'string') {
                    if (receiver.length <= +key) receiver.length = +key + 1;
                    return true;
                }
                return Reflect.defineProperty(receiver, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
            },
         }));
         const lists = [['a', 'b\\r\\nevil: 1'], ['a\\r\\nb', 'c'], ['a', '\\0'], ['', 'x'], ['a b', 'c'], [{}, {}], [':status', '200']];
         export default { async fetch(request) {
            const { pathname, searchParams } = new URL(request.url);
            if (pathname === '/alive') return new Response('alive');
            const list = lists[searchParams.get('at')];
            if (pathname === '/fetch') {
                const inner = new Request('http://127.0.0.1:9/', { headers: { q: '1' } });
                forged = list;
                try { inner.headers.append('x-b', '2'); await fetch(inner); } catch (error) { forged = null; return new Response(error.message); }
                forged = null;
                return new Response('fetched');
            }
            const response = new Response('hello', { headers: { q: '1' } });
            forged = list;
            try { response.headers.append('x-b', '2'); } catch {}
            setTimeout(() => { forged = null; });
            return response;
         } };",
    );
    site.apps(serde_json::json!([{ "name": "a", "hostname": "a.local", "path": "a" }]));
    let nano = site.serve();
    let worker = nano.pid_of("a");
    for at in 0..7 {
        for path in ["respond", "fetch"] {
            let answer = nano.get("a.local", &format!("/{path}?at={at}"));
            assert!(answer.header("evil").is_none() && answer.text() != "fetched", "{path} {at}: {answer:?}");
            nano_test::until("that it is well", || (nano.get("a.local", "/alive").status == 200).then_some(()));
        }
    }
    assert_eq!(nano.pid_of("a"), worker, "it was not replaced");
}
