//! HTMLRewriter in a worker: documents that stream through it at the client's pace, handlers that wait and fetch, and the
//! limits that it is under. What its methods do, `test/web/html_rewriter` says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nano_test::process::resident;
use nano_test::{Nano, PATIENCE, Site, until};
use serde_json::{Value, json};

const APP: &str = "
const encode = (text) => new TextEncoder().encode(text);
const state = { pulled: 0, elements: 0, cancelled: null, errors: [] };
// A paragraph of 4096 bytes, sixteen in each chunk.
const paragraph = `<p class=\"x\" title=\"y\">${'text '.repeat(812)}</p>`.padEnd(4096);
const chunk = encode(paragraph.repeat(16));
function pages(chunks) {
  return new ReadableStream({
    pull(controller) {
      if (state.pulled++ >= chunks) return controller.close();
      controller.enqueue(chunk.slice());
    },
    cancel(reason) { state.cancelled = String(reason); },
  }, { highWaterMark: 0 });
}
const count = { element(element) { state.elements++; element.setAttribute('n', '1'); } };
const cases = {
  state: () => Response.json(state),
  large: (query) => new HTMLRewriter().on('p.x', count).transform(new Response(pages(Number(query.get('chunks'))))),
  endless: () => new HTMLRewriter().on('p.x', { async element(element) { count.element(element); await 0; } }).transform(new Response(pages(Infinity))),
  waiting: () => new HTMLRewriter().on('p', { element: () => new Promise(() => {}) }).transform(new Response('<b>before</b><p>')),
  // A page of the app's own files, with another put into it.
  includes: (query, env) => env.ASSETS.fetch('http://assets.local/page.html').then((page) => new HTMLRewriter()
    .on('include', {
      async element(element) {
        const part = await env.ASSETS.fetch('http://assets.local/' + element.getAttribute('src'));
        if (part.ok) element.replace(part, { html: true });
        else element.replace(`no ${element.getAttribute('src')}: ${part.status}`);
      },
    })
    .transform(page)),
  fails: () => new HTMLRewriter().on('p', { async element() { throw new Error('the handler failed'); } }).transform(new Response('<b>before</b><p>')),
  loops: () => new HTMLRewriter().on('p', { element() { for (;;); } }).transform(new Response('<p>')).text().then((text) => new Response(text)),
  'loops-later': () => new HTMLRewriter().on('p', { async element() { await 0; for (;;); } }).transform(new Response('<p>')),
  // As many selectors as there may be, on a document as deep as it may be.
  selectors(query) {
    const rewriter = new HTMLRewriter();
    for (let i = 0; i < 1000; i++) rewriter.on(`i *[a${i}]`, {});
    const page = ('<i>'.repeat(8000) + '</i>'.repeat(8000)).repeat(Number(query.get('times')));
    return rewriter.transform(new Response(page)).text().then((text) => new Response(text));
  },
  async memory() {
    const errors = {};
    const note = (name, error) => { errors[name] = `${error?.name}: ${error?.message}`; };
    const run = (name, handlers, html = '<p></p>') => new HTMLRewriter().on('p', handlers).transform(new Response(html)).arrayBuffer()
      .then(() => note(name, null), (error) => note(name, error));
    const large = 'x'.repeat(1 << 20);
    const small = 'y'.repeat(1000);
    await run('contents', { element(element) { for (;;) element.append(large); } });
    await run('small contents', { element(element) { for (;;) element.before(small); } });
    await run('attributes', { element(element) { for (let i = 0;; i++) element.setAttribute('a' + i, large.slice(0, 100_000)); } });
    let caught = 0;
    const end = new HTMLRewriter().onDocument({ end(end) { while (caught < 50) try { end.append(large.slice(caught)); } catch (error) { caught++; note('the end', error); } } });
    await end.transform(new Response('')).arrayBuffer().catch((error) => note('the end, after it', error));
    // Documents that are never read to their end, given up: what they held comes back.
    for (let i = 0; i < 2000; i++) {
      const reader = new HTMLRewriter().on('p', { element: () => new Promise(() => {}) }).transform(new Response(`<b>${'x'.repeat(10)}</b><p>`)).body.getReader();
      await reader.read();
    }
    await run('at last', { element(element) { element.append('fine'); } });
    return Response.json(errors);
  },
};
export default {
  fetch(request, env) {
    const url = new URL(request.url);
    return cases[url.pathname.slice(1)](url.searchParams, env);
  },
};";

fn serve(settings: &Value) -> Nano {
    let site = Site::new();
    site.app("a", APP);
    site.file(
        "public/page.html",
        "<!doctype html><body><include src=part.html></include>, <include src=none.html></include></body>",
    );
    site.file("public/part.html", &format!("<i>{}</i>", "part ".repeat(30_000)));
    let mut app = json!({
        "name": "a", "hostname": "a.local", "path": "a",
        "assets": { "directory": "public", "run_worker_first": true, "html_handling": "none" },
    });
    app.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    site.apps(json!([app]));
    site.serve()
}

fn state(nano: &Nano) -> Value {
    nano.get("a.local", "/state").json()
}

/// A connection on which a page was asked for, whose answer nobody has read.
fn ask(nano: &Nano, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(nano.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a.local\r\n\r\n").as_bytes()).unwrap();
    stream
}

#[test]
fn a_large_document_goes_through_in_bounded_memory() {
    const CHUNKS: u64 = 1600;
    let nano = serve(&json!({ "memory_mb": 32, "cpu_ms": 60_000 }));
    let pid = nano.pid_of("a");
    // What the first documents need for good.
    assert_eq!(nano.get("a.local", "/large?chunks=16").status, 200);
    let before = resident(pid);
    let mut stream = ask(&nano, &format!("/large?chunks={}", CHUNKS + 17));
    let (mut received, mut most) = (0, 0);
    let mut buffer = vec![0; 1 << 20];
    let mut tail = Vec::new();
    while !tail.ends_with(b"0\r\n\r\n") {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "the body was cut after {received} bytes");
        received += length as u64;
        tail.extend_from_slice(&buffer[..length]);
        tail.drain(..tail.len().saturating_sub(5));
        most = most.max(resident(pid));
    }
    assert!(received > CHUNKS * 65_536, "{received}");
    assert_eq!(state(&nano)["elements"], (CHUNKS + 16) * 16);
    assert_eq!(nano.pid_of("a"), pid);
    let grown = most.saturating_sub(before);
    assert!(grown < 48 << 20, "the worker grew by {grown} bytes for {received} that went through");
}

#[test]
fn a_client_that_reads_nothing_holds_the_document_up_and_one_that_leaves_ends_it() {
    let nano = serve(&json!({}));
    let client = ask(&nano, "/endless");
    let mut last = (0, Instant::now());
    let pulled = until("the document to stand still", || {
        let pulled = state(&nano)["pulled"].as_u64().unwrap();
        if pulled != last.0 {
            last = (pulled, Instant::now());
        }
        (pulled > 0 && last.1.elapsed() > Duration::from_millis(500)).then_some(pulled)
    });
    // Chunks of 64 KiB: what the kernel's buffers and the windows on the way hold.
    assert!(pulled < 400, "{pulled}");
    assert!(state(&nano)["cancelled"].is_null());
    drop(client);
    until("the document to be given up", || state(&nano)["cancelled"].is_string().then_some(()));
    assert_eq!(nano.get("a.local", "/large?chunks=0").status, 200);
}

#[test]
fn what_comes_before_a_handler_that_waits_is_sent_and_its_client_may_leave() {
    let nano = serve(&json!({}));
    let pid = nano.pid_of("a");
    for _ in 0..3 {
        let mut client = ask(&nano, "/waiting");
        let mut seen = Vec::new();
        let mut buffer = [0; 1000];
        while !seen.windows(13).any(|part| part == b"<b>before</b>") {
            let length = client.read(&mut buffer).unwrap();
            assert!(length > 0, "{}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&buffer[..length]);
        }
    }
    assert_eq!(nano.get("a.local", "/state").status, 200);
    assert_eq!(nano.pid_of("a"), pid);
}

#[test]
fn handlers_fetch() {
    let nano = serve(&json!({}));
    let response = nano.get("a.local", "/includes");
    let part = format!("<i>{}</i>", "part ".repeat(30_000));
    assert_eq!(response.text(), format!("<!doctype html><body>{part}, no none.html: 404</body>"));
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn a_handler_that_fails_cuts_the_body() {
    let nano = serve(&json!({}));
    let mut client = ask(&nano, "/fails");
    let mut text = Vec::new();
    // The connection may be reset.
    let _ = client.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    assert!(!text.ends_with("0\r\n\r\n"), "{text}");
    assert_eq!(nano.get("a.local", "/state").status, 200);
}

#[test]
fn handlers_and_selectors_end_where_cpu_ms_does() {
    let nano = serve(&json!({ "cpu_ms": 300, "timeout_ms": 120_000 }));
    let mut count = 0.0;
    for path in ["/loops", "/loops-later", "/selectors?times=100"] {
        until("the app's answer", || (nano.get("a.local", "/state").status == 200).then_some(()));
        let response = nano.get("a.local", path);
        assert_eq!((response.status, &response.json()["code"]), (503, &json!("cpu_limit")), "{path}");
        count += 1.0;
        nano.await_metric("nano_worker_exits_total", &[("app", "a"), ("reason", "cpu")], count);
    }
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "a")]), count);
}

#[test]
fn what_documents_hold_counts_as_the_apps_memory() {
    let nano = serve(&json!({ "memory_mb": 64, "cpu_ms": 60_000, "timeout_ms": 120_000 }));
    let pid = nano.pid_of("a");
    let errors = nano.get("a.local", "/memory").json();
    for name in ["contents", "small contents", "attributes", "the end"] {
        let error = errors[name].as_str().unwrap();
        assert!(error.starts_with("RangeError: ") && error.contains("memory_mb"), "{errors}");
    }
    assert_eq!(errors["at last"], "undefined: undefined", "{errors}");
    assert_eq!(nano.pid_of("a"), pid);
}
