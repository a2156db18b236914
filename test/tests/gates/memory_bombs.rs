//! Memory bombs. However a handler fills memory, its client gets a 503 `memory_limit` (or the app is told that its
//! stream is full), the process is replaced where it had to go, the bystander is served all along, and the supervisor does
//! not grow.
//!
//! Sabotage control: the same bombs where `memory_mb` lets them be. The check of the answer must turn red.

use crate::bystander::{APP, Bystander, HOST, is_back};
use nano_test::process::resident;
use nano_test::{Nano, PATIENCE, Response, Site, sized, until};
use serde_json::json;
use std::io;
use std::time::Duration;

const LIMIT_MB: u32 = 32;
/// What the supervisor may have more than before: buffers of its allocator, no part of any bomb.
const GROWTH: u64 = 24 << 20;

/// What a bomb comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The worker ends, and the client's response says why.
    Killed,
    /// The code gets an exception, and answers `refused`.
    Refused,
    /// One or the other, by what V8 meets first.
    Either,
}

/// Each would fill any memory. What throws is caught: it is the platform's limit at work.
const BOMBS: [(&str, End, &str); 25] = [
    ("array", End::Killed, "const a = []; for (;;) a.push(new Array(1000).fill(a.length));"),
    ("numbers", End::Killed, "const a = []; for (let i = 0;; i++) a.push(i + 0.5);"),
    ("string", End::Either, "const a = []; for (let i = 0;; i++) a.push((i + 'x').repeat(1000).split('').join('.'));"),
    (
        "string doubling",
        End::Either,
        "let s = 'x'; for (;;) { s += s; s.charCodeAt(s.length - 1); s.at(0); JSON.stringify(s).at(9); }",
    ),
    ("Map", End::Killed, "const m = new Map(); for (let i = 0;; i++) m.set(i, { i });"),
    (
        "closures",
        End::Killed,
        "const a = []; for (;;) { const big = new Array(100).fill(a.length); a.push(() => big); }",
    ),
    ("promises", End::Killed, "const a = []; for (;;) a.push(new Promise((go) => a.push(go)));"),
    ("timers", End::Either, "for (;;) setTimeout(() => {}, 1e8);"),
    ("ArrayBuffer", End::Either, "const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1));"),
    (
        "resizable",
        End::Either,
        "const a = []; for (;;) { const b = new ArrayBuffer(0, { maxByteLength: 1 << 24 }); b.resize(1 << 24); new Uint8Array(b).fill(1); a.push(b); }",
    ),
    (
        "WebAssembly",
        End::Either,
        "const a = []; for (;;) { const m = new WebAssembly.Memory({ initial: 16, maximum: 16 }); new Uint8Array(m.buffer).fill(1); a.push(m); }",
    ),
    (
        "wasm grows",
        End::Either,
        "const m = new WebAssembly.Memory({ initial: 1 }); for (;;) { m.grow(16); new Uint8Array(m.buffer).fill(1); }",
    ),
    (
        "wasm tables",
        End::Killed,
        "const a = []; for (;;) a.push(new WebAssembly.Table({ initial: 1e5, element: 'externref' }));",
    ),
    (
        "growable",
        End::Killed,
        "const b = new ArrayBuffer(0, { maxByteLength: 2 ** 32 }); for (let n = 1 << 20;; n += 1 << 20) { b.resize(n); new Uint8Array(b, n - (1 << 20)).fill(1); }",
    ),
    // Memory that neither the heap nor the buffers' allocator sees in time, or at all.
    ("doubles at once", End::Killed, "const a = []; for (;;) a.push(new Array(2 ** 24).fill(1.5));"),
    (
        "string made flat",
        End::Killed,
        "const s = 'x'.repeat(1 << 28); const a = []; for (;;) a.push((s + a.length).split('x'));",
    ),
    (
        "Intl",
        End::Killed,
        "const a = []; for (;;) a.push(new Intl.DateTimeFormat('en', { timeZone: 'UTC', year: 'numeric' }), new Intl.Collator('sv'));",
    ),
    (
        "coders",
        End::Killed,
        "const a = []; for (;;) a.push(new CompressionStream('brotli'), new DecompressionStream('gzip'));",
    ),
    ("Blob", End::Either, "const a = []; for (;;) a.push(new Blob([new Uint8Array(1 << 20)]));"),
    (
        "decoded text",
        End::Killed,
        "const a = []; const u = new Uint8Array(1 << 20).fill(65); for (;;) a.push(new TextDecoder().decode(u));",
    ),
    (
        "clones",
        End::Either,
        "const a = []; const o = { b: new Uint8Array(1 << 20) }; for (;;) a.push(structuredClone(o));",
    ),
    (
        "bodies",
        End::Killed,
        "const a = []; for (;;) { const r = new Response('x'.repeat(1 << 20)); a.push(r, r.clone()); }",
    ),
    (
        "stream chunks",
        End::Refused,
        "const w = new WritableStream({ write: () => new Promise(() => {}) }).getWriter(); for (;;) { w.write('x'.repeat(10000)).catch(() => {}); if (w.desiredSize === null) throw new Error('full'); }",
    ),
    (
        "empty chunks",
        End::Refused,
        "const w = new WritableStream({ write: () => new Promise(() => {}) }).getWriter(); for (;;) { w.write('').catch(() => {}); if (w.desiredSize === null) throw new Error('full'); }",
    ),
    (
        "enqueued chunks",
        End::Refused,
        "new ReadableStream({ start(c) { for (;;) c.enqueue(new Uint8Array(1000)); } }); throw new Error('full');",
    ),
];

fn serve(memory_mb: u32) -> Nano {
    let site = Site::new();
    let handlers: Vec<_> =
        BOMBS.iter().map(|(name, _, code)| format!("{}: async () => {{ {code} }}", json!(name))).collect();
    let source = format!(
        "const bombs = {{ {} }};\nexport default {{ async fetch(request) {{\n\
         const bomb = bombs[decodeURIComponent(new URL(request.url).pathname.slice(1))];\n\
         if (bomb === undefined) return new Response('calm');\n\
         try {{ await bomb(); }} catch (error) {{ return new Response('refused: ' + error.message); }}\n\
         return new Response('over'); }} }};",
        handlers.join(",\n")
    );
    site.app("bomber", &source).app("bystander", APP);
    let mut apps = vec![json!({ "name": "bystander", "hostname": HOST, "path": "bystander" })];
    for number in 0..bombers() {
        let host = bomber(number);
        apps.push(json!({
            "hostname": host, "path": "bomber", "memory_mb": memory_mb, "max_buffer_size_mb": 0.5, "cpu_ms": 20_000,
        }));
    }
    site.config(json!({ "log": { "access": false }, "apps": apps }));
    site.serve()
}

/// Apps with bombs; they take turns, so that none is in a crash loop.
fn bombers() -> usize {
    sized(5, 15)
}

fn bomber(number: usize) -> String {
    format!("bomber-{}.local", number % bombers())
}

fn light(nano: &Nano, host: &str, name: &str, patience: Duration) -> io::Result<Response> {
    let mut connection = nano.connect();
    connection.set_patience(patience);
    connection.get(host, &format!("/{}", name.replace(' ', "%20")))
}

/// What is wrong with the answer, if anything.
fn verdict(answer: &io::Result<Response>, end: End) -> Result<(), String> {
    let response = answer.as_ref().map_err(ToString::to_string)?;
    let killed = response.status == 503 && response.json()["code"] == "memory_limit";
    let refused = response.status == 200 && response.body.starts_with(b"refused");
    let right = match end {
        End::Killed => killed,
        End::Refused => refused,
        End::Either => killed || refused,
    };
    if right { Ok(()) } else { Err(format!("{} {}", response.status, String::from_utf8_lossy(&response.body))) }
}

#[test]
fn every_memory_bomb_hits_its_own_app_only() {
    let nano = serve(LIMIT_MB);
    let bystander = Bystander::of(&nano);
    until("some load", || (bystander.served() > 20).then_some(()));
    let before = resident(nano.pid());
    let mut faults = Vec::new();
    for _ in 0..sized(1, 3) {
        for (number, (name, end, _)) in BOMBS.iter().enumerate() {
            is_back(&nano, &bomber(number), "/");
            let answer = light(&nano, &bomber(number), name, PATIENCE);
            eprintln!(
                "{name}: {}",
                answer.as_ref().map_or_else(ToString::to_string, |r| format!("{} {}", r.status, r.text()))
            );
            if let Err(fault) = verdict(&answer, *end) {
                faults.push(format!("{name}: {fault}"));
            }
        }
    }
    bystander.noticed_nothing();
    let grown = resident(nano.pid()).saturating_sub(before);
    let metrics = nano.metrics();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(grown < GROWTH, "the supervisor grew by {grown} bytes");
    assert_eq!(metrics.sum("nano_worker_exits_total", &[("app", "bystander")]), 0.0);
    let fell = metrics.sum("nano_worker_exits_total", &[("reason", "heap")]);
    let told = metrics.sum("nano_worker_exits_total", &[("reason", "memory")]);
    eprintln!("ended for heap: {fell}, for memory: {told}");
    assert!(told >= 1.0, "what V8 does not count was not seen");
    let other: f64 = ["crash", "cpu", "wall", "protocol"]
        .iter()
        .map(|reason| metrics.sum("nano_worker_exits_total", &[("reason", reason)]))
        .sum();
    assert_eq!(other, 0.0, "a death by memory under another name");
}

#[test]
fn without_the_limit_it_turns_red() {
    let nano = serve(1024);
    let answer = light(&nano, &bomber(0), "array", Duration::from_secs(1));
    assert!(verdict(&answer, End::Killed).is_err(), "{answer:?}");
    let calm = light(&nano, HOST, "", PATIENCE);
    assert!(verdict(&calm, End::Either).is_err());
}
