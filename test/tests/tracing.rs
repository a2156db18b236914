//! Traces: what apps are told of them, and what a receiver of OpenTelemetry gets, or does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Log, Nano, Site, tool, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

const CALLER: &str = "00-12345678901234567890123456789012-1234567890123456-01";

/// Answers with the headers of the request that are about traces.
const APP: &str = "export default { fetch(request) {
    if (new URL(request.url).pathname === '/throw') throw new Error('secret of the app');
    return Response.json([request.headers.get('traceparent'), request.headers.get('tracestate')]);
} };";

/// OpenTelemetry's own messages read what nano sends; it ends with this value.
struct Receiver {
    child: Child,
    lines: Log,
    address: SocketAddr,
}

impl Receiver {
    fn start() -> Option<Self> {
        let mut child =
            Command::new(tool("otlp-receiver")?).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = Log::collect(child.stdout.take().unwrap());
        let port = until("the receiver's port", || lines.lines().first()?.strip_prefix("listening ")?.parse().ok());
        Some(Self { child, lines, address: SocketAddr::from(([127, 0, 0, 1], port)) })
    }

    /// The spans, once there are so many.
    fn spans(&self, count: usize) -> Vec<Value> {
        until("spans", || Some(self.lines.records()).filter(|spans| spans.len() >= count))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn site(otlp: Option<Value>, trusted: bool) -> Site {
    let site = Site::new();
    site.app("a", APP);
    let mut config = json!({
        "log": { "format": "json" },
        "apps": [{ "name": "a", "hostname": "a.local", "path": "a" }],
    });
    if let Some(otlp) = otlp {
        config["otlp"] = otlp;
    }
    if trusted {
        config["trusted_proxies"] = json!(["127.0.0.1"]);
    }
    site.config(config);
    site
}

/// What the app is told.
fn told(nano: &Nano, headers: &str) -> (Option<String>, Option<String>) {
    let response =
        nano.raw(&format!("GET /p?secret=1 HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\n{headers}\r\n"));
    assert_eq!(response.status, 200);
    let told = response.json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (text(&told[0]), text(&told[1]))
}

#[test]
fn without_otlp_both_headers_are_passed_on_as_they_came() {
    let nano = site(None, false).serve();
    for parent in [CALLER, "nonsense", "00-0-0-00"] {
        let (given, state) = told(&nano, &format!("traceparent: {parent}\r\ntracestate: A=1\r\n"));
        assert_eq!((given.as_deref(), state.as_deref()), (Some(parent), Some("A=1")));
    }
    assert_eq!(told(&nano, ""), (None, None));
    assert_eq!(nano.metrics().get("nano_otlp_spans_total", &[("result", "sent")]), None);
    let threads = std::fs::read_dir(format!("/proc/{}/task", nano.pid())).unwrap();
    let names = threads.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
    assert!(names.into_iter().all(|name| name.trim() != "nano-otlp"));
}

#[test]
fn a_request_s_span_is_what_the_receiver_and_the_app_know() {
    let Some(receiver) = Receiver::start() else { return };
    let endpoint = format!("http://{}", receiver.address);
    let site = site(Some(json!({ "endpoint": endpoint, "sample": 1 })), true);
    let mut command = site.command("nano", &["serve", "--config", "nano.json"]);
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=pass%20word");
    let nano = site.serve_with(command);
    let (parent, state) = told(
        &nano,
        &format!(
            "X-Forwarded-For: 203.0.113.9\r\ntraceparent: {CALLER}\r\ntracestate: a=1\r\ntracestate: b=2\r\nCookie: secret\r\n"
        ),
    );
    assert_eq!(state.as_deref(), Some("a=1,b=2"));
    let parent = parent.unwrap();
    assert!(parent.starts_with("00-12345678901234567890123456789012-") && parent.ends_with("-01"), "{parent}");
    let spans = receiver.spans(1);
    let span = &spans[0];
    assert_eq!(span["span"], parent.split('-').nth(2).unwrap(), "the app's parent is nano's span");
    assert_eq!(
        (&span["trace"], &span["parent"], &span["state"]),
        (&json!("12345678901234567890123456789012"), &json!("1234567890123456"), &json!("a=1,b=2"))
    );
    assert_eq!((&span["path"], &span["headers"]["x-key"]), (&json!("/v1/traces"), &json!("pass word")));
    assert_eq!(
        (&span["name"], &span["kind"], &span["status"]),
        (&json!("GET"), &json!("SPAN_KIND_SERVER"), &json!("STATUS_CODE_UNSET"))
    );
    assert_eq!((&span["resource"]["service.name"], &span["scope"]), (&json!("nano"), &json!("nano")));
    assert_eq!(span["resource"]["service.version"], env!("CARGO_PKG_VERSION"));
    assert!(span["start"].as_u64().unwrap() < span["end"].as_u64().unwrap());
    let pid = nano.pid_of("a");
    let id = span["attributes"]["nano.request_id"].clone();
    assert_eq!(
        span["attributes"],
        json!({
            "http.request.method": "GET", "url.path": "/p", "url.scheme": "http", "http.response.status_code": 200,
            "network.protocol.version": "1.1", "server.address": "a.local", "client.address": "203.0.113.9",
            "nano.app": "a", "nano.generation": 1, "nano.worker.pid": pid, "nano.request_id": id,
        })
    );
    let line = until("the request's line", || nano.log.records().into_iter().find(|line| line["path"] == "/p"));
    assert_eq!((&line["trace_id"], &line["request_id"]), (&span["trace"], &id));
    // Where the server is to blame, and where nobody is known.
    assert_eq!(nano.get("a.local", "/throw?secret").status, 500);
    assert_eq!(nano.get("nobody.local", "/?secret").status, 404);
    let spans = receiver.spans(3);
    assert_eq!((&spans[1]["status"], &spans[1]["parent"]), (&json!("STATUS_CODE_ERROR"), &json!("")));
    assert_eq!(spans[1]["flags"], 3, "sampled, with a random id");
    assert_eq!(spans[2]["attributes"]["http.response.status_code"], 404);
    assert_eq!((&spans[2]["status"], &spans[2]["attributes"]["nano.app"]), (&json!("STATUS_CODE_UNSET"), &Value::Null));
    let all = spans.iter().map(Value::to_string).collect::<String>();
    assert!(!all.contains("secret") && nano.log.count("pass word") == 0, "{all}");
    nano.await_metric("nano_otlp_spans_total", &[("result", "sent")], 3.0);
}

#[test]
fn what_an_app_fetches_for_a_request_has_its_span_within_that_of_the_request() {
    let Some(receiver) = Receiver::start() else { return };
    let site = Site::new();
    site.app(
        "a",
        "export default { async fetch(request) {
          const to = `http://${request.headers.get('x-to')}`;
          await fetch(`${to}/hop?secret=1#secret`, { headers: { authorization: 'secret' } });
          await fetch(`${to}/missing`, { method: 'POST', body: 'secret' });
          await fetch('http://192.0.2.1/denied').catch(() => {});
          await fetch(`${to}/silent`, { signal: AbortSignal.timeout(100) }).catch(() => {});
          return new Response('done');
        } };",
    );
    let server = Site::new();
    server.app(
        "b",
        "export default { fetch(request) {
          const { pathname } = new URL(request.url);
          if (pathname === '/hop') return new Response(null, { status: 302, headers: { location: '/target?secret=3' } });
          if (pathname === '/missing') return new Response('', { status: 404 });
          if (pathname === '/silent') return new Promise(() => setTimeout(() => {}, 1e9));
          return new Response('other');
        } };",
    );
    server.apps(json!([{ "name": "b", "hostname": "*", "path": "b" }]));
    let server = server.serve();
    site.config(json!({
        "log": { "format": "json" },
        "otlp": { "endpoint": format!("http://{}", receiver.address), "sample": 0 },
        "trusted_proxies": ["127.0.0.1"],
        "apps": [{ "name": "a", "hostname": "a.local", "path": "a", "egress": ["127.0.0.1"] }],
    }));
    let nano = site.serve();
    let ask = |parent: &str| {
        nano.raw(&format!(
            "GET /fetch HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\nX-To: {}\r\ntraceparent: {parent}\r\n\r\n",
            server.address
        ))
    };
    // Of a trace that is not kept there is nothing.
    assert_eq!(ask(&CALLER.replace("-01", "-00")).text(), "done");
    assert_eq!(ask(CALLER).text(), "done");
    let spans = receiver.spans(6);
    let (requests, fetches): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span["kind"] == "SPAN_KIND_SERVER");
    let ([request], [hop, target, missing, denied, silent]) = (&requests[..], &fetches[..]) else {
        panic!("{spans:?}")
    };
    for fetch in &fetches {
        assert_eq!((&fetch["trace"], &fetch["parent"]), (&request["trace"], &request["span"]), "{fetch}");
        assert_eq!((&fetch["kind"], &fetch["flags"]), (&json!("SPAN_KIND_CLIENT"), &json!(0x101)), "{fetch}");
        assert!(fetch["start"].as_u64() >= request["start"].as_u64().map(|start| start - 5_000_000), "{fetch}");
        assert!(fetch["end"].as_u64() <= request["end"].as_u64().map(|end| end + 5_000_000), "{fetch}");
    }
    let of = |span: &Value| {
        let attributes = &span["attributes"];
        let path = attributes["url.full"].as_str().unwrap().splitn(4, '/').nth(3).unwrap().to_owned();
        let error = attributes["error.type"].as_str().map(str::to_owned);
        (span["name"].as_str().unwrap().to_owned(), path, attributes["http.response.status_code"].as_u64(), error)
    };
    let is = |name: &str, path: &str, status: Option<u64>, error: Option<&str>| {
        (name.to_owned(), path.to_owned(), status, error.map(str::to_owned))
    };
    assert_eq!(of(hop), is("GET", "hop", Some(302), None));
    assert_eq!(of(target), is("GET", "target", Some(200), None));
    assert_eq!(of(missing), is("POST", "missing", Some(404), Some("404")));
    assert_eq!(of(denied), is("GET", "denied", None, Some("EGRESS_DENIED")));
    assert_eq!(of(silent), is("GET", "silent", None, Some("aborted")));
    assert_eq!((&hop["status"], &denied["status"]), (&json!("STATUS_CODE_UNSET"), &json!("STATUS_CODE_ERROR")));
    assert_eq!(hop["attributes"]["server.port"], server.address.port());
    assert!(!format!("{spans:?}").contains("secret"), "{spans:?}");
}

/// Waits for the next minute.
#[test]
fn a_run_of_a_cron_is_a_trace_of_its_own_with_its_fetches() {
    let Some(receiver) = Receiver::start() else { return };
    let site = Site::new();
    site.app(
        "a",
        "export default { fetch: () => new Response('x'), async scheduled(event, env) {
          await fetch('http://192.0.2.1/denied').catch(() => {});
        } };",
    );
    site.app("b", "export default { async scheduled() { throw new Error('secret of the app'); } };");
    let app = |name: &str| json!({ "name": name, "hostname": format!("{name}.local"), "path": name, "crons": ["* * * * *"], "egress": "off" });
    site.config(json!({
        "otlp": { "endpoint": format!("http://{}", receiver.address), "sample": 1 }, "apps": [app("a"), app("b")],
    }));
    let nano = site.serve();
    let spans = nano_test::until_within(std::time::Duration::from_secs(130), "spans of two runs and a fetch", || {
        Some(receiver.lines.records()).filter(|spans| spans.len() >= 3)
    });
    let run = |app: &str| spans.iter().find(|span| span["attributes"]["nano.app"] == app).unwrap();
    let (a, b) = (run("a"), run("b"));
    for span in [a, b] {
        assert_eq!((&span["name"], &span["kind"]), (&json!("scheduled"), &json!("SPAN_KIND_INTERNAL")), "{span}");
        assert_eq!((&span["parent"], &span["flags"]), (&json!(""), &json!(3)), "{span}");
        let attributes = &span["attributes"];
        assert_eq!((&attributes["faas.trigger"], &attributes["faas.cron"]), (&json!("timer"), &json!("* * * * *")));
    }
    assert_ne!(a["trace"], b["trace"]);
    assert_eq!((&a["status"], &a["attributes"]["error.type"]), (&json!("STATUS_CODE_UNSET"), &Value::Null));
    let error = &b["attributes"]["error.type"];
    assert_eq!((&b["status"], error), (&json!("STATUS_CODE_ERROR"), &json!("handler_threw")));
    assert_eq!(a["attributes"]["nano.worker.pid"], nano.pid_of("a"));
    let line = nano.log.wait_for("the run's line", |line| line["message"] == "cron" && line["app"] == "a");
    assert_eq!(line["request_id"], a["attributes"]["nano.request_id"]);
    let fetch = spans.iter().find(|span| span["kind"] == "SPAN_KIND_CLIENT").unwrap();
    assert_eq!((&fetch["trace"], &fetch["parent"]), (&a["trace"], &a["span"]));
    assert_eq!(fetch["attributes"]["error.type"], "EGRESS_DENIED");
    assert!(!format!("{spans:?}").contains("secret"), "{spans:?}");
}

#[test]
fn the_span_of_a_websocket_ends_when_it_opens() {
    let Some(receiver) = Receiver::start() else { return };
    let site = Site::new();
    site.config(json!({
        "log": { "format": "json" },
        "otlp": { "endpoint": format!("http://{}", receiver.address), "sample": 1 },
        "apps": [{ "name": "a", "hostname": "a.local", "path": "a" }],
    }));
    site.app(
        "a",
        "export default { fetch() {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        return new Response(null, { status: 101, webSocket: client });
    } };",
    );
    let nano = site.serve();
    let socket = nano.socket("a.local", "/live");
    let span = receiver.spans(1).remove(0);
    assert_eq!(
        (&span["attributes"]["http.response.status_code"], &span["status"]),
        (&json!(101), &json!("STATUS_CODE_UNSET"))
    );
    drop(socket);
    let line = until("the socket's line", || nano.log.records().into_iter().find(|line| line["path"] == "/live"));
    assert_eq!(line["trace_id"], span["trace"]);
    assert_eq!(receiver.lines.records().len(), 1, "one span");
}

#[test]
fn a_stranger_decides_neither_what_is_kept_nor_what_an_app_is_told() {
    let Some(receiver) = Receiver::start() else { return };
    let otlp = json!({ "endpoint": format!("http://{}", receiver.address), "sample": 0 });
    let nano = site(Some(otlp), false).serve();
    let (parent, state) = told(&nano, &format!("traceparent: {CALLER}\r\ntracestate: a=1\r\n"));
    let parent = parent.unwrap();
    assert!(parent.starts_with("00-12345678901234567890123456789012-") && parent.ends_with("-00"), "{parent}");
    assert_eq!(state.as_deref(), Some("a=1"));
    let huge = format!("traceparent: {CALLER}-{}\r\n", "a".repeat(40_000));
    let members = format!("traceparent: {CALLER}\r\ntracestate: {}\r\n", "a=1,".repeat(10_000));
    for (headers, continued) in [
        (format!("traceparent: {CALLER}\r\ntraceparent: {CALLER}\r\ntracestate: a=1\r\n"), false),
        (format!("traceparent: {}\r\ntracestate: a=1\r\n", CALLER.to_uppercase().replace('1', "A")), false),
        ("traceparent: \u{e4}\r\ntracestate: a=1\r\n".to_owned(), false),
        (huge, false),
        (members, true),
    ] {
        let (parent, state) = told(&nano, &headers);
        let parent = parent.unwrap();
        assert_eq!((parent.len(), state), (55, None), "{headers:.80}");
        assert_eq!(parent.contains("12345678901234567890123456789012"), continued, "{headers:.80}");
    }
    assert_ne!(told(&nano, "").0, told(&nano, "").0);
    // None was kept: had there been one, it would have been sent before that of the restarted nano.
    nano.await_metric("nano_otlp_spans_total", &[("result", "sent")], 0.0);
    assert_eq!(receiver.lines.lines().len(), 1);
}

#[test]
fn what_is_kept_is_sent_when_nano_ends() {
    let Some(receiver) = Receiver::start() else { return };
    let otlp = json!({ "endpoint": format!("http://{}/v1/traces", receiver.address), "sample": 1 });
    let mut nano = site(Some(otlp), false).serve();
    let mut client = nano.connect();
    for _ in 0..1000 {
        assert_eq!(client.get("a.local", "/").unwrap().status, 200);
    }
    drop(client);
    nano.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(nano.wait().success());
    let spans = receiver.spans(1000);
    let ids: std::collections::BTreeSet<_> = spans.iter().map(|span| span["span"].to_string()).collect();
    assert_eq!((spans.len(), ids.len()), (1000, 1000), "each once");
}

/// What a receiver does with a connection that has sent its request's head.
type Misbehaviour = fn(&mut TcpStream);

/// A receiver that misbehaves, and how many requests it got.
fn misbehaving(how: Misbehaviour) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let count = Arc::clone(&count);
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut buffer = [0; 65536];
                if stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                    count.fetch_add(1, Ordering::Relaxed);
                    how(&mut stream);
                }
            });
        }
    });
    (address, requests)
}

/// Requests go on while the receiver does this, and its spans are given up.
fn does_not_concern_requests(how: Misbehaviour, at_least: usize) {
    let (address, requests) = misbehaving(how);
    let otlp = json!({ "endpoint": format!("http://{address}"), "sample": 1 });
    let mut nano = site(Some(otlp), false).serve();
    until("requests to the receiver", || {
        assert_eq!(nano.get("a.local", "/").status, 200);
        (requests.load(Ordering::Relaxed) >= at_least).then_some(())
    });
    // A queue that nobody empties is full, and drops.
    let mut client = nano.connect();
    until("spans that are dropped or given up", || {
        for _ in 0..500 {
            assert_eq!(client.get("a.local", "/").unwrap().status, 200);
        }
        let metrics = nano.metrics();
        let lost = |result| metrics.get("nano_otlp_spans_total", &[("result", result)]).unwrap();
        (lost("dropped") + lost("failed") > 0.0).then_some(())
    });
    assert_eq!(nano.metrics().get("nano_otlp_spans_total", &[("result", "sent")]), Some(0.0));
    drop(client);
    nano.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(nano.wait().success(), "nor does its end wait for it");
}

#[test]
fn a_receiver_that_hangs() {
    does_not_concern_requests(|stream| drop(stream.read_to_end(&mut Vec::new())), 1);
}

#[test]
fn a_receiver_that_answers_without_end() {
    does_not_concern_requests(
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n");
            while stream.write_all(b"10000\r\n").is_ok()
                && stream.write_all(&[b'x'; 65536]).is_ok()
                && stream.write_all(b"\r\n").is_ok()
            {}
        },
        1,
    );
}

#[test]
fn a_receiver_whose_head_does_not_end() {
    does_not_concern_requests(
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            while stream.write_all(b"x: y\r\n").is_ok() {}
        },
        1,
    );
}

#[test]
fn a_receiver_that_refuses() {
    does_not_concern_requests(
        |stream| drop(stream.write_all(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
        1,
    );
}

#[test]
fn a_receiver_that_is_not_there_and_comes() {
    let (address, took) = misbehaving(|stream| {
        // Busy once, as it says, and then it takes them.
        static TIMES: Mutex<usize> = Mutex::new(0);
        let mut times = TIMES.lock().unwrap();
        *times += 1;
        let answer: &[u8] = if *times == 1 {
            b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        } else {
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        };
        let _ = stream.write_all(answer);
    });
    let nano = site(Some(json!({ "endpoint": format!("http://{address}"), "sample": 1 })), false).serve();
    assert_eq!(nano.get("a.local", "/").status, 200);
    nano.await_metric("nano_otlp_spans_total", &[("result", "sent")], 1.0);
    assert_eq!(took.load(Ordering::Relaxed), 2);
    assert_eq!(nano.metrics().get("nano_otlp_spans_total", &[("result", "failed")]), Some(0.0));
}
