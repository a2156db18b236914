//! More of everything than any app needs: each ends in an exception, or in the worker's end for the right reason, never in a
//! crash, and in time.

use nano_protocol::{BodyLength, Boot, ExitReason, Frame, RuntimeLimits};

use crate::hand::{Outcome, Worker, boot, limits};

/// Evaluates each expression in a handler of its own request, on one worker; returns what it gave or threw.
fn answers(limits: RuntimeLimits, expressions: &[&str]) -> Vec<String> {
    let list: Vec<String> = expressions.iter().map(|code| format!("async (ctx) => {{ {code} }}")).collect();
    let source = format!(
        "const all = [{}];
        export default {{ async fetch(request, env, ctx) {{
            try {{
                return new Response(String(await all[Number(new URL(request.url).pathname.slice(1))](ctx)));
            }} catch (error) {{ return new Response(`${{error.name}}: ${{error.message}}`) }}
        }} }}",
        list.join(",\n")
    );
    let mut worker = Worker::serving_with(&[("index.js", &source)], Boot { limits, ..boot("index.js") });
    let get = |(index, code): (usize, &&str)| match worker.get(&format!("/{index}")) {
        Outcome::Response(_, body) => String::from_utf8(body).unwrap(),
        other => panic!("{code}: {other:?} {:?}", worker.end()),
    };
    expressions.iter().enumerate().map(get).collect()
}

fn roomy() -> RuntimeLimits {
    RuntimeLimits { memory: 512 << 20, ..limits() }
}

#[test]
fn timers_are_counted() {
    let answers = answers(
        limits(),
        &[
            "let n = 0; try { for (;; n++) setTimeout(() => {}, 1e8) } catch (error) { return `${n} ${error}` }",
            "AbortSignal.timeout(1e8)",
            "setInterval(() => {}, 1e8)",
        ],
    );
    let refused = "QuotaExceededError: The app has too many pending timers";
    assert_eq!(answers, [format!("10000 {refused}"), refused.to_owned(), refused.to_owned()]);
}

#[test]
fn timers_that_were_cleared_or_fired_do_not_count() {
    let code = "for (let i = 0; i < 30000; i++) clearTimeout(setTimeout(() => {}, 1e8));
        let fired = 0;
        for (let round = 0; round < 3; round++) {
            for (let i = 0; i < 9000; i++) setTimeout(() => fired++, 0);
            await new Promise((resolve) => setTimeout(resolve, 1));
        }
        const loops = [];
        for (let i = 0; i < 5000; i++) loops.push(setInterval(() => fired++, 0));
        await new Promise((resolve) => setTimeout(resolve, 20));
        loops.forEach(clearInterval);
        return fired >= 27000";
    assert_eq!(answers(limits(), &[code]), ["true"]);
}

#[test]
fn recursion_in_native_code_is_a_range_error() {
    let chain = "let o = {}; for (let i = 0; i < 200000; i++) o = { o };";
    let nested = "let e = new Error('in'); for (let i = 0; i < 20000; i++) e = new Error('out', { cause: e });";
    let codes = [
        format!("{chain} structuredClone(o)"),
        format!("{chain} console.dir(o, {{ depth: Infinity }}); return 'fine'"),
        format!("{nested} console.log(e); return 'fine'"),
        format!("{nested} structuredClone(e); return 'fine'"),
        "const a = []; a[0] = a; let d = a; for (let i = 0; i < 200000; i++) d = [d]; d.flat(Infinity)".to_owned(),
        "let d = []; for (let i = 0; i < 200000; i++) d = [d]; return String(d).length".to_owned(),
        "JSON.parse('['.repeat(3e6)); return 'fine'".to_owned(),
        "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)".to_owned(),
        "const o = { get a() { return structuredClone(o) } }; structuredClone(o)".to_owned(),
        "let p = {}; for (let i = 0; i < 200000; i++) p = new Proxy(p, {}); return p.x".to_owned(),
        "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))".to_owned(),
        "return new Function.prototype.constructor('1')".to_owned(),
        "let f = (x) => x; for (let i = 0; i < 200000; i++) f = f.bind(null); return f(1)".to_owned(),
        "const t = new EventTarget(); t.addEventListener('x', () => t.dispatchEvent(new Event('x'))); t.dispatchEvent(new Event('x')); return 'fine'".to_owned(),
        "const f = () => console.log({ get [Symbol.toStringTag]() { f() } }); f(); return 'fine'".to_owned(),
        "const h = new Headers({ get a() { return new Headers(this) } }); return h".to_owned(),
        "const f = () => new URL({ toString: f }); f()".to_owned(),
        "let p = Promise.resolve(); for (let i = 0; i < 1e5; i++) p = p.then(() => {}); await p; return 'fine'".to_owned(),
        "let s = new ReadableStream({ start(c) { c.enqueue('x'); c.close() } }); for (let i = 0; i < 200; i++) [s] = s.tee(); return (await s.getReader().read()).value".to_owned(),
        "const f = async () => { await f() }; await f()".to_owned(),
        "const w = new WebAssembly.Memory({ initial: 1 }); const f = () => structuredClone({ get a() { f() } }); f()".to_owned(),
    ];
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    for (code, answer) in codes.iter().zip(answers(roomy(), &codes)) {
        let expected = ["RangeError: Maximum call stack size exceeded", "fine", "SyntaxError: ", "EvalError: ", "x"];
        let other = ["DataCloneError", "TypeError", "undefined", "RangeError: ", "1"];
        assert!(expected.iter().chain(&other).any(|start| answer.starts_with(start)), "{code}: {answer}");
    }
}

#[test]
fn an_event_that_never_ends_closes_its_source_and_not_the_worker() {
    let limits =
        RuntimeLimits { memory: 128 << 20, stream_buffer: 64 << 20, stream_buffer_text: "64".into(), ..limits() };
    let code = "const lines = new TextEncoder().encode('data:0123456789abcdef\\n'.repeat(3000));
        const source = EventSource.from(new ReadableStream({ pull(controller) { controller.enqueue(lines) } }));
        await new Promise((resolve) => { source.onerror = resolve });
        return `closed ${source.readyState}`";
    assert_eq!(answers(limits, &[code]), ["closed 2"]);
}

#[test]
fn a_hundred_thousand_rejections_cost_no_more_than_each_one_does() {
    let answers = answers(
        RuntimeLimits { cpu_ms: 30_000, ..roomy() },
        &[
            "const all = []; for (let i = 0; i < 1e5; i++) all.push(Promise.reject(i)); for (const one of all) one.catch(() => {}); return 'forwards'",
            "const all = []; for (let i = 0; i < 1e5; i++) all.push(Promise.reject(i)); for (const one of all.reverse()) one.catch(() => {}); return 'backwards'",
        ],
    );
    assert_eq!(answers, ["forwards", "backwards"]);
}

#[test]
fn rejections_are_told_in_their_order_and_only_those_that_nobody_handled() {
    let source = "export default { async fetch(request) {
        const all = []; for (let i = 0; i < 100; i++) all.push(Promise.reject('no ' + i));
        for (let i = 99; i >= 0; i--) if (i % 10) all[i].catch(() => {});
        return new Response('done');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(worker.get("/").text(), "200 done");
    worker.ping();
    let told: Vec<String> = worker.logs.iter().map(|line| line.message.clone()).collect();
    let expected: Vec<String> = (0..10).map(|ten| format!("Uncaught (in promise) 'no {}'", ten * 10)).collect();
    assert_eq!(told.len(), 10, "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected.trim_end_matches('\'')) || told.contains(&expected), "{told} {expected}");
    }
}

#[test]
fn headers_that_fit_no_frame_fail_their_own_request() {
    let source = "const parts = {
        '/long': () => [['x', 'v'.repeat(1e6)]],
        '/many': () => Array.from({ length: 1e5 }, (_, i) => ['x-' + i, 'v']),
        '/cookies': () => Array.from({ length: 1e5 }, () => ['set-cookie', 'v']),
        '/name': () => [['n'.repeat(1e6), 'v']],
        '/fine': () => [['x', 'v']],
    };
    export default { fetch: (request) => new Response('x', { headers: parts[new URL(request.url).pathname]() }) }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    for path in ["/long", "/many", "/cookies", "/name"] {
        let outcome = worker.get(path);
        assert!(matches!(outcome, Outcome::Reset(_)), "{path}: {outcome:?}");
        assert_eq!(worker.get("/fine").text(), "200 x");
    }
}

#[test]
fn decoders_take_from_the_app_s_memory_and_give_it_back() {
    let answers = answers(
        RuntimeLimits { memory: 32 << 20, ..limits() },
        &[
            // Given up: the collector takes them.
            "for (let round = 0; round < 10; round++) {
                 for (let i = 0; i < 1000; i++) new TextDecoder('gb18030').decode(new Uint8Array([0x81]), { stream: true });
                 await new Promise((resolve) => setTimeout(resolve, 0));
             }
             return 'fine'",
            "const d = new TextDecoder('gb18030');
             for (let i = 0; i < 1e4; i++) { d.decode(new Uint8Array([0x81]), { stream: true }); d.decode(new Uint8Array([0x30])) }
             return 'fine'",
        ],
    );
    assert_eq!(answers, ["fine", "fine"]);
}

/// Requests whose handlers leave WebAssembly memory behind, none of them busy for long: between them the limit is seen.
#[test]
fn memory_that_many_short_calls_leave_behind_is_seen_between_them() {
    for grow in ["kept.push(new WebAssembly.Memory({ initial: 32 }).buffer);", "kept.push(grown(2 << 20));"] {
        let source = format!(
            "const kept = [];
            const grown = (length) => {{ const b = new ArrayBuffer(0, {{ maxByteLength: length }}); b.resize(length); return b }};
            export default {{ fetch() {{ {grow} return new Response(String(kept.length)) }} }}"
        );
        let limits = RuntimeLimits { memory: 32 << 20, ..limits() };
        let mut worker = Worker::serving_with(&[("index.js", &source)], Boot { limits, ..boot("index.js") });
        let mut served = 0;
        while let Outcome::Response(..) = worker.get("/") {
            served += 1;
            assert!(served < 40, "{grow}: 2 MB each, 32 MB in all");
        }
        assert!(served > 10, "{grow}: {served}");
        let (status, stderr) = worker.end();
        assert_eq!(status, i32::from(ExitReason::Heap.exit_status()), "{grow} {stderr}");
    }
}

#[test]
fn garbage_is_no_reason_to_end() {
    let source = "const grown = (length) => { const b = new ArrayBuffer(0, { maxByteLength: length }); b.resize(length); return b };
        export default { fetch() {
            for (let i = 0; i < 10; i++) { grown(1 << 20); new WebAssembly.Memory({ initial: 16 }).buffer; new Uint8Array(1 << 20) }
            return new Response('fine');
        } }";
    let limits = RuntimeLimits { memory: 32 << 20, ..limits() };
    let mut worker = Worker::serving_with(&[("index.js", source)], Boot { limits, ..boot("index.js") });
    for _ in 0..50 {
        assert_eq!(worker.get("/").text(), "200 fine");
    }
}

#[test]
fn native_garbage_is_collected_before_it_ends_anybody() {
    let answers = answers(
        RuntimeLimits { memory: 32 << 20, cpu_ms: 60_000, ..limits() },
        &["const start = new Date(0);
           for (let i = 0; i < 8000; i++) start.toLocaleString('de', { timeZone: i % 2 ? 'Asia/Tokyo' : 'Europe/Paris' });
           return 'fine'"],
    );
    assert_eq!(answers, ["fine"]);
}

#[test]
fn what_waits_for_ever_does_not_keep_the_next_request_waiting() {
    let source = "export default { fetch(request, env, ctx) {
        if (request.url.endsWith('/flood')) {
            for (let i = 0; i < 1e5; i++) ctx.waitUntil(new Promise(() => {}));
            const tick = () => setTimeout(tick, 0);
            for (let i = 0; i < 100; i++) tick();
        }
        return new Response('here');
    } }";
    let boot = Boot { limits: roomy(), ..boot("index.js") };
    let mut worker = Worker::serving_with(&[("index.js", source)], boot);
    assert_eq!(worker.get("/flood").text(), "200 here");
    for _ in 0..20 {
        assert_eq!(worker.get("/").text(), "200 here");
        worker.ping();
    }
}

#[test]
fn imports_of_what_is_not_there_are_bounded() {
    let source = "export default { async fetch() {
        let n = 0;
        try { for (;; n++) import(`./x${n}.js`).catch(() => {}) } catch (error) { return new Response(`${error}`) }
    } }";
    let limits = RuntimeLimits { memory: 32 << 20, cpu_ms: 20_000, ..limits() };
    let mut worker = Worker::serving_with(&[("index.js", source)], Boot { limits, ..boot("index.js") });
    let id = worker.open("GET", "/", &[], BodyLength::None);
    let mut asked = 0;
    // Its requests get no answers.
    while let Some(frame) = worker.control.next() {
        asked += usize::from(matches!(frame, Frame::ModuleRequest { .. }));
    }
    assert!(matches!(worker.outcome(id), Outcome::Died { .. }));
    let (status, stderr) = worker.wait();
    let memory = [ExitReason::Heap, ExitReason::Memory].map(|reason| i32::from(reason.exit_status()));
    assert!(memory.contains(&status), "{status} {stderr} after {asked} questions");
}
