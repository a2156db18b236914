//! The app's messages: whose they are, how many there may be.

use std::time::Instant;

use nano_protocol::{Frame, LogLevel, LogLine, limits::MAX_LOG_TEXT};

use crate::hand::Worker;

#[test]
fn messages_bear_the_request_that_said_them() {
    let source = "console.warn('loading'); export default { async fetch(request, env, ctx) {
        console.log('at once');
        await new Promise((resolve) => setTimeout(resolve, 1));
        console.error('after a timer');
        queueMicrotask(() => console.log('in a microtask'));
        ctx.waitUntil(new Promise((resolve) => setTimeout(() => { console.log('after the response'); resolve() }, 20)));
        return new Response('');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let ids: Vec<u32> = (0..3).map(|_| worker.open("GET", "/", &[], nano_protocol::BodyLength::None)).collect();
    for id in &ids {
        assert_eq!(worker.outcome(*id).text(), "200 ");
    }
    worker.await_logs("all messages", |logs| logs.len() > 4 * ids.len());
    assert_eq!((worker.logs[0].request_id.as_str(), worker.logs[0].message.as_str()), ("", "loading"));
    assert_eq!(worker.logs[0].level, LogLevel::Warn);
    for id in ids {
        let own: Vec<&str> = worker
            .logs
            .iter()
            .filter(|line| line.request_id == format!("request-{id}"))
            .map(|line| line.message.as_str())
            .collect();
        assert_eq!(own, ["at once", "after a timer", "in a microtask", "after the response"]);
    }
}

#[test]
fn errors_nobody_catches_are_logged_with_their_request_and_harm_nobody() {
    let source = "export default { async fetch(request) {
        if (request.url.endsWith('/reject')) Promise.reject(new Error('rejected'));
        if (request.url.endsWith('/timer')) setTimeout(() => { throw new Error('in a timer') });
        if (request.url.endsWith('/micro')) queueMicrotask(() => { throw new Error('in a microtask') });
        if (request.url.endsWith('/handled')) { const p = Promise.reject(new Error('handled')); p.catch(() => {}); }
        return new Response('fine');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    for path in ["/reject", "/timer", "/micro", "/handled"] {
        assert_eq!(worker.get(path).text(), "200 fine", "{path}");
    }
    worker.await_logs("three errors", |logs| logs.len() >= 3);
    let log = worker.log_text();
    assert!(log.contains("request-1: Uncaught (in promise) Error: rejected\n    at "), "{log}");
    assert!(log.contains("request-2: Uncaught Error: in a timer\n    at "), "{log}");
    assert!(log.contains("request-3: Uncaught Error: in a microtask"), "{log}");
    assert!(!log.contains("handled"), "{log}");
}

/// Lines of the app itself and lines that were dropped; none of a flood may be missing in both.
fn flooded(worker: &mut Worker, own: &str, lines: u64) -> u64 {
    assert_eq!(worker.get("/").text(), "200 ");
    let passed = |logs: &[LogLine]| logs.iter().filter(|line| line.message.starts_with(own)).count() as u64;
    worker.await_logs("each line passed or counted as dropped", |logs| {
        passed(logs) + logs.iter().map(|line| line.dropped).sum::<u64>() >= lines
    });
    let dropped: u64 = worker.logs.iter().map(|line| line.dropped).sum();
    assert_eq!(passed(&worker.logs) + dropped, lines);
    passed(&worker.logs)
}

#[test]
fn a_flood_is_cut_and_counted() {
    // As much as this in one turn is cut however slowly it comes: what is not sent yet is bounded, too.
    let source = format!(
        "const line = 'x'.repeat({MAX_LOG_TEXT});
        export default {{ fetch() {{ for (let i = 0; i < 400; i++) console.log(line); return new Response('') }} }}"
    );
    let mut worker = Worker::serving(&[("index.js", &source)]);
    let passed = flooded(&mut worker, "x", 400);
    assert!(passed < 200, "{passed} of 400 lines of 64 KiB");
}

#[test]
fn a_flood_of_short_lines_is_cut_to_what_its_time_allows() {
    let source =
        "export default { fetch() { for (let i = 0; i < 20000; i++) console.log('x'); return new Response('') } }";
    let start = Instant::now();
    let mut worker = Worker::serving(&[("index.js", source)]);
    let passed = flooded(&mut worker, "x", 20_000);
    // A slow machine gives it more time.
    let allowed = 4000 + u64::try_from(start.elapsed().as_millis()).unwrap() + 1;
    assert!(passed <= allowed, "{passed} lines, not {allowed}");
}

#[test]
fn a_long_message_is_cut() {
    let source = "export default { fetch() { console.log('ü'.repeat(100000)); return new Response('') } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    worker.get("/");
    worker.ping();
    assert!(worker.logs[0].message.len() <= MAX_LOG_TEXT && worker.logs[0].message.ends_with("(200000 bytes in all)"));
}

#[test]
fn a_pong_does_not_wait_behind_all_that_the_app_logged() {
    let source = "const line = 'x'.repeat(60_000); export default { fetch(request) {
        if (request.url.endsWith('/log')) for (let i = 0; i < 60; i++) console.log(line);
        return new Response('');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(worker.get("/log").text(), "200 ");
    worker.control.send(&Frame::Ping(7));
    // The request was sent after the ping and is answered, so the ping was read. Nothing of the log was, yet.
    assert_eq!(worker.get("/").text(), "200 ");
    let mut before = 0;
    loop {
        match worker.control.next() {
            Some(Frame::Log(line)) => before += line.message.len(),
            Some(Frame::Pong { nonce: 7, .. }) => break,
            Some(_) => {}
            None => panic!("the worker ended"),
        }
    }
    assert!(before < 1 << 20, "{before} bytes of log before the answer");
    worker.await_logs("every line", |logs| logs.len() as u64 * 60_000 + before as u64 >= 60 * 60_000);
}
