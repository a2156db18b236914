//! The app's messages: whose they are, how many there may be.

use nano_protocol::{LogLevel, limits::MAX_LOG_TEXT};

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
    while worker.logs.len() < 1 + 4 * ids.len() {
        worker.ping();
    }
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
    while worker.logs.len() < 3 {
        worker.ping();
    }
    let log = worker.log_text();
    assert!(log.contains("request-1: Uncaught (in promise) Error: rejected\n    at "), "{log}");
    assert!(log.contains("request-2: Uncaught Error: in a timer\n    at "), "{log}");
    assert!(log.contains("request-3: Uncaught Error: in a microtask"), "{log}");
    assert!(!log.contains("handled"), "{log}");
}

#[test]
fn a_flood_is_cut_and_counted() {
    let source =
        "export default { fetch() { for (let i = 0; i < 20000; i++) console.log('x'); return new Response('') } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(worker.get("/").text(), "200 ");
    worker.ping();
    assert!(worker.logs.len() < 15_000, "{} lines", worker.logs.len());
    // Somewhat later there is room again, and the next message tells how many are missing.
    loop {
        worker.get("/");
        worker.ping();
        if worker.logs.iter().any(|line| line.dropped > 1000) {
            break;
        }
    }
}

#[test]
fn a_long_message_is_cut() {
    let source = "export default { fetch() { console.log('ü'.repeat(100000)); return new Response('') } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    worker.get("/");
    worker.ping();
    assert!(worker.logs[0].message.len() <= MAX_LOG_TEXT && worker.logs[0].message.ends_with("(200000 bytes in all)"));
}
