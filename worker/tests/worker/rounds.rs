//! Much at once: each call into the app's code is a turn of its own, what others wait for is done in between, and small
//! pieces of a body are one piece.

use std::time::{Duration, Instant};

use bytes::Bytes;
use nano_protocol::{
    BodyLength, Boot, FetchFailure, FetchResponse, Frame, HeaderBlock, RequestId, RuntimeLimits, StreamId,
};

use crate::hand::{Outcome, Worker, boot, limits};

/// Calls into the app's code that come at once.
const CALLS: usize = 100;
/// Together they take far more than one may; each is far below it.
const CPU_MS: u32 = 1000;
const SPIN: &str = "const spin = () => { const end = performance.now() + 30; while (performance.now() < end); };";

fn serving(source: &str) -> Worker {
    let limits = RuntimeLimits { cpu_ms: CPU_MS, ..limits() };
    Worker::serving_with(&[("index.js", source)], Boot { limits, ..boot("index.js") })
}

/// Waits for the first line that the app logs, pings, and returns how many lines came before the answer.
fn lines_before_the_pong(worker: &mut Worker) -> usize {
    loop {
        match worker.control.next() {
            Some(Frame::Log(line)) => break worker.logs.push(line),
            Some(Frame::Stats(_)) => {}
            other => panic!("{other:?} instead of a line"),
        }
    }
    worker.ping();
    worker.logs.len()
}

/// The numbers of a request's logs, to their end.
fn logged(worker: &mut Worker, count: usize) -> Vec<usize> {
    while worker.logs.len() < count {
        worker.ping();
    }
    worker.logs.iter().map(|line| line.message.parse().unwrap()).collect()
}

#[test]
fn many_requests_at_once_are_turns_of_their_own_and_pings_are_answered_between_them() {
    let source = format!(
        "{SPIN} let n = 0; export default {{ fetch() {{ console.log(n++); spin(); return new Response('x') }} }}"
    );
    let mut worker = serving(&source);
    let heads: Vec<Frame> = (0..CALLS).map(|_| worker.head("GET", "/", &[], BodyLength::None)).collect();
    let ids: Vec<RequestId> = heads
        .iter()
        .filter_map(|head| match head {
            Frame::RequestHead(id, _) => Some(*id),
            _ => None,
        })
        .collect();
    worker.links[0].send_all(&heads);
    let before = lines_before_the_pong(&mut worker);
    assert!(before < CALLS, "the ping waited for all of them");
    for id in ids {
        // In the order in which they came, so that none is passed over.
        assert_eq!(worker.outcome(id).text(), "200 x");
    }
    assert_eq!(logged(&mut worker, CALLS), (0..CALLS).collect::<Vec<_>>());
}

#[test]
fn pings_are_answered_though_v8_has_a_task_due_each_time() {
    let source = format!(
        "{SPIN} const wasm = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]); let n = 0;
        export default {{ fetch() {{
            console.log(n++);
            // Compiled beside this; what V8 does with it is a task that is due when this is over.
            WebAssembly.compile(wasm);
            spin();
            return new Response('x');
        }} }}"
    );
    let mut worker = serving(&source);
    let heads: Vec<Frame> = (0..CALLS).map(|_| worker.head("GET", "/", &[], BodyLength::None)).collect();
    worker.links[0].send_all(&heads);
    let before = lines_before_the_pong(&mut worker);
    assert!(before < CALLS, "the ping waited for all of them");
}

#[test]
fn many_due_timers_are_turns_of_their_own_and_pings_are_answered_between_them() {
    let source = format!(
        "{SPIN} export default {{ fetch() {{
            for (let n = 0; n < {CALLS}; n++) setTimeout(() => {{ console.log(n); spin() }}, 1);
            return new Response('x');
        }} }}"
    );
    let mut worker = serving(&source);
    assert_eq!(worker.get("/").text(), "200 x");
    let before = lines_before_the_pong(&mut worker);
    assert!(before < CALLS, "the ping waited for all of them");
    // A request does not wait for them either, and their order stays.
    assert_eq!(logged(&mut worker, CALLS), (0..CALLS).collect::<Vec<_>>());
}

#[test]
fn requests_are_answered_while_timers_are_always_due() {
    let source = format!(
        "{SPIN} let n = 0; const again = () => {{ spin(); setTimeout(again, 0) }};
        export default {{ fetch() {{ if (!n++) for (let i = 0; i < 20; i++) again(); return new Response('x') }} }}"
    );
    let mut worker = serving(&source);
    for _ in 0..5 {
        assert_eq!(worker.get("/").text(), "200 x");
        worker.ping();
    }
}

#[test]
fn timers_fire_while_tasks_of_v8_are_always_due() {
    // A compilation that is done comes as a task, and what waits for it runs with that: there is one due each time.
    let source = format!(
        "{SPIN} let steps = 0, fired; export default {{ async fetch() {{
            const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
            const chain = async () => {{
                while (fired === undefined && steps < {CALLS}) {{ await WebAssembly.compile(empty); steps++; spin(); }}
            }};
            setTimeout(() => {{ fired = steps; }}, 0);
            await Promise.all([chain(), chain(), chain(), chain()]);
            return new Response(`${{fired}}`);
        }} }}"
    );
    let mut worker = serving(&source);
    let answer = worker.get("/").text();
    let steps: usize = answer.strip_prefix("200 ").unwrap().parse().expect("it fires before the tasks end");
    assert!(steps < 20, "{steps}");
}

#[test]
fn many_answers_and_ends_of_fetches_at_once_are_turns_of_their_own() {
    let source = format!(
        "{SPIN} let n = 0; export default {{ async fetch() {{
            const each = () => fetch('http://b.example/').then(() => 0, () => 0).then(() => {{ console.log(n++); spin() }});
            await Promise.all(Array.from({{ length: 60 }}, each));
            return new Response('x');
        }} }}"
    );
    let mut worker = serving(&source);
    let request = worker.open("GET", "/", &[], BodyLength::None);
    let mut answers = Vec::new();
    while answers.len() < 60 {
        if let Some(Frame::FetchHead(id, _)) = worker.links[0].next() {
            answers.push(if id % 2 == 0 {
                Frame::fetch_failed(id, FetchFailure::Denied, "no".into())
            } else {
                let head = FetchResponse {
                    status: 200,
                    reason: String::new(),
                    headers: HeaderBlock::default(),
                    body: BodyLength::None,
                };
                Frame::FetchResponse(id, Box::new(head))
            });
        }
    }
    worker.links[0].send_all(&answers);
    let before = lines_before_the_pong(&mut worker);
    assert!(before < 60, "the ping waited for all of them");
    assert_eq!(worker.outcome(request).text(), "200 x");
}

#[test]
fn clients_that_leave_at_once_are_turns_of_their_own() {
    let source = format!(
        "{SPIN} let n = 0; export default {{ fetch(request) {{
            console.log(n++);
            request.signal.addEventListener('abort', () => {{ console.log(n++); spin() }});
            return new Promise(() => {{}});
        }} }}"
    );
    let mut worker = Worker::start(2);
    let limits = RuntimeLimits { cpu_ms: CPU_MS, ..limits() };
    worker.boot(Boot { limits, ..boot("index.js") }, &[("index.js", &source)]).unwrap();
    for _ in 0..CALLS {
        worker.open("GET", "/", &[], BodyLength::None);
    }
    // The app is called for all of them: those that it was not called for would be over without it.
    assert_eq!(logged(&mut worker, CALLS), (0..CALLS).collect::<Vec<_>>());
    worker.logs.clear();
    // All of them with their link.
    worker.links.remove(0);
    let before = lines_before_the_pong(&mut worker);
    assert!(before < CALLS, "the ping waited for all of them");
    assert_eq!(logged(&mut worker, CALLS), (CALLS..2 * CALLS).collect::<Vec<_>>());
}

#[test]
fn many_modules_at_once_are_turns_of_their_own() {
    const MODULES: usize = 60;
    let source = format!(
        "{SPIN} let n = 0; export default {{ async fetch() {{
            const each = (_, m) => import(`./x${{m}}.js`).catch(() => {{ console.log(n++); spin() }});
            await Promise.all(Array.from({{ length: {MODULES} }}, each));
            return new Response('x');
        }} }}"
    );
    let mut worker = serving(&source);
    let request = worker.open("GET", "/", &[], BodyLength::None);
    let mut answers = Vec::new();
    while answers.len() < MODULES {
        if let Some(Frame::ModuleRequest { id, .. }) = worker.control.next() {
            answers.push(Frame::ModuleSource { id, source: Err(nano_protocol::ModuleError::NotFound) });
        }
    }
    worker.control.send_all(&answers);
    let before = lines_before_the_pong(&mut worker);
    assert!(before < MODULES, "the ping waited for all of them");
    assert_eq!(worker.outcome(request).text(), "200 x");
}

#[test]
fn a_chain_of_promises_over_the_limit_is_ended_among_many_short_calls() {
    let source = "export default { async fetch(request) {
        if (!request.url.endsWith('/chain')) return new Response('x');
        for (;;) await null;
    } }";
    let limits = RuntimeLimits { cpu_ms: 300, ..limits() };
    let mut worker = Worker::serving_with(&[("index.js", source)], Boot { limits, ..boot("index.js") });
    let mut heads: Vec<Frame> = (0..50).map(|_| worker.head("GET", "/", &[], BodyLength::None)).collect();
    heads.push(worker.head("GET", "/chain", &[], BodyLength::None));
    worker.links[0].send_all(&heads);
    assert!((1..=50).all(|id| worker.outcome(id).text() == "200 x"));
    let outcome = worker.outcome(51);
    assert!(matches!(outcome, Outcome::Died { blamed: true }), "{outcome:?}");
    assert_eq!(worker.end().0, i32::from(nano_protocol::ExitReason::Cpu.exit_status()));
}

/// Sends a body in single bytes; returns how many pieces the app saw.
fn pieces_of_single_bytes(count: usize) -> usize {
    let source = "export default { async fetch(request) {
        let pieces = 0, bytes = 0;
        for await (const piece of request.body) { pieces++; bytes += piece.length }
        return new Response(`${bytes} ${pieces}`);
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let id = worker.open("POST", "/", &[], BodyLength::Unknown);
    worker.ping();
    let chunks: Vec<Frame> = (0..count)
        .map(|n| Frame::Data { stream: StreamId::request(id), end: n + 1 == count, data: Bytes::from_static(b"x") })
        .collect();
    worker.links[0].send_all(&chunks);
    let answer = worker.outcome(id).text();
    let numbers = answer.strip_prefix("200 ").and_then(|numbers| numbers.split_once(' ')).unwrap();
    assert_eq!(numbers.0, count.to_string());
    numbers.1.parse().unwrap()
}

#[test]
fn a_body_in_single_bytes_does_not_cost_a_call_for_each() {
    let pieces = pieces_of_single_bytes(50_000);
    assert!(pieces < 5_000, "{pieces} pieces");
}

#[test]
fn a_response_to_fetch_in_single_bytes_does_not_cost_a_call_for_each() {
    const BYTES: usize = 50_000;
    let source = "export default { async fetch() {
        let pieces = 0, bytes = 0;
        for await (const piece of (await fetch('http://b.example/')).body) { pieces++; bytes += piece.length }
        return new Response(`${bytes} ${pieces}`);
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let request = worker.open("GET", "/", &[], BodyLength::None);
    let Some(Frame::FetchHead(id, _)) = worker.links[0].next() else { panic!("no fetch") };
    let head = FetchResponse {
        status: 200,
        reason: String::new(),
        headers: HeaderBlock::default(),
        body: BodyLength::Unknown,
    };
    worker.links[0].send(&Frame::FetchResponse(id, Box::new(head)));
    worker.ping();
    let chunks: Vec<Frame> = (0..BYTES)
        .map(|n| Frame::Data { stream: StreamId::fetch(id), end: n + 1 == BYTES, data: Bytes::from_static(b"x") })
        .collect();
    worker.links[0].send_all(&chunks);
    let answer = worker.outcome(request).text();
    let numbers = answer.strip_prefix("200 ").and_then(|numbers| numbers.split_once(' ')).unwrap();
    assert_eq!(numbers.0, BYTES.to_string());
    assert!(numbers.1.parse::<usize>().unwrap() < 5_000, "{answer}");
}

#[test]
fn what_came_before_a_reset_is_read_before_it() {
    let source = "export default { async fetch(request) {
        let bytes = 0;
        try { for await (const piece of request.body) bytes += piece.length } catch { console.log(bytes) }
        return new Response('late');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let id = worker.open("POST", "/", &[], BodyLength::Unknown);
    worker.ping();
    worker.links[0].send_all(&[
        Frame::Data { stream: StreamId::request(id), end: false, data: Bytes::from_static(b"12345") },
        Frame::reset(StreamId::request(id), nano_protocol::ResetReason::ClientGone),
    ]);
    assert_eq!(logged(&mut worker, 1), [5]);
}

#[test]
fn a_worker_says_whether_anything_of_its_app_can_run() {
    let source = "let timer, release;
    export default { async fetch(request, env, ctx) {
        const path = new URL(request.url).pathname;
        if (path === '/timer') timer = setTimeout(() => {}, 3_600_000);
        if (path === '/timer-over') clearTimeout(timer);
        if (path === '/wait-until') ctx.waitUntil(new Promise((resolve) => { release = resolve; }));
        if (path === '/wait-until-over') release();
        if (path === '/fetch') ctx.waitUntil(fetch('http://b.example/').catch(() => {}));
        if (path === '/never') await new Promise(() => {});
        return new Response('x');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let idle = |worker: &mut Worker, what: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !worker.ping() {
            assert!(Instant::now() < deadline, "not idle {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    idle(&mut worker, "at the start");
    // V8 may have a task due at first.
    assert_eq!(worker.get("/").text(), "200 x");
    idle(&mut worker, "after a request");
    for (path, over) in [("/timer", "/timer-over"), ("/wait-until", "/wait-until-over")] {
        assert_eq!(worker.get(path).text(), "200 x");
        assert!(!worker.ping(), "{path}");
        assert_eq!(worker.get(over).text(), "200 x");
        idle(&mut worker, over);
    }
    let id = worker.open("GET", "/fetch", &[], BodyLength::None);
    let Some(Frame::FetchHead(fetch, _)) = worker.links[0].next() else { panic!("no fetch") };
    assert_eq!(worker.outcome(id).text(), "200 x");
    assert!(!worker.ping(), "a fetch is open");
    worker.links[0].send(&Frame::fetch_failed(fetch, FetchFailure::Denied, "no".into()));
    idle(&mut worker, "after a fetch");
    let id = worker.open("GET", "/never", &[], BodyLength::None);
    let deadline = Instant::now() + Duration::from_secs(20);
    while worker.ping() {
        assert!(Instant::now() < deadline, "idle with a request");
    }
    worker.links[0].send(&Frame::reset(StreamId::request(id), nano_protocol::ResetReason::TimedOut));
    idle(&mut worker, "after a reset");
}

#[test]
fn modules_are_asked_for_a_few_at_a_time() {
    let source = "export default { async fetch() {
        const all = Array.from({ length: 1000 }, (_, n) => import(`./x${n}.js`).catch(() => 'none'));
        return new Response(String((await Promise.all(all)).length));
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let request = worker.open("GET", "/", &[], BodyLength::None);
    let mut asked = Vec::new();
    let mut answered = 0;
    while answered < 1000 {
        match worker.control.next_within(Duration::from_millis(if asked.is_empty() { 30_000 } else { 100 })) {
            Ok(Some(Frame::ModuleRequest { id, .. })) => asked.push(id),
            Ok(other) => panic!("{other:?}"),
            Err(()) => {
                assert!(asked.len() <= nano_protocol::limits::MAX_MODULE_REQUESTS, "{} at once", asked.len());
                for id in asked.drain(..) {
                    worker.control.send(&Frame::ModuleSource { id, source: Err(nano_protocol::ModuleError::NotFound) });
                    answered += 1;
                }
            }
        }
    }
    assert_eq!(worker.outcome(request).text(), "200 1000");
}
