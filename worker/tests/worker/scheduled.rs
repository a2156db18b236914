//! Scheduled events: how the app is called, when a run is over, and how one ends early.

use nano_protocol::{
    BodyLength, Boot, CompatibilityFlags, Frame, LogLevel, RequestId, ResetReason, RuntimeLimits, Scheduled, StreamId,
};

use crate::hand::{Worker, boot, limits};

const CRON: &str = "*/5 1-3 * * mon";
const TIME: u64 = 1_772_409_600_000;

fn event(id: RequestId) -> Frame {
    Frame::Scheduled(id, Box::new(Scheduled { cron: CRON.to_owned(), time: TIME, request_id: format!("run-{id}") }))
}

fn serving(source: &str) -> Worker {
    Worker::serving(&[("index.js", source)])
}

/// The next frame about a run.
fn next(worker: &mut Worker) -> Frame {
    loop {
        match worker.links[0].next().expect("the worker ended") {
            Frame::Stats(_) => {}
            frame => return frame,
        }
    }
}

fn run(worker: &mut Worker, id: RequestId) -> Frame {
    worker.links[0].send(&event(id));
    next(worker)
}

fn done(id: RequestId) -> Frame {
    Frame::ScheduledDone { id }
}

fn failed(id: RequestId, reason: ResetReason) -> Frame {
    Frame::reset(StreamId::request(id), reason)
}

fn logged(worker: &mut Worker, text: &str) -> (LogLevel, String) {
    worker.await_logs(text, |logs| logs.iter().any(|line| line.message.contains(text)));
    let line = worker.logs.iter().find(|line| line.message.contains(text)).unwrap();
    (line.level, line.request_id.clone())
}

#[test]
fn what_a_handler_gets() {
    for (source, name) in [
        (
            "const app = { scheduled(event, env, ctx) { console.log(JSON.stringify([Object.keys(event), event, event.noRetry(), \
             env.GREETING, ctx.constructor.name, this === app, arguments.length])); } }; export default app;",
            "module",
        ),
        (
            "import { WorkerEntrypoint } from 'cloudflare:workers';
             export default class extends WorkerEntrypoint { async scheduled(event) { console.log(JSON.stringify([Object.keys(event), \
             event, event.noRetry(), this.env.GREETING, this.ctx.constructor.name, true, arguments.length])); } }",
            "class",
        ),
    ] {
        let mut worker = serving(source);
        assert_eq!(run(&mut worker, 3), done(3), "{name}");
        let count = if name == "module" { 3 } else { 1 };
        let expected = format!(
            r#"[["scheduledTime","cron","type"],{{"scheduledTime":{TIME},"cron":"{CRON}","type":"scheduled"}},null,"hello","ExecutionContext",true,{count}]"#
        );
        assert_eq!(logged(&mut worker, "scheduledTime"), (LogLevel::Info, "run-3".to_owned()), "{name}");
        assert_eq!(worker.logs.last().unwrap().message, expected, "{name}");
    }
}

#[test]
fn what_a_listener_gets() {
    let mut worker = serving(
        "addEventListener('scheduled', (event) => console.log([event.type, event.cron, event.scheduledTime, event.noRetry(), \
         event.isTrusted, event instanceof ScheduledEvent, event instanceof ExtendableEvent].join(), GREETING));",
    );
    assert_eq!(run(&mut worker, 1), done(1));
    logged(&mut worker, &format!("scheduled,{CRON},{TIME},,true,true,true hello"));
}

#[test]
fn whether_there_is_a_handler_is_told() {
    for (source, scheduled) in [
        ("export default { fetch() {}, async scheduled() {} };", true),
        ("export default { scheduled() {} };", true),
        ("export default { fetch() {} };", false),
        ("export default { fetch() {}, scheduled: 1 };", false),
        ("export default { fetch() {}, get scheduled() { throw 1; } };", false),
        ("export default { fetch() {} }; export function scheduled() {}", false),
        ("addEventListener('scheduled', () => {});", true),
        ("addEventListener('fetch', () => {});", false),
        (
            "import { WorkerEntrypoint } from 'cloudflare:workers'; export default class extends WorkerEntrypoint { scheduled() {} }",
            true,
        ),
        (
            "import { WorkerEntrypoint } from 'cloudflare:workers'; export default class extends WorkerEntrypoint { fetch() {} }",
            false,
        ),
    ] {
        let mut worker = Worker::start(1);
        let ready = worker.boot(boot("index.js"), &[("index.js", source)]).unwrap();
        assert_eq!(ready.scheduled, scheduled, "{source}");
        if !scheduled {
            // It may be given one later; without, that is said.
            if !source.contains("throw") {
                assert_eq!(run(&mut worker, 1), failed(1, ResetReason::NoHandler), "{source}");
                logged(&mut worker, "the app has no handler for it");
            }
        }
    }
}

#[test]
fn failures() {
    let throwing = "export default { scheduled() { throw new Error('at once'); } };";
    let rejecting = "export default { async scheduled() { await 1; throw new Error('later'); } };";
    let held = "export default { scheduled(event, env, ctx) { ctx.waitUntil((async () => { await 1; throw new Error('held'); })()); } };";
    let listener = "addEventListener('scheduled', () => { throw new Error('listener'); });";
    let second =
        "addEventListener('scheduled', () => {}); addEventListener('scheduled', () => { throw new Error('second'); });";
    let event_held =
        "addEventListener('scheduled', (event) => event.waitUntil(Promise.reject(new Error('of the event'))));";
    for (source, told) in [
        (throwing, "at once"),
        (rejecting, "later"),
        (held, "held"),
        (listener, "listener"),
        (second, "second"),
        (event_held, "of the event"),
    ] {
        let mut worker = serving(source);
        for id in 1..3 {
            assert_eq!(run(&mut worker, id), failed(id, ResetReason::HandlerThrew), "{source}");
        }
        let (level, of) = logged(&mut worker, told);
        assert_eq!((level, of.as_str()), (LogLevel::Error, "run-1"), "{source}");
        assert!(worker.ping(), "nothing is left");
    }
}

#[test]
fn a_run_is_over_when_all_that_it_waits_for_is() {
    let mut worker = serving(
        "const waiting = new Map(); export default {
           fetch(request) { const name = new URL(request.url).pathname.slice(1); waiting.get(name)(); return new Response(''); },
           async scheduled(event, env, ctx) {
             const wait = (name) => new Promise((resolve) => waiting.set(name, resolve));
             console.log('begun'); ctx.waitUntil(wait('first').then(() => ctx.waitUntil(wait('second'))));
             await wait('handler');
             console.log('the handler is over');
           } };",
    );
    worker.links[0].send(&event(1));
    logged(&mut worker, "begun");
    for name in ["handler", "first", "second"] {
        assert!(!worker.ping(), "it is not idle before {name}");
        let id = 10 + u32::try_from(name.len()).unwrap();
        let Frame::RequestHead(_, head) = worker.head("GET", &format!("/{name}"), &[], BodyLength::None) else {
            panic!()
        };
        worker.links[0].send(&Frame::RequestHead(id, head));
        let mut frames = vec![next(&mut worker)];
        if name == "second" {
            frames.push(next(&mut worker));
        }
        assert!(frames.iter().any(|frame| matches!(frame, Frame::ResponseHead(of, _) if *of == id)), "{frames:?}");
        assert_eq!(frames.contains(&done(1)), name == "second", "{frames:?}");
    }
    assert!(worker.ping());
}

#[test]
fn what_is_no_promise_is_no_reason_to_wait() {
    for value in ["1", "{ then: 1 }", "new Response('x')", "'text'", "null", "() => {}"] {
        let mut worker = serving(&format!("export default {{ scheduled() {{ return {value}; }} }};"));
        assert_eq!(run(&mut worker, 1), done(1), "{value}");
    }
    let mut worker = serving(
        "export default { scheduled() { return { then(resolve, reject) { reject(new Error('thenable')); } }; } };",
    );
    assert_eq!(run(&mut worker, 1), failed(1, ResetReason::HandlerThrew));
}

#[test]
fn one_that_is_given_up_is_acknowledged_and_settles_for_nothing() {
    let limits = RuntimeLimits { max_concurrent: 1, timeout_ms: 1_000_000, ..limits() };
    let source = "let release; export default {
        fetch() { release(); return new Response(''); },
        async scheduled(event, env, ctx) { console.log('runs'); ctx.waitUntil(new Promise(() => {})); await new Promise((resolve) => { release = resolve; }); } };";
    let mut worker = Worker::serving_with(&[("index.js", source)], Boot { limits, ..boot("index.js") });
    worker.links[0].send(&event(1));
    logged(&mut worker, "runs");
    worker.links[0].send(&Frame::reset(StreamId::request(1), ResetReason::TimedOut));
    worker.reset_ack(1);
    // Again, for one that it may run on beside: only so many give their places back at once.
    worker.links[0].send(&event(2));
    worker.await_logs("the second", |logs| logs.len() == 2);
    worker.links[0].send(&Frame::reset(StreamId::request(2), ResetReason::TimedOut));
    // One that was not begun is over at once.
    worker.links[0].send_all(&[event(3), Frame::reset(StreamId::request(3), ResetReason::TimedOut)]);
    worker.reset_ack(3);
    worker.ping();
    assert_eq!(worker.logs.len(), 2, "{:?}", worker.logs);
    assert!(worker.get("/").text().starts_with("200"));
}

#[test]
fn code_that_does_not_end_is_ended_and_names_its_run() {
    let limits = RuntimeLimits { cpu_ms: 100, ..limits() };
    let source = "export default { async scheduled() { await 1; for (;;); } };";
    let mut worker = Worker::serving_with(&[("index.js", source)], Boot { limits, ..boot("index.js") });
    match run(&mut worker, 7) {
        Frame::Exiting { culprit, .. } => assert_eq!(culprit, Some(7)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn apps_that_patched_everything_are_called_all_the_same() {
    let source = "
        const { defineProperty } = Object, broken = () => { throw new Error('patched'); };
        for (const [object, names] of [
          [Promise.prototype, ['catch', 'finally']], [Promise, ['resolve', 'reject', 'all']],
          [Map.prototype, ['get', 'set', 'delete', 'has']], [Object, ['defineProperty', 'keys']], [Reflect, ['construct', 'apply', 'get']],
          [Function.prototype, ['call', 'apply', 'bind']], [EventTarget.prototype, ['dispatchEvent', 'addEventListener']],
        ]) for (const name of names) object[name] = broken;
        for (const name of ['Map', 'Promise', 'Reflect', 'ScheduledEvent', 'ScheduledController', 'ExtendableEvent', 'ExecutionContext']) globalThis[name] = broken;
        defineProperty(Object.prototype, 'type', { set: broken, configurable: true });
        defineProperty(Object.prototype, 'pending', { set: broken, configurable: true });
        export default { async scheduled(event, env, ctx) { ctx.waitUntil((async () => {})()); console.log(event.cron, event.type); } };";
    let mut worker = serving(source);
    assert_eq!(run(&mut worker, 1), done(1));
    logged(&mut worker, &format!("{CRON} scheduled"));
}

#[test]
fn frames_that_the_supervisor_must_not_send_end_the_worker() {
    let mut worker = serving("export default { async scheduled() { await new Promise(() => {}); } };");
    worker.links[0].send_all(&[event(1), event(1)]);
    while let Some(frame) = worker.links[0].next() {
        assert!(matches!(frame, Frame::Stats(_) | Frame::Exiting { .. }), "{frame:?}");
    }
}

#[test]
fn node_has_als_in_it() {
    let source = "import { AsyncLocalStorage } from 'node:async_hooks'; const store = new AsyncLocalStorage();
        export default { scheduled(event, env, ctx) { return store.run(event.cron, async () => { await 1; console.log('in', store.getStore()); }); } };";
    let flag = CompatibilityFlags::ALL.into_iter().find(|(word, _)| *word == "nodejs_als").unwrap().1;
    let compatibility_flags = CompatibilityFlags::default().with(flag);
    let mut worker = Worker::serving_with(&[("index.js", source)], Boot { compatibility_flags, ..boot("index.js") });
    assert_eq!(run(&mut worker, 1), done(1));
    assert_eq!(logged(&mut worker, &format!("in {CRON}")).1, "run-1");
}
