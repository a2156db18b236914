//! Requests that the supervisor ends: before they are begun, in the middle, afterwards, twice. Each end is answered once.

use bytes::Bytes;
use nano_protocol::{BodyLength, Boot, Frame, RequestId, ResetReason, RuntimeLimits, StreamId};

use crate::hand::{Worker, boot, limits};

/// Says which request it is called for, and takes a while; `/hold` stays open, `/wait` until `/release`.
const APP: &str = "let release; const waiting = []; export default { async fetch(request, env, ctx) {
    const path = new URL(request.url).pathname;
    console.log(path);
    if (path === '/wait') {
        await new Promise((resolve, reject) => waiting.push(waiting.length % 2 ? resolve : reject));
    }
    if (path === '/release-one') waiting.shift()();
    if (path === '/heed') await new Promise((resolve) => request.signal.onabort = resolve);
    const end = performance.now() + 20; while (performance.now() < end);
    if (path === '/hold') {
        request.signal.addEventListener('abort', () => console.log('aborted', request.signal.reason.message));
        await new Promise(() => {});
    }
    if (path === '/wait-until') {
        ctx.waitUntil(new Promise((resolve) => { release = resolve; }));
        await new Promise(() => {});
    }
    if (path === '/release') release();
    if (path === '/read') return new Response(await request.text());
    return new Response(path);
} }";

fn serving() -> Worker {
    let limits = RuntimeLimits { cpu_ms: 2000, ..limits() };
    Worker::serving_with(&[("index.js", APP)], Boot { limits, ..boot("index.js") })
}

fn id_of(head: &Frame) -> RequestId {
    let Frame::RequestHead(id, _) = head else { panic!("{head:?}") };
    *id
}

fn reset(id: RequestId, reason: ResetReason) -> Frame {
    Frame::reset(StreamId::request(id), reason)
}

/// Ends requests whose handlers run, and says which ends are acknowledged as soon as the app has been called again.
fn acknowledged(worker: &mut Worker, ended: &[RequestId]) -> Vec<RequestId> {
    let resets: Vec<Frame> = ended.iter().map(|id| reset(*id, ResetReason::ClientGone)).collect();
    worker.links[0].send_all(&resets);
    acknowledged_by(worker, "/next")
}

/// Which ends are acknowledged before a request for this path is answered.
fn acknowledged_by(worker: &mut Worker, path: &str) -> Vec<RequestId> {
    let last = worker.open("GET", path, &[], BodyLength::None);
    let mut acknowledged = Vec::new();
    loop {
        match worker.links[0].next().unwrap() {
            Frame::ResetAck { id } => acknowledged.push(id),
            Frame::Data { stream, end: true, .. } if stream.number == last => return acknowledged,
            _ => {}
        }
    }
}

/// Lets a handler settle, and says which ends are acknowledged then.
fn release_one(worker: &mut Worker) -> Vec<RequestId> {
    let before = acknowledged_by(worker, "/release-one");
    before.into_iter().chain(acknowledged_by(worker, "/next")).collect()
}

/// Requests for this path that the app was called for.
fn running(worker: &mut Worker, path: &str, count: usize) -> Vec<RequestId> {
    let before = begun(worker, path);
    let ids: Vec<_> = (0..count).map(|_| worker.open("GET", path, &[], BodyLength::None)).collect();
    worker.await_logs("they run", |logs| logs.iter().filter(|line| line.message == path).count() == before + count);
    ids
}

fn with_places(max_concurrent: u32, timeout_ms: u32) -> Worker {
    let limits = RuntimeLimits { max_concurrent, timeout_ms, ..limits() };
    Worker::serving_with(&[("index.js", APP)], Boot { limits, ..boot("index.js") })
}

#[test]
fn handlers_that_ignore_their_end_have_places_beyond_as_many() {
    let mut worker = with_places(2, 1_000_000);
    let waiting = running(&mut worker, "/wait", 5);
    assert_eq!(acknowledged(&mut worker, &waiting), waiting[..2], "the others run too");
    // One settles, by an error and by a response, for each that may go.
    for next in &waiting[2..] {
        assert_eq!(release_one(&mut worker), [*next]);
    }
    assert_eq!(release_one(&mut worker), [0; 0]);
    assert_eq!(release_one(&mut worker), [0; 0]);
    // None runs any more: there is room for two again.
    let waiting = running(&mut worker, "/wait", 3);
    assert_eq!(acknowledged(&mut worker, &waiting), waiting[..2]);
    await_idle(&mut worker);
}

#[test]
fn handlers_that_heed_their_end_give_their_places_back_at_once() {
    let mut worker = with_places(1, 1_000_000);
    let heeding = running(&mut worker, "/heed", 20);
    assert_eq!(acknowledged(&mut worker, &heeding), heeding);
    let waiting = running(&mut worker, "/wait", 2);
    let heeding = running(&mut worker, "/heed", 20);
    assert_eq!(acknowledged(&mut worker, &waiting), waiting[..1]);
    assert_eq!(acknowledged(&mut worker, &heeding), heeding, "whatever others do");
}

#[test]
fn a_handler_that_never_settles_counts_for_a_while() {
    let mut worker = with_places(1, 300);
    let held = running(&mut worker, "/hold", 6);
    let resets: Vec<Frame> = held.iter().map(|id| reset(*id, ResetReason::TimedOut)).collect();
    worker.links[0].send_all(&resets);
    // Nothing else happens in the worker.
    held.iter().for_each(|id| worker.reset_ack(*id));
    await_idle(&mut worker);
}

/// How often the app was called for a path.
fn begun(worker: &mut Worker, path: &str) -> usize {
    worker.ping();
    worker.logs.iter().filter(|line| line.message == path).count()
}

fn await_idle(worker: &mut Worker) {
    while !worker.ping() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_request_that_is_over_before_its_turn_is_not_begun() {
    const DEAD: usize = 500;
    let mut worker = serving();
    let mut frames = vec![worker.head("GET", "/first", &[], BodyLength::None)];
    let mut dead = Vec::new();
    for n in 0..DEAD {
        let length = if n % 2 == 0 { BodyLength::None } else { BodyLength::Unknown };
        let head = worker.head("POST", "/dead", &[], length);
        let id = id_of(&head);
        frames.push(head);
        if n % 4 == 1 {
            let data = Bytes::from_static(b"the beginning of a body");
            frames.push(Frame::Data { stream: StreamId::request(id), end: false, data });
        }
        frames.push(reset(id, if n % 3 == 0 { ResetReason::TimedOut } else { ResetReason::ClientGone }));
        dead.push(id);
    }
    frames.push(worker.head("GET", "/last", &[], BodyLength::None));
    let last = id_of(&frames[frames.len() - 1]);
    worker.links[0].send_all(&frames);
    let (mut acknowledged, mut answered) = (Vec::new(), false);
    while acknowledged.len() < DEAD || !answered {
        match worker.links[0].next().unwrap() {
            Frame::ResetAck { id } => acknowledged.push(id),
            Frame::Data { stream, end: true, .. } => answered |= stream.number == last,
            Frame::ResponseHead(id, head) => assert!(!dead.contains(&id), "{id} {head:?}"),
            Frame::Stats(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(acknowledged, dead, "each once, in order");
    assert_eq!((begun(&mut worker, "/first"), begun(&mut worker, "/last"), begun(&mut worker, "/dead")), (1, 1, 0));
    await_idle(&mut worker);
}

#[test]
fn what_is_reset_while_others_run_is_not_begun_either() {
    const REQUESTS: usize = 200;
    let mut worker = serving();
    let heads: Vec<Frame> = (0..REQUESTS).map(|_| worker.head("GET", "/busy", &[], BodyLength::None)).collect();
    worker.links[0].send_all(&heads);
    // The first is begun, and the others are waiting.
    worker.await_logs("the first", |logs| !logs.is_empty());
    let resets: Vec<Frame> = heads[1..].iter().map(|head| reset(id_of(head), ResetReason::ClientGone)).collect();
    worker.links[0].send_all(&resets);
    let mut acknowledged = 0;
    while acknowledged < REQUESTS - 1 {
        acknowledged += usize::from(matches!(worker.links[0].next().unwrap(), Frame::ResetAck { .. }));
    }
    let begun = begun(&mut worker, "/busy");
    assert!(begun < REQUESTS / 2, "{begun} of {REQUESTS} were begun");
    await_idle(&mut worker);
}

#[test]
fn a_request_that_is_open_is_aborted_before_others_begin() {
    let mut worker = serving();
    let id = worker.open("GET", "/hold", &[], BodyLength::None);
    worker.await_logs("it is open", |logs| !logs.is_empty());
    let mut frames: Vec<Frame> = (0..50).map(|_| worker.head("GET", "/busy", &[], BodyLength::None)).collect();
    frames.push(reset(id, ResetReason::TimedOut));
    worker.links[0].send_all(&frames);
    worker.await_logs("all of them", |logs| logs.len() == 52);
    let lines: Vec<&str> = worker.logs.iter().map(|line| line.message.as_str()).collect();
    let aborted = lines.iter().position(|line| *line == "aborted The request took too long").unwrap();
    assert!(aborted < 50, "{lines:?}");
    let answered =
        (0..100).filter(|_| matches!(worker.links[0].next().unwrap(), Frame::ResetAck { id: of } if of == id));
    assert_eq!(answered.take(1).count(), 1);
}

#[test]
fn every_reset_is_answered_once_whatever_it_is_about() {
    let mut worker = serving();
    // Twice, of one that is open.
    let id = worker.open("GET", "/hold", &[], BodyLength::None);
    worker.await_logs("it is open", |logs| !logs.is_empty());
    worker.links[0].send_all(&[reset(id, ResetReason::ClientGone), reset(id, ResetReason::ClientGone)]);
    worker.reset_ack(id);
    worker.reset_ack(id);
    // Twice, of one that is not begun.
    let head = worker.head("GET", "/dead", &[], BodyLength::None);
    let id = id_of(&head);
    worker.links[0].send_all(&[head, reset(id, ResetReason::TimedOut), reset(id, ResetReason::ClientGone)]);
    worker.reset_ack(id);
    worker.reset_ack(id);
    // Of one that is answered, and one that there never was.
    let id = worker.open("GET", "/done", &[], BodyLength::None);
    assert_eq!(worker.outcome(id).text(), "200 /done");
    worker.links[0].send_all(&[reset(id, ResetReason::ClientGone), reset(77_777, ResetReason::ClientGone)]);
    worker.reset_ack(id);
    worker.reset_ack(77_777);
    // In the middle of a body that is read.
    let id = worker.open("POST", "/read", &[], BodyLength::Unknown);
    assert!(matches!(worker.links[0].next(), Some(Frame::BodyWanted { .. })));
    let data = Bytes::from_static(b"half");
    worker.links[0].send_all(&[
        Frame::Data { stream: StreamId::request(id), end: false, data },
        reset(id, ResetReason::BodyTooLarge),
    ]);
    worker.reset_ack(id);
    // The rest of a body after the response is none.
    let id = worker.open("POST", "/done", &[], BodyLength::Unknown);
    assert_eq!(worker.outcome(id).text(), "200 /done");
    worker.links[0].send(&reset(id, ResetReason::BodyUnwanted));
    let id = worker.open("GET", "/last", &[], BodyLength::None);
    while !matches!(worker.links[0].next(), Some(Frame::Data { stream, end: true, .. }) if stream.number == id) {}
    assert_eq!(begun(&mut worker, "/dead"), 0);
    await_idle(&mut worker);
}

#[test]
fn what_wait_until_holds_goes_on_after_the_reset_and_holds_up_no_answer() {
    let mut worker = serving();
    let id = worker.open("GET", "/wait-until", &[], BodyLength::None);
    worker.await_logs("it is open", |logs| !logs.is_empty());
    worker.links[0].send(&reset(id, ResetReason::ClientGone));
    worker.reset_ack(id);
    assert!(!worker.ping(), "a promise of waitUntil is pending");
    worker.control.send(&Frame::Drain);
    assert_eq!(worker.get("/release").text(), "200 /release");
    assert_eq!(worker.end().0, 0);
}

#[test]
fn drain_waits_for_no_request_that_is_over() {
    let mut worker = serving();
    let held = worker.open("GET", "/hold", &[], BodyLength::None);
    worker.await_logs("it is open", |logs| !logs.is_empty());
    let head = worker.head("GET", "/dead", &[], BodyLength::None);
    let dead = id_of(&head);
    worker.links[0].send_all(&[head, reset(dead, ResetReason::ClientGone), reset(held, ResetReason::ClientGone)]);
    worker.control.send(&Frame::Drain);
    let (status, _) = worker.end();
    assert_eq!(status, 0);
    assert!(worker.logs.iter().all(|line| line.message != "/dead"), "{}", worker.log_text());
}
