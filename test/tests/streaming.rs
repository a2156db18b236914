//! Bodies that flow: responses chunk by chunk at the client's pace, uploads at the app's, and what both cost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nano_test::{Nano, Site, until};
use nix::sys::socket::{setsockopt, sockopt::RcvBuf};
use serde_json::{Value, json};

const APP: &str = r#"
const encoder = new TextEncoder();
const piece = new Uint8Array(65536).fill(120);
let pulls = 0;
let writes = 0;
let cancelled = null;
let aborted = null;
let release;
let released = new Promise((resolve) => { release = resolve; });

function endless() {
  return new ReadableStream({
    pull(controller) {
      pulls++;
      controller.enqueue(piece.slice());
    },
    cancel(reason) {
      cancelled = `${reason instanceof DOMException} ${reason.name}`;
    },
  }, { highWaterMark: 0 });
}

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/state":
        return Response.json({ pulls, writes, cancelled, aborted });
      case "/release":
        release();
        return new Response("released");
      case "/gated":
        return new Response(new ReadableStream({
          async start(controller) {
            controller.enqueue(encoder.encode("first"));
            await released;
            controller.enqueue(encoder.encode("last"));
            controller.close();
          },
        }));
      case "/endless":
        request.signal.addEventListener("abort", () => { aborted = request.signal.reason.name; });
        return new Response(endless());
      case "/idle":
        return new Response(new ReadableStream({
          start: (controller) => controller.enqueue(encoder.encode("first")),
          cancel(reason) { cancelled = `${reason instanceof DOMException} ${reason.name}`; },
        }));
      case "/written": {
        const { readable, writable } = new TransformStream();
        (async () => {
          const writer = writable.getWriter();
          for (;;) {
            await writer.ready;
            writes++;
            writer.write(piece.slice()).catch(() => {});
          }
        })().catch((reason) => { cancelled = `${reason instanceof DOMException} ${reason.name}`; });
        return new Response(readable);
      }
      case "/fails":
        return new Response(new ReadableStream({
          async start(controller) {
            controller.enqueue(encoder.encode("first"));
            await released;
            controller.error(new Error("broken on purpose"));
          },
        }));
      case "/wrong":
        return new Response(new ReadableStream({
          async start(controller) {
            controller.enqueue(encoder.encode("first"));
            await released;
            controller.enqueue("text");
          },
          cancel(reason) { cancelled = reason.name; },
        }));
      case "/large-chunk": {
        const chunk = new Uint8Array(3 << 20);
        for (let i = 0; i < chunk.length; i++) chunk[i] = i % 251;
        return new Response(new ReadableStream({
          pull(controller) {
            controller.enqueue(chunk);
            controller.close();
            queueMicrotask(() => chunk.fill(0));
          },
        }, { highWaterMark: 0 }));
      }
      case "/echo":
        return new Response(request.body.pipeThrough(new TransformStream()));
      case "/pass":
        request.signal.addEventListener("abort", () => { aborted = `pass ${request.signal.reason.name}`; });
        return new Response(request.body);
      case "/derived":
        return new Response(new Response(request.body, { headers: { a: "b" } }).body);
      case "/whole":
        return new Response(new Response("whole").body, { headers: { a: "b" } });
      case "/never":
        await new Promise(() => {});
      case "/never-but-looked":
        request.body;
        await new Promise(() => {});
      case "/text":
        try {
          return Response.json({ length: (await request.text()).length });
        } catch (error) {
          return Response.json({ name: error.name, message: error.message });
        }
      case "/clone-unread": {
        const clone = request.clone();
        const { length } = await request.bytes().catch((error) => ({ length: error.message }));
        return Response.json({ length, clone: await clone.text().then((text) => text.length, (error) => error.message) });
      }
    }
    return new Response("?", { status: 404 });
  },
};
"#;

const APP_LABEL: (&str, &str) = ("app", "a.local");

fn serve(site: &Site, extra: &Value) -> Nano {
    let mut app = json!({ "hostname": "a.local", "path": "a", "max_buffer_size_mb": 1 });
    app.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    site.app("a", APP).apps(json!([app]));
    site.serve()
}

fn state(nano: &Nano) -> Value {
    nano.get("a.local", "/state").json()
}

/// A count of the app's that has stopped growing: it was the same for half a second.
fn settled(nano: &Nano, count: &str) -> u64 {
    let mut last = (0, Instant::now());
    until(&format!("{count} to stop growing"), || {
        let now = state(nano)[count].as_u64().unwrap();
        if now != last.0 {
            last = (now, Instant::now());
        }
        (now > 0 && last.1.elapsed() > Duration::from_millis(500)).then_some(now)
    })
}

/// Waits for the bytes in streams to be given back.
fn await_empty(nano: &Nano) {
    nano.await_metric("nano_stream_buffered_bytes", &[APP_LABEL], 0.0);
}

/// One connection whose response is read piece by piece.
struct Client(BufReader<TcpStream>);

impl Client {
    fn open(nano: &Nano) -> Self {
        let stream = TcpStream::connect(nano.address).unwrap();
        // The kernel would give it tens of MiB.
        setsockopt(&stream, RcvBuf, &(256 * 1024)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self(BufReader::with_capacity(64 * 1024, stream))
    }

    fn get(nano: &Nano, path: &str) -> Self {
        let mut client = Self::open(nano);
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: a.local\r\n\r\n"));
        client
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The status, and whether the body is chunked.
    fn head(&mut self) -> (u16, bool) {
        let status = self.line().split(' ').nth(1).expect("a status line").parse().unwrap();
        let mut chunked = false;
        loop {
            let line = self.line().to_ascii_lowercase();
            if line.is_empty() {
                return (status, chunked);
            }
            chunked |= line == "transfer-encoding: chunked";
        }
    }

    /// The next chunk of a chunked body; `None` at its end.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = usize::from_str_radix(&self.line(), 16).expect("a chunk's size");
        let mut chunk = vec![0; size + 2];
        self.0.read_exact(&mut chunk).unwrap();
        assert_eq!(chunk.split_off(size), b"\r\n");
        (size > 0).then_some(chunk)
    }

    /// Everything until the connection ends, however that is.
    fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        rest
    }
}

#[test]
fn a_client_has_the_first_chunk_before_the_last_is_made() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let mut client = Client::get(&nano, "/gated");
    assert_eq!(client.head(), (200, true));
    assert_eq!(client.chunk().unwrap(), b"first");
    assert_eq!(nano.get("a.local", "/release").text(), "released");
    assert_eq!(client.chunk().unwrap(), b"last");
    assert_eq!(client.chunk(), None);
    // The connection is fit for the next request.
    client.send("GET /state HTTP/1.1\r\nHost: a.local\r\n\r\n");
    assert_eq!(client.head(), (200, false));
    await_empty(&nano);
}

#[test]
fn a_client_that_does_not_read_holds_the_app_back() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    for (path, count) in [("/endless", "pulls"), ("/written", "writes")] {
        let mut client = Client::get(&nano, path);
        assert_eq!(client.head(), (200, true), "{path}");
        // What the sockets of both ends, the window and the supervisor hold: some MiB, by the kernel's mood.
        let before = settled(&nano, count);
        assert!(before < 160, "{path}: {before} chunks of 64 KiB for nobody");
        let mut taken = 0;
        while taken < 32 << 20 {
            taken += client.chunk().unwrap().len();
        }
        let after = settled(&nano, count);
        let needed = u64::try_from(taken / 65536).unwrap();
        assert!((needed..needed + 160).contains(&after), "{path}: {after} chunks for {needed} taken");
        drop(client);
        until("the stream's cancellation", || (state(&nano)["cancelled"] == "true AbortError").then_some(()));
    }
    assert_eq!(state(&nano)["aborted"], "AbortError");
    assert_eq!(nano.metrics().get("nano_stream_buffer_overflows_total", &[APP_LABEL]), Some(0.0));
    await_empty(&nano);
}

#[test]
fn a_client_that_leaves_cancels_a_stream_that_waits() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let mut client = Client::get(&nano, "/idle");
    client.head();
    assert_eq!(client.chunk().unwrap(), b"first");
    assert_eq!(state(&nano)["cancelled"], Value::Null);
    drop(client);
    until("the stream's cancellation", || (state(&nano)["cancelled"] == "true AbortError").then_some(()));
    let line = nano.log.wait_for("the access line", |line| line["path"] == "/idle");
    assert_eq!((&line["status"], &line["cut"], &line["error"]), (&json!(200), &json!(true), &json!("client_gone")));
    nano.await_metric("nano_http_requests_in_flight", &[APP_LABEL], 0.0);
    await_empty(&nano);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_its_own_body_is_told() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let mut client = Client::open(&nano);
    client.send("POST /pass HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    assert_eq!(client.head(), (200, true));
    assert_eq!(client.chunk().unwrap(), b"half");
    drop(client);
    until("the abort signal", || (state(&nano)["aborted"] == "pass AbortError").then_some(()));
    let line = nano.log.wait_for("the access line", |line| line["path"] == "/pass");
    assert_eq!(line["cut"], true, "{line}");
    // One whose framing breaks after its response has begun: cut as well, and nobody takes it for whole.
    let mut client = Client::open(&nano);
    client.send("POST /pass HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    assert_eq!(client.head(), (200, true));
    assert_eq!(client.chunk().unwrap(), b"half");
    client.send("no size\r\n");
    assert_eq!(client.rest(), b"");
    nano.await_metric("nano_http_requests_in_flight", &[APP_LABEL], 0.0);
}

#[test]
fn a_body_that_fails_after_its_head_cuts_the_connection() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    for (path, reason, cause) in
        [("/fails", "broken on purpose", "controller"), ("/wrong", "must give Uint8Arrays only", "sink")]
    {
        // As HTTP/1.1, where the end has a sign, and as HTTP/1.0, where it is the connection's.
        for version in ["1.1", "1.0"] {
            site.app("a", APP);
            assert_eq!(nano.ctl(&["restart", "a.local"]).code, Some(0));
            let before = nano.metrics().sum("nano_streams_errored_total", &[APP_LABEL, ("cause", cause)]);
            let mut client = Client::open(&nano);
            client.send(&format!("GET {path} HTTP/{version}\r\nHost: a.local\r\nX-Request-Id: fail-{version}\r\n\r\n"));
            assert_eq!(client.head().0, 200);
            if version == "1.1" {
                assert_eq!(client.chunk().unwrap(), b"first");
            } else {
                let mut first = [0; 5];
                client.0.read_exact(&mut first).unwrap();
                assert_eq!(&first, b"first");
            }
            nano.get("a.local", "/release");
            if version == "1.1" {
                assert_eq!(client.rest(), b"", "{path}: neither a chunk nor the end of chunks");
            } else {
                let mut byte = [0];
                let error = client.0.read(&mut byte).expect_err("a clean end");
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{path}");
            }
            let log =
                nano.log.wait_for(path, |line| line["message"].as_str().is_some_and(|text| text.contains(reason)));
            assert!(log["request_id"].as_str().unwrap().starts_with("fail-"), "{log}");
            let id = format!("fail-{version}");
            let line = nano.log.wait_for("the access line", |line| line["path"] == path && line["request_id"] == id);
            assert_eq!((&line["cut"], &line["error"]), (&json!(true), &json!("body_failed")));
            let after = nano.metrics().sum("nano_streams_errored_total", &[APP_LABEL, ("cause", cause)]);
            assert!(after > before, "{path} {version}: {cause} {before} -> {after}");
        }
    }
    await_empty(&nano);
}

#[test]
fn a_response_to_head_has_its_stream_cancelled() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let mut client = Client::open(&nano);
    client.send("HEAD /endless HTTP/1.1\r\nHost: a.local\r\n\r\n");
    assert_eq!(client.head().0, 200);
    client.send("GET /state HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\n\r\n");
    client.head();
    let state: Value = serde_json::from_slice(&client.rest()).unwrap();
    assert_eq!(state, json!({ "pulls": 0, "writes": 0, "cancelled": "true AbortError", "aborted": null }));
}

#[test]
fn a_chunk_that_is_larger_than_everything_arrives_as_it_was() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let answer = nano.get("a.local", "/large-chunk");
    let expected: Vec<u8> = (0..3_u32 << 20).map(|index| u8::try_from(index % 251).unwrap()).collect();
    assert_eq!(answer.status, 200);
    assert!(answer.body == expected, "{} bytes", answer.body.len());
    until("what waited to have been counted", || {
        let peak = nano.metrics().get("nano_stream_buffered_bytes_peak", &[APP_LABEL])?;
        (peak > 2e6).then_some(())
    });
    await_empty(&nano);
}

#[test]
fn what_is_known_of_a_body_is_told() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let whole = nano.get("a.local", "/whole");
    assert_eq!(
        (whole.header("content-length"), whole.header("a"), whole.text()),
        (Some("5"), Some("b"), "whole".into())
    );
    let body = vec![7; 1 << 20];
    for path in ["/pass", "/derived"] {
        let passed = nano.post("a.local", path, &body);
        assert_eq!(passed.header("content-length"), Some("1048576"), "{path}");
        assert!(passed.body == body);
        assert_eq!(nano.post("a.local", path, b"").body, b"");
        let chunked = nano.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: a.local\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
        ));
        assert_eq!(chunked.text(), "abcdefg");
    }
}

#[test]
fn a_body_that_is_collected_is_held_to_the_limit() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    let overflow = json!({ "name": "RangeError", "message": "Stream buffer size limit exceeded (max: 1MB)" });
    assert_eq!(nano.post("a.local", "/text", &vec![b'x'; 1 << 20]).json(), json!({ "length": 1 << 20 }));
    assert_eq!(nano.post("a.local", "/text", &vec![b'x'; (1 << 20) + 1]).json(), overflow);
    assert_eq!(nano.post("a.local", "/text", &vec![b'x'; 3 << 20]).json(), overflow);
    let metrics = nano.metrics();
    assert_eq!(metrics.get("nano_stream_buffer_overflows_total", &[APP_LABEL]), Some(2.0));
    assert_eq!(metrics.get("nano_streams_errored_total", &[APP_LABEL, ("cause", "overflow")]), Some(2.0));
    await_empty(&nano);
}

#[test]
fn a_clone_that_nobody_reads_overflows_and_the_other_does_not() {
    let site = Site::new();
    let nano = serve(&site, &json!({ "max_buffer_size_mb": 4 }));
    let message = "Stream buffer size limit exceeded (max: 4MB)";
    assert_eq!(
        nano.post("a.local", "/clone-unread", &vec![1; 3 << 20]).json(),
        json!({ "length": 3 << 20, "clone": 3 << 20 })
    );
    // Both are over the limit: one by what was collected of it, the other by what waited in it.
    assert_eq!(
        nano.post("a.local", "/clone-unread", &vec![1; 6 << 20]).json(),
        json!({ "length": message, "clone": message })
    );
    await_empty(&nano);
}

const HOSTILE: &str = r#"
const seen = [];
const note = (name) => function () { seen[seen.length] = name; return undefined; };
for (const name of ["cancel", "isAliased", "id", "source", "bytes", "content", "stream", "pull"]) {
  Object.defineProperty(Object.prototype, name, {
    configurable: true,
    get: note(`get ${name}`),
    set(value) {
      seen[seen.length] = `set ${name}`;
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    },
  });
}
for (const [owner, name] of [
  [Map.prototype, "get"], [Map.prototype, "set"], [Map.prototype, "has"], [Map.prototype, "delete"],
  [Array.prototype, "push"],
]) {
  owner[name] = note(name);
}
const TypedArray = Object.getPrototypeOf(Uint8Array);
for (const name of ["set", "subarray", "slice"]) TypedArray.prototype[name] = note(name);
Object.defineProperty(Uint8Array, Symbol.species, { get: note("species") });
Object.defineProperty(Uint8Array, Symbol.hasInstance, { value: note("hasInstance") });
Array.prototype[Symbol.iterator] = note("iterator");
export default {
  fetch(request) {
    if (request.method === "GET") return new Response(seen.join());
    if (request.headers.get("x-way") === "pass") return new Response(request.body);
    if (request.headers.get("x-way") === "text") return request.text().then((text) => new Response(text));
    return new Response(request.clone().body);
  },
};
"#;

#[test]
fn a_program_that_patches_everything_sees_nothing_of_bodies() {
    let site = Site::new();
    site.app("a", HOSTILE).apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let nano = site.serve();
    let body = "x".repeat(1_000_000);
    for way in ["pass", "text", "clone"] {
        let mut connection = nano.connect();
        let head =
            format!("POST / HTTP/1.1\r\nHost: a.local\r\nX-Way: {way}\r\nContent-Length: {}\r\n\r\n", body.len());
        connection.send(head.as_bytes()).unwrap();
        connection.send(body.as_bytes()).unwrap();
        let answer = connection.receive().unwrap();
        assert!(
            answer.status == 200 && answer.text() == body,
            "{way}: {} of {} bytes",
            answer.status,
            answer.body.len()
        );
    }
    let seen = nano.get("a.local", "/").text();
    assert_eq!(seen, "");
}

// ---- bytes and memory ----

/// A body that can be checked as it goes by: each 8 bytes are their index, mixed.
struct Pattern(u64, Vec<u8>);

impl Pattern {
    fn new() -> Self {
        Self(0, Vec::new())
    }

    fn next(&mut self, length: usize) -> Vec<u8> {
        while self.1.len() < length {
            let mixed = (self.0 ^ (self.0 >> 7)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.1.extend_from_slice(&mixed.to_le_bytes());
            self.0 += 1;
        }
        self.1.drain(..length).collect()
    }
}

/// KiB of memory that a process has resident.
fn resident(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Sends a body of so many bytes on a thread of its own; counts what went out.
fn upload(stream: &TcpStream, path: &str, total: u64, sent: Arc<AtomicU64>) -> JoinHandle<()> {
    let mut stream = stream.try_clone().unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: a.local\r\nContent-Length: {total}\r\n\r\n");
    thread::spawn(move || {
        stream.write_all(head.as_bytes()).unwrap();
        let mut pattern = Pattern::new();
        while sent.load(Ordering::Relaxed) < total {
            let piece = pattern.next(64 * 1024);
            // Whoever answers early closes: the reader of the answer judges that.
            if stream.write_all(&piece).is_err() {
                return;
            }
            sent.fetch_add(64 * 1024, Ordering::Relaxed);
        }
    })
}

/// What an echo showed.
struct Echo {
    seconds: f64,
    /// Every so often: MiB echoed, KiB resident of the worker and of the supervisor.
    samples: Vec<(u64, u64, u64)>,
}

/// Echoes `total` bytes through `path`, checks each, and looks at the memory of both processes meanwhile. A slow client
/// rests after each MiB.
fn echo(nano: &Nano, path: &str, total: u64, rest: Duration) -> Echo {
    let (worker, supervisor) = (nano.pid_of("a.local"), nano.pid());
    let mut client = Client::open(nano);
    let started = Instant::now();
    let sender = upload(client.0.get_ref(), path, total, Arc::default());
    let (status, chunked) = client.head();
    assert_eq!(status, 200);
    let mut pattern = Pattern::new();
    let mut received = 0;
    let mut samples = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while received < total {
        let piece = if chunked {
            client.chunk().expect("more of the body")
        } else {
            let length = client.0.read(&mut buffer).unwrap();
            assert_ne!(length, 0, "the end after {received} bytes");
            buffer[..length].to_vec()
        };
        assert!(piece == pattern.next(piece.len()), "other bytes within {} of {received}", piece.len());
        let before = received >> 20;
        received += u64::try_from(piece.len()).unwrap();
        if received >> 20 != before {
            thread::sleep(rest);
            if (received >> 20) % (total >> 24).max(1) == 0 {
                samples.push((received >> 20, resident(worker), resident(supervisor)));
            }
        }
    }
    if chunked {
        assert_eq!(client.chunk(), None);
    }
    sender.join().unwrap();
    Echo { seconds: started.elapsed().as_secs_f64(), samples }
}

fn assert_flat(nano: &Nano, path: &str, echo: &Echo, worker_kib: u64, supervisor_kib: u64) {
    let (_, worker, supervisor) = echo.samples[0];
    for (mib, worker_now, supervisor_now) in &echo.samples {
        assert!(*worker_now < worker + worker_kib, "{path}: worker {worker} -> {worker_now} KiB after {mib} MiB");
        assert!(
            *supervisor_now < supervisor + supervisor_kib,
            "{path}: supervisor {supervisor} -> {supervisor_now} KiB after {mib} MiB"
        );
    }
    assert_eq!(nano.metrics().get("nano_stream_buffer_overflows_total", &[APP_LABEL]), Some(0.0), "{path}");
    await_empty(nano);
}

#[test]
fn an_echo_costs_no_memory() {
    let site = Site::new();
    let nano = serve(&site, &json!({}));
    for path in ["/echo", "/pass"] {
        let echo = echo(&nano, path, 64 << 20, Duration::from_millis(5));
        assert_flat(&nano, path, &echo, 24 << 10, 6 << 10);
    }
}

/// The long form: `cargo nextest run -p nano-test --test streaming --run-ignored only --no-capture`. Prints the table that
/// docs/streams.md shows.
fn echo_a_gibibyte(path: &str) {
    let site = Site::new();
    let nano = serve(&site, &json!({ "max_body_mb": 1024 }));
    let echo = echo(&nano, path, 1 << 30, Duration::from_millis(50));
    eprintln!("{path}: 1 GiB in {:.0} s\nMiB echoed, worker KiB, supervisor KiB", echo.seconds);
    for (mib, worker, supervisor) in &echo.samples {
        eprintln!("{mib:5} {worker:7} {supervisor:7}");
    }
    assert_flat(&nano, path, &echo, 24 << 10, 6 << 10);
}

#[test]
#[ignore = "a GiB at a slow client's pace takes minutes"]
fn a_gibibyte_through_a_stream() {
    echo_a_gibibyte("/echo");
}

#[test]
#[ignore = "a GiB at a slow client's pace takes minutes"]
fn a_gibibyte_handed_on() {
    echo_a_gibibyte("/pass");
}

#[test]
fn an_upload_that_nobody_reads_is_held_back_and_then_504() {
    let site = Site::new();
    let nano = serve(&site, &json!({ "timeout_ms": 2000 }));
    for path in ["/never", "/never-but-looked"] {
        let supervisor = resident(nano.pid());
        let worker = resident(nano.pid_of("a.local"));
        let mut client = Client::open(&nano);
        let sent = Arc::new(AtomicU64::new(0));
        let total = 32 << 20;
        let sender = upload(client.0.get_ref(), path, total, Arc::clone(&sent));
        let answered = Arc::new(AtomicBool::new(false));
        let watched = {
            let (answered, pid, worker_pid) = (Arc::clone(&answered), nano.pid(), nano.pid_of("a.local"));
            thread::spawn(move || {
                let mut peak = (0, 0);
                while !answered.load(Ordering::Relaxed) {
                    peak = (peak.0.max(resident(pid)), peak.1.max(resident(worker_pid)));
                    thread::sleep(Duration::from_millis(20));
                }
                peak
            })
        };
        assert_eq!(client.head().0, 504, "{path}");
        let held = sent.load(Ordering::Relaxed);
        answered.store(true, Ordering::Relaxed);
        let (supervisor_peak, worker_peak) = watched.join().unwrap();
        assert!(held < total / 2, "{path}: {held} bytes were taken for nobody");
        assert!(supervisor_peak < supervisor + (3 << 10), "{path}: supervisor {supervisor} -> {supervisor_peak} KiB");
        assert!(worker_peak < worker + (6 << 10), "{path}: worker {worker} -> {worker_peak} KiB");
        let _ = client.0.get_ref().shutdown(Shutdown::Both);
        sender.join().unwrap();
    }
    await_empty(&nano);
}
