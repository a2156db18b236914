//! Requests and responses, bodies both ways, failures, drain.

use bytes::Bytes;
use nano_protocol::limits::{INITIAL_WINDOW, MAX_CHUNK, RESPONSE_WINDOW};
use nano_protocol::{BodyLength, Frame, ResetReason, StreamId};

use crate::hand::{Outcome, Worker, boot};

#[test]
fn the_handler_sees_the_request_and_its_environment() {
    let source = "export default { async fetch(request, env, ctx) {
        return Response.json({
            method: request.method, url: request.url, accept: request.headers.get('accept'), env: env.GREETING,
            odd: env['__proto__'], settings: env.SETTINGS, own: Object.getPrototypeOf(env.SETTINGS) === Object.prototype,
            wait: typeof ctx.waitUntil,
        }, { status: 201, headers: { 'x-one': '1' } });
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let id = worker.open("POST", "/a?b=c", &[("accept", "text/plain")], BodyLength::None);
    let Outcome::Response(head, body) = worker.outcome(id) else { panic!() };
    assert_eq!(head.status, 201);
    let headers: Vec<_> =
        head.headers.iter().map(|(n, v)| (String::from_utf8_lossy(n), String::from_utf8_lossy(v))).collect();
    assert!(headers.contains(&("x-one".into(), "1".into())), "{headers:?}");
    assert!(headers.contains(&("content-type".into(), "application/json".into())), "{headers:?}");
    assert_eq!(
        String::from_utf8(body).unwrap(),
        r#"{"method":"POST","url":"http://test.example/a?b=c","accept":"text/plain","env":"hello","odd":"odd","settings":{"__proto__":{"depth":[1,null]},"on":true},"own":true,"wait":"function"}"#
    );
}

#[test]
fn bodies_of_every_kind_arrive_whole() {
    let source = "export default { async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/null') return new Response(null, { status: 204 });
        if (pathname === '/empty') return new Response('');
        if (pathname === '/text') return new Response('ü€😀');
        if (pathname === '/bytes') return new Response(new Uint8Array([0, 255, 1]).subarray(1));
        return new Response(new Uint8Array(3000000).map((_, i) => i * 31));
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(worker.get("/null").text(), "204 ");
    assert_eq!(worker.get("/empty").text(), "200 ");
    assert_eq!(worker.get("/text").text(), "200 ü€😀");
    let Outcome::Response(head, body) = worker.get("/bytes") else { panic!() };
    assert_eq!((head.body, body.as_slice()), (BodyLength::Known(2), &[255, 1][..]));
    let Outcome::Response(_, body) = worker.get("/large") else { panic!() };
    assert_eq!(body.len(), 3_000_000);
    assert!(body.iter().enumerate().all(|(index, byte)| usize::from(*byte) == index * 31 % 256));
}

#[test]
fn without_credit_no_more_than_the_window_is_sent_and_others_are_served() {
    let source = "export default { fetch(request) {
        return new Response(request.url.endsWith('/large') ? 'x'.repeat(1000000) : 'small');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let large = worker.open("GET", "/large", &[], BodyLength::None);
    let mut received = 0;
    while received < RESPONSE_WINDOW as usize {
        match worker.links[0].next().unwrap() {
            Frame::Data { stream: StreamId { number: id, .. }, end, data } => {
                assert!(id == large && !end && data.len() <= MAX_CHUNK);
                received += data.len();
            }
            Frame::ResponseHead(..) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received, RESPONSE_WINDOW as usize);
    assert_eq!(worker.get("/small").text(), "200 small", "nothing of the large body came in between");
}

#[test]
fn a_request_body_is_read_as_it_comes_and_credited_only_then() {
    let source = "export default { async fetch(request) {
        if (request.url.endsWith('/unread')) { await new Promise((r) => setTimeout(r, 20)); return new Response('unread'); }
        let total = 0;
        for await (const chunk of request.body) total += chunk.byteLength;
        return new Response(String(total));
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let chunk = Bytes::from(vec![1; MAX_CHUNK]);
    let id = worker.open("POST", "/", &[], BodyLength::Unknown);
    let mut window = INITIAL_WINDOW as usize;
    for _ in 0..32 {
        while window < MAX_CHUNK {
            match worker.links[0].next().unwrap() {
                Frame::Credit { stream: StreamId { number: for_id, .. }, bytes } if for_id == id => {
                    window += bytes as usize
                }
                Frame::BodyWanted { id: for_id } if for_id == id => {}
                other => panic!("{other:?}"),
            }
        }
        window -= MAX_CHUNK;
        worker.links[0].send(&Frame::Data { stream: StreamId::request(id), end: false, data: chunk.clone() });
    }
    worker.links[0].send(&Frame::Data { stream: StreamId::request(id), end: true, data: Bytes::new() });
    assert_eq!(worker.outcome(id).text(), format!("200 {}", 32 * MAX_CHUNK));

    let id = worker.open("POST", "/unread", &[], BodyLength::Unknown);
    worker.links[0].send(&Frame::Data { stream: StreamId::request(id), end: false, data: chunk });
    assert!(matches!(worker.links[0].next(), Some(Frame::ResponseHead(..))), "no credit for what is not read");
}

#[test]
fn handlers_that_fail_are_told_apart_and_logged() {
    let source = "export default { fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/throws') throw new Error('boom at once');
        if (pathname === '/rejects') return Promise.reject(new Error('boom later'));
        if (pathname === '/nothing') return;
        if (pathname === '/string') return 'text';
        if (pathname === '/odd') return { get then() { throw new Error('odd thenable') } };
        return Promise.resolve(new Response('fine'));
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    for (path, expected) in [
        ("/throws", ResetReason::HandlerThrew),
        ("/rejects", ResetReason::HandlerThrew),
        ("/nothing", ResetReason::NoResponse),
        ("/string", ResetReason::NoResponse),
        ("/odd", ResetReason::HandlerThrew),
    ] {
        match worker.get(path) {
            Outcome::Reset(reason) => assert_eq!(reason, expected, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    assert_eq!(worker.get("/fine").text(), "200 fine");
    worker.ping();
    let log = worker.log_text();
    assert!(
        log.contains("request-1: Uncaught Error: boom at once\n    at Object.fetch (apps/test/index.js:3:"),
        "{log}"
    );
    assert!(log.contains("request-2: Uncaught Error: boom later\n    at "), "{log}");
    assert!(log.contains("request-3: The handler returned undefined, not a Response"), "{log}");
    assert!(log.contains("request-4: The handler returned a string, not a Response"), "{log}");
}

#[test]
fn a_client_that_leaves_aborts_the_signal_and_the_body() {
    let source = "export default { async fetch(request) {
        request.signal.addEventListener('abort', () => console.log('aborted', request.signal.reason.name));
        try { await request.text() } catch (error) { console.log('body', error.name) }
        return new Response('too late');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let id = worker.open("POST", "/", &[], BodyLength::Unknown);
    // One that is over before its turn is not begun.
    while !matches!(worker.links[0].next(), Some(Frame::BodyWanted { .. })) {}
    worker.links[0].send(&Frame::reset(StreamId::request(id), ResetReason::ClientGone));
    worker.await_logs("both messages", |logs| logs.len() >= 2);
    let log = worker.log_text();
    assert!(log.contains("request-1: aborted AbortError") && log.contains("request-1: body "), "{log}");
    // The late response is not sent: the supervisor has forgotten the request.
    let next = worker.open("GET", "/", &[], BodyLength::None);
    assert_eq!(worker.outcome(next).text(), "200 too late");
}

#[test]
fn many_requests_run_at_once() {
    // Each waits for the last.
    let source = "const open = []; export default { async fetch() {
        await new Promise((resolve) => { if (open.push(resolve) === 200) open.forEach((go) => go()); });
        return new Response('together');
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let ids: Vec<u32> = (0..200).map(|_| worker.open("GET", "/", &[], BodyLength::None)).collect();
    let mut answers = 0;
    let mut chunks = 0;
    while answers < ids.len() || chunks < ids.len() {
        match worker.links[0].next().unwrap() {
            Frame::ResponseHead(..) => answers += 1,
            Frame::Data { end: true, .. } => chunks += 1,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn drain_finishes_what_is_in_flight_and_what_waits_then_ends() {
    let source = "export default { async fetch(request, env, ctx) {
        ctx.waitUntil(new Promise((resolve) => setTimeout(() => { console.log('waited'); resolve() }, 60)));
        ctx.waitUntil(Promise.reject(new Error('background')));
        return new Response(await request.text());
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    let id = worker.open("POST", "/", &[], BodyLength::Unknown);
    worker.control.send(&Frame::Drain);
    worker.ping();
    // Whatever comes after Drain was sent before the supervisor knew.
    let late = worker.open("GET", "/", &[], BodyLength::None);
    assert_eq!(worker.outcome(late).text(), "200 ");
    worker.links[0].send(&Frame::Data { stream: StreamId::request(id), end: true, data: Bytes::from_static(b"done") });
    assert_eq!(worker.outcome(id).text(), "200 done");
    let (status, stderr) = worker.end();
    assert_eq!((status, stderr.as_str()), (0, ""));
    let log = worker.log_text();
    assert!(log.contains("request-1: waited") && log.contains("request-1: Uncaught Error: background"), "{log}");
}

#[test]
fn a_request_that_drain_overtakes_is_answered() {
    let source = "export default { fetch() { return new Response('fine') } }";
    for _ in 0..20 {
        let mut worker = Worker::serving(&[("index.js", source)]);
        let ids: Vec<u32> = (0..3).map(|_| worker.open("GET", "/", &[], BodyLength::None)).collect();
        worker.control.send(&Frame::Drain);
        for id in ids {
            assert_eq!(worker.outcome(id).text(), "200 fine");
        }
        assert_eq!(worker.end().0, 0);
    }
}

#[test]
fn a_link_that_closes_takes_only_its_own_requests_along() {
    let source = "export default { async fetch(request) {
        request.signal.addEventListener('abort', () => console.log('aborted'));
        await new Promise((resolve) => setTimeout(resolve, 30));
        return new Response('x'.repeat(1000000));
    } }";
    let mut worker = Worker::start(2);
    worker.boot(boot("index.js"), &[("index.js", source)]).unwrap();
    let lost = worker.open("GET", "/", &[], BodyLength::None);
    worker.ping();
    worker.links.swap(0, 1);
    let kept = worker.open("GET", "/", &[], BodyLength::None);
    assert_ne!(lost, kept);
    drop(worker.links.pop());
    assert!(worker.outcome(kept).text().starts_with("200 xxx"));
    worker.await_logs("the abort", |logs| !logs.is_empty());
    assert_eq!(worker.log_text(), format!("request-{lost}: aborted\n"));
    worker.control.send(&Frame::Drain);
    assert_eq!(worker.end().0, 0);
}

#[test]
fn counters_come_before_the_response_that_they_happened_in() {
    let source = "export default { async fetch() {
        const writer = new WritableStream({ write() { return new Promise(() => {}) } }).getWriter();
        writer.write('x'.repeat(700000)).catch(() => {});
        try { await writer.write('x'.repeat(700000)) } catch (error) { return new Response(error.message) }
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(worker.get("/").text(), "200 Stream buffer size limit exceeded (max: 1MB)");
    assert_eq!((worker.stats.overflows, worker.stats.errored_by_overflow), (1, 1), "{:?}", worker.stats);
    worker.ping();
    assert!(worker.stats.heap > 1 << 20 && worker.stats.overflows == 1, "{:?}", worker.stats);
}
