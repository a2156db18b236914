//! Bodies that apps read whole, beside what their memory holds: they fit, or they fail alone; and forms and queries that
//! are long lists, which cost in proportion.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fmt::Write as _;
use std::thread;

use nano_test::{Nano, Site};
use serde_json::{Value, json};

const APP: &str = r#"
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    try {
      switch (pathname) {
        case "/text": return Response.json((await request.text()).length);
        case "/json": return Response.json((await request.json()).length);
        case "/bytes": return Response.json((await request.bytes()).length);
        case "/arrayBuffer": return Response.json((await request.arrayBuffer()).byteLength);
        case "/blob": return Response.json((await request.blob()).size);
        case "/formData": return Response.json([...await request.formData()].length);
        case "/again": {
          const response = new Response(request.body);
          return Response.json((await response.clone().text()).length);
        }
        case "/delete": {
          const form = await request.formData();
          form.delete("a");
          return Response.json([...form].length);
        }
        case "/strip": {
          const url = new URL(request.url);
          for (const key of [...url.searchParams.keys()]) if (key.startsWith("utm_")) url.searchParams.delete(key);
          return new Response(url.search);
        }
        default: return new Response("here");
      }
    } catch (error) {
      return Response.json(`${error.name}: ${error.message}`, { status: 507 });
    }
  },
};
"#;

const MB: usize = 1 << 20;

fn serve(limits: &Value) -> Nano {
    let site = Site::new();
    site.app("a", APP);
    let mut app = json!({ "hostname": "a.local", "path": "a" });
    app.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    site.apps(json!([app]));
    site.serve()
}

/// The body of a POST with a Content-Type, and its answer.
fn post(nano: &Nano, path: &str, content_type: &str, body: &[u8]) -> (u16, Value) {
    let mut connection = nano.connect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a.local\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.send(head.as_bytes()).unwrap();
    // An answer may come before all of it was taken, and the connection be closed then.
    drop(connection.send(body));
    let answer = connection.receive().unwrap();
    (answer.status, answer.json())
}

#[test]
fn bodies_that_the_documentation_says_fit_by_default_do() {
    let nano = serve(&json!({}));
    let pid = nano.pid_of("a.local");
    for path in ["/text", "/blob"] {
        assert_eq!(post(&nano, path, "text/plain", &vec![b'x'; 40 * MB]), (200, json!(40 * MB)), "{path}");
    }
    let record = r#"{"id":12345,"name":"somebody with a name","tags":["one","two"],"score":0.5},"#;
    let records = 4 * MB / record.len();
    let text = format!("[{}0]", record.repeat(records));
    assert_eq!(post(&nano, "/json", "application/json", text.as_bytes()), (200, json!(records + 1)));
    assert_eq!(nano.pid_of("a.local"), pid, "the worker that was there before");
}

#[test]
fn a_body_that_does_not_fit_the_memory_fails_alone() {
    let nano = serve(&json!({ "memory_mb": 32 }));
    let pid = nano.pid_of("a.local");
    let form = "application/x-www-form-urlencoded";
    let wide = format!("{}\u{20ac}", "x".repeat(12 * MB)).into_bytes();
    let field =
        format!("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{}\r\n--x--\r\n", "x".repeat(12 * MB));
    for (path, content_type, body) in [
        ("/text", "text/plain", vec![b'x'; 28 * MB]),
        ("/text", "text/plain", wide),
        ("/bytes", "text/plain", vec![b'x'; 28 * MB]),
        ("/arrayBuffer", "text/plain", vec![b'x'; 28 * MB]),
        ("/blob", "text/plain", vec![b'x'; 28 * MB]),
        ("/again", "text/plain", vec![b'x'; 28 * MB]),
        ("/json", "application/json", format!("[{}[]]", "[],".repeat(MB)).into_bytes()),
        ("/json", "application/json", "[".repeat(MB).into_bytes()),
        ("/formData", form, "a&b&".repeat(MB).into_bytes()),
        ("/formData", "multipart/form-data; boundary=x", field.into_bytes()),
    ] {
        let (status, message) = post(&nano, path, content_type, &body);
        let message = message.as_str().unwrap_or_default();
        assert!(
            status == 507 && message.starts_with("RangeError: "),
            "{path} of {} bytes: {status} {message}",
            body.len()
        );
        assert!(message.contains("memory_mb") || message.contains("Stream buffer size"), "{path}: {message}");
        assert_eq!(nano.get("a.local", "/").text(), "here", "{path}");
        assert_eq!(nano.pid_of("a.local"), pid, "{path}: the worker that was there before");
    }
}

#[test]
fn several_bodies_at_once_end_none_of_the_others() {
    let nano = serve(&json!({ "memory_mb": 32 }));
    let pid = nano.pid_of("a.local");
    let bodies = ["/text", "/json", "/bytes", "/text", "/formData", "/blob"];
    thread::scope(|scope| {
        for path in bodies {
            let nano = &nano;
            scope.spawn(move || {
                let body = vec![b'1'; 9 * MB];
                let (status, answer) = post(nano, path, "application/x-www-form-urlencoded", &body);
                assert!(status == 200 || status == 507, "{path}: {status} {answer}");
            });
        }
        for _ in 0..20 {
            assert_eq!(nano.get("a.local", "/").text(), "here");
        }
    });
    assert_eq!(nano.pid_of("a.local"), pid, "the worker that was there before");
    assert_eq!(post(&nano, "/text", "text/plain", &vec![b'x'; 9 * MB]), (200, json!(9 * MB)), "all was given back");
}

/// What took so long that `cpu_ms` ended the worker.
#[test]
fn a_form_and_a_query_of_many_names_cost_in_proportion() {
    let nano = serve(&json!({}));
    let pid = nano.pid_of("a.local");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(post(&nano, "/delete", form, "a&b&".repeat(62_500).as_bytes()), (200, json!(62_500)));
    assert_eq!(post(&nano, "/delete", form, "a&b&".repeat(200_000).as_bytes()), (200, json!(200_000)));
    let mut query = String::new();
    for i in 0..5000 {
        write!(query, "utm_{i}&").unwrap();
    }
    assert_eq!(nano.get("a.local", &format!("/strip?{query}kept=1")).text(), "?kept=1");
    assert_eq!(nano.pid_of("a.local"), pid, "the worker that was there before");
}
