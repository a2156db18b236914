//! What a request costs a worker, without the supervisor: `cargo bench -p nano-worker`.
//!
//! Prints requests per second, and CPU microseconds of the worker per request, for batches of many requests at once (as
//! under load) and for single ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark"
)]
#![allow(dead_code, reason = "the supervisor's side is shared with the tests")]

use std::time::Instant;

use nano_protocol::{BodyLength, Frame};

#[path = "../tests/worker/hand.rs"]
mod hand;

use hand::{Worker, boot};

const APPS: &[(&str, &str)] = &[
    ("hello", "export default { fetch() { return new Response('Hello world') } }"),
    ("async", "export default { async fetch(request) { return new Response('Hello ' + request.method) } }"),
    (
        "json",
        "export default { async fetch(request) {
            return Response.json({ path: new URL(request.url).pathname, agent: request.headers.get('user-agent') });
        } }",
    ),
];

const HEADERS: &[(&str, &str)] =
    &[("host", "test.example"), ("user-agent", "bench/1.0"), ("accept", "*/*"), ("accept-encoding", "gzip, br")];

fn main() {
    // Cargo passes --bench; `cargo test --benches` does not, and only wants to know that it runs.
    let count: u32 = if std::env::args().any(|argument| argument == "--bench") { 200_000 } else { 100 };
    let began = Instant::now();
    let mut worker = Worker::start(1);
    worker.boot(boot("index.js"), &[("index.js", APPS[0].1)]).unwrap();
    println!("spawn to Ready: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    drop(worker);
    for (name, source) in APPS {
        for batch in [64, 1] {
            let mut worker = Worker::serving(&[("index.js", source)]);
            run(&mut worker, count / 10, batch);
            let before = worker.cpu_seconds();
            let began = Instant::now();
            run(&mut worker, count, batch);
            let took = began.elapsed().as_secs_f64();
            let cpu = worker.cpu_seconds() - before;
            let (rate, micros) = (f64::from(count) / took, cpu * 1e6 / f64::from(count));
            println!(
                "{name:6} {batch:3} at once: {rate:8.0} requests/s, {micros:5.1} µs of the worker's CPU time each"
            );
        }
    }
}

/// Sends requests `batch` at a time and waits for the answers of each batch.
fn run(worker: &mut Worker, count: u32, batch: u32) {
    for _ in 0..count / batch {
        let frames: Vec<Frame> = (0..batch).map(|_| worker.head("GET", "/path", HEADERS, BodyLength::None)).collect();
        worker.links[0].send_all(&frames);
        let mut left = batch;
        while left > 0 {
            match worker.links[0].next().expect("the worker ended") {
                Frame::Data { end: true, .. } => left -= 1,
                Frame::ResponseHead(..) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
