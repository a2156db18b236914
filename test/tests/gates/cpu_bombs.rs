//! CPU bombs. Whatever a handler does to keep its worker busy, its client gets a 503 `cpu_limit` in time, the
//! process is replaced, and the bystander is served all along.
//!
//! Sabotage control: the same bombs where `cpu_ms` lets them go on. The check of the answer must turn red.

use crate::bystander::{APP, Bystander, HOST, is_back};
use nano_test::{Connection, Nano, Response, Site, sized, until};
use serde_json::json;
use std::io;
use std::time::{Duration, Instant};

const LIMIT_MS: u64 = 150;
/// Time on top of the limit: CPU time is slow to pass where many share a core, and what V8 cannot interrupt gets a grace.
const ALLOWANCE: Duration = Duration::from_secs(60);

/// Each would go on for minutes, or for ever.
const BOMBS: [(&str, &str); 12] = [
    ("loop", "for (;;);"),
    ("lastIndexOf", "'a'.repeat(5e6).lastIndexOf('a'.repeat(2e6) + 'b');"),
    ("regex", "/^(a+)+$/.test('a'.repeat(60) + 'b');"),
    ("promises", "const again = () => Promise.resolve().then(again); again(); await new Promise(() => {});"),
    ("microtasks", "const again = () => queueMicrotask(again); again(); await new Promise(() => {});"),
    ("async generator", "async function* all() { for (;;) yield 1; } for await (const one of all()) void one;"),
    (
        "sort",
        "const a = new Float64Array(4e6); for (;;) { for (let i = 0; i < a.length; i++) a[i] = Math.random(); a.sort(); }",
    ),
    ("JSON.parse", "const text = '[' + '1,'.repeat(3e6) + '1]'; for (;;) JSON.parse(text);"),
    ("BigInt", "let n = 3n; for (;;) n = (n * n) % (2n ** 400000n) + 1n;"),
    ("getter", "const o = { get x() { for (;;); } }; return new Response(o.x);"),
    ("proxy", "const p = new Proxy({}, { ownKeys() { for (;;); } }); Object.keys(p);"),
    ("finally", "for (;;) { try { for (;;); } finally { continue; } }"),
];

fn serve(cpu_ms: u64) -> Nano {
    let site = Site::new();
    let handlers: Vec<_> =
        BOMBS.iter().map(|(name, code)| format!("{}: async () => {{ {code} }}", json!(name))).collect();
    let source = format!(
        "const bombs = {{ {} }};\nexport default {{ async fetch(request) {{\n\
         const bomb = bombs[decodeURIComponent(new URL(request.url).pathname.slice(1))];\n\
         if (bomb === undefined) return new Response('calm');\n\
         return (await bomb()) ?? new Response('over'); }} }};",
        handlers.join(",\n")
    );
    site.app("bomber", &source).app("bystander", APP);
    let mut apps = vec![json!({ "name": "bystander", "hostname": HOST, "path": "bystander" })];
    for number in 0..bombers() {
        let host = bomber(number);
        apps.push(json!({ "hostname": host, "path": "bomber", "cpu_ms": cpu_ms, "memory_mb": 256 }));
    }
    site.config(json!({ "log": { "access": false }, "apps": apps }));
    site.serve()
}

/// Apps with bombs. An app that dies again and again is paused for ever longer, so the bombs take turns.
fn bombers() -> usize {
    sized(4, 12)
}

fn bomber(number: usize) -> String {
    format!("bomber-{}.local", number % bombers())
}

/// Lights one, and says how it was answered and when.
fn light(nano: &Nano, host: &str, name: &str, patience: Duration) -> (io::Result<Response>, Duration) {
    let start = Instant::now();
    let mut connection = nano.connect();
    connection.set_patience(patience);
    let path = format!("/{}", name.replace(' ', "%20"));
    let answer = connection.get(host, &path);
    (answer, start.elapsed())
}

/// What is wrong with the answer, if anything.
fn verdict(answer: &io::Result<Response>, took: Duration) -> Result<(), String> {
    let response = answer.as_ref().map_err(|error| format!("no answer within {took:?}: {error}"))?;
    if response.status != 503 || response.json()["code"] != "cpu_limit" {
        return Err(format!("{response:?}"));
    }
    if took > Duration::from_millis(LIMIT_MS) + ALLOWANCE {
        return Err(format!("answered after {took:?}"));
    }
    Ok(())
}

#[test]
fn every_cpu_bomb_is_put_out_and_nobody_else_notices() {
    let nano = serve(LIMIT_MS);
    let bystander = Bystander::of(&nano);
    let mut faults = Vec::new();
    let mut lit = 0;
    for _ in 0..sized(1, 3) {
        for (number, (name, _)) in BOMBS.iter().enumerate() {
            // Between two bombs the app is well again, however long its pause after a crash is.
            is_back(&nano, &bomber(number), "/");
            let (answer, took) = light(&nano, &bomber(number), name, ALLOWANCE);
            lit += 1;
            if let Err(fault) = verdict(&answer, took) {
                faults.push(format!("{name}: {fault}"));
            }
        }
    }
    bystander.noticed_nothing();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    until("every death is counted as what it was", || {
        (nano.metrics().sum("nano_worker_exits_total", &[("reason", "cpu")]) >= f64::from(lit)).then_some(())
    });
    assert_eq!(nano.metrics().sum("nano_worker_exits_total", &[("app", "bystander")]), 0.0);
}

#[test]
fn a_module_that_loops_at_start_keeps_nobody_else_from_starting() {
    let site = Site::new();
    site.app("bystander", APP).app("bomber", "for (;;);");
    site.apps(json!([{ "name": "bystander", "hostname": HOST, "path": "bystander" }]));
    let nano = site.serve();
    let bystander = Bystander::of(&nano);
    site.apps(json!([
        { "name": "bystander", "hostname": HOST, "path": "bystander" },
        { "name": "bomber", "hostname": "bomber.local", "path": "bomber", "cpu_ms": LIMIT_MS },
    ]));
    let start = Instant::now();
    let reload = nano.ctl(&["reload"]);
    assert_eq!(reload.code, Some(1), "{reload:?}");
    assert!(reload.stderr.contains("bomber") && reload.stderr.contains("cpu_ms"), "{reload:?}");
    assert!(start.elapsed() < Duration::from_millis(LIMIT_MS) + ALLOWANCE, "{:?}", start.elapsed());
    bystander.noticed_nothing();
}

#[test]
fn without_the_limit_it_turns_red() {
    let nano = serve(600_000);
    let (answer, took) = light(&nano, &bomber(0), "loop", Duration::from_millis(LIMIT_MS * 4));
    assert!(verdict(&answer, took).is_err(), "{answer:?}");
    // And a server that answers something else, or late.
    let other = Connection::open(nano.address).and_then(|mut open| open.get(HOST, "/"));
    assert!(verdict(&other, Duration::ZERO).is_err());
    until("the bystander, who shares nothing with it", || (nano.get(HOST, "/").status == 200).then_some(()));
}
