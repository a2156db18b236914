//! Which ends are acknowledged, and when.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_protocol::{BodyLength, Decoder, Frame, HeaderBlock, RequestHead, Side};

use super::*;

const MS: Duration = Duration::from_millis(1);

fn requests(handlers: usize) -> Requests {
    let mut requests = Requests::default();
    requests.set_links(2);
    requests.allow_aborted(Allowance { handlers, patience: MS * 10 });
    requests
}

/// A request whose handler runs.
fn running(requests: &mut Requests, link: usize, id: RequestId) -> RequestKey {
    let head = RequestHead {
        method: "GET".into(),
        url: "http://a/".into(),
        request_id: "id".into(),
        headers: HeaderBlock::default(),
        body: BodyLength::None,
        websocket: false,
    };
    let key = requests.open(link, id, head);
    requests.take_call(key).unwrap();
    key
}

fn abort(requests: &mut Requests, link: usize, id: RequestId, now: Instant) {
    assert!(requests.abort_handler(link, id, now));
    requests.reset(link, id).unwrap();
    requests.acknowledge_allowed();
}

/// What was acknowledged on a link since it was asked last.
fn acknowledged(requests: &mut Requests, link: usize) -> Vec<RequestId> {
    let outbox = requests.outbox(link).unwrap();
    let mut slices = [std::io::IoSlice::new(&[]); 8];
    let count = outbox.io_slices(&mut slices);
    let mut bytes: bytes::BytesMut = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
    let length = bytes.len();
    outbox.advance(length);
    let mut ids = Vec::new();
    while let Some(frame) = Decoder::new(Side::Worker).decode(&mut bytes).unwrap() {
        ids.extend(if let Frame::ResetAck { id } = frame { Some(id) } else { None });
    }
    ids
}

#[test]
fn the_oldest_go_first_whatever_link_they_are_on() {
    let (mut requests, now) = (requests(1), Instant::now());
    let keys: Vec<_> = (0..4).map(|id| running(&mut requests, id as usize % 2, id)).collect();
    (0..4).for_each(|id| abort(&mut requests, id as usize % 2, id, now));
    assert_eq!((acknowledged(&mut requests, 0), acknowledged(&mut requests, 1)), (vec![0], vec![]));
    // One that was withheld settles: the allowance is the same.
    requests.handler_settled(keys[1]);
    assert_eq!((acknowledged(&mut requests, 0), acknowledged(&mut requests, 1)), (vec![], vec![1]));
    requests.handler_settled(keys[0]);
    assert_eq!((acknowledged(&mut requests, 0), acknowledged(&mut requests, 1)), (vec![2], vec![]));
    requests.handler_settled(keys[0]);
    assert_eq!(acknowledged(&mut requests, 0), [0; 0], "once");
    requests.handler_settled(keys[2]);
    assert_eq!(acknowledged(&mut requests, 1), [3]);
    requests.handler_settled(keys[3]);
    assert!(requests.aborted.running.is_empty());
    assert_eq!(requests.aborted.acknowledged, 0);
}

#[test]
fn what_has_run_on_for_long_makes_room() {
    let (mut requests, now) = (requests(2), Instant::now());
    for id in 0..5 {
        running(&mut requests, 0, id);
        abort(&mut requests, 0, id, now + MS * id);
    }
    assert_eq!(acknowledged(&mut requests, 0), [0, 1]);
    assert_eq!(requests.handlers_expire(), Some(now + MS * 10));
    requests.expire_handlers(now + MS * 9);
    assert_eq!(acknowledged(&mut requests, 0), [0; 0]);
    requests.expire_handlers(now + MS * 11);
    assert_eq!(acknowledged(&mut requests, 0), [2, 3]);
    requests.expire_handlers(now + MS * 12);
    assert_eq!(acknowledged(&mut requests, 0), [4]);
    // Nothing waits: nothing is due, and what is left is forgotten when it matters.
    assert_eq!(requests.handlers_expire(), None);
    assert_eq!(requests.aborted.running.len(), 2);
}

#[test]
fn one_that_has_answered_does_not_run() {
    let mut requests = requests(0);
    let key = running(&mut requests, 0, 0);
    requests.respond_in_chunks(key, 200, HeaderBlock::default());
    assert!(!requests.abort_handler(0, 0, Instant::now()));
    let held = running(&mut requests, 0, 1);
    requests.hold(held);
    requests.respond(held, 200, HeaderBlock::default(), bytes::Bytes::new());
    assert!(!requests.abort_handler(0, 1, Instant::now()), "waitUntil is no handler");
    assert!(!requests.abort_handler(0, 2, Instant::now()), "there is none");
}
