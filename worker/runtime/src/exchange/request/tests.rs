//! Bodies under both windows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use bytes::BytesMut;
use nano_protocol::limits::{INITIAL_WINDOW, RESPONSE_WINDOW};
use nano_protocol::{Decoder, Side};

use super::after_response::{HELD, RETAINED};
use super::*;

const WINDOW: usize = INITIAL_WINDOW as usize;

/// What makes a response's window as wide.
const WIDER: u32 = INITIAL_WINDOW - RESPONSE_WINDOW;

/// Requests with one link, on which request 0 has come, with a body.
fn opened(body: BodyLength) -> (Requests, RequestKey) {
    let mut requests = Requests::default();
    requests.set_links(1);
    let head = RequestHead {
        method: "POST".into(),
        url: "http://a/".into(),
        request_id: "id".into(),
        headers: HeaderBlock::default(),
        body,
        websocket: false,
    };
    let key = requests.open(0, 0, head);
    (requests, key)
}

/// A piece of request 0's body comes, and what waits for it is woken.
fn chunk(requests: &mut Requests, data: Bytes, end: bool) -> Result<Outcome, StreamViolation> {
    let news = requests.chunk(0, 0, data, end)?;
    Ok(news.map_or(Outcome::Nothing, |key| requests.news(key)))
}

/// Takes the frames that are to be sent.
fn sent(requests: &mut Requests) -> Vec<Frame> {
    let outbox = std::mem::take(requests.outbox(0).unwrap());
    let mut slices = vec![std::io::IoSlice::new(&[]); 100_000];
    let count = outbox.io_slices(&mut slices);
    let mut bytes = BytesMut::new();
    slices[..count].iter().for_each(|slice| bytes.extend_from_slice(slice));
    std::iter::from_fn(|| Decoder::new(Side::Worker).decode(&mut bytes).unwrap()).collect()
}

/// The body bytes in them, the credit, and whether the body ends.
fn tally(frames: &[Frame]) -> (usize, usize, bool) {
    frames.iter().fold((0, 0, false), |(body, credit, ended), frame| match frame {
        Frame::Data { data, end, .. } => (body + data.len(), credit, ended || *end),
        Frame::Credit { bytes, .. } => (body, credit + usize::try_from(*bytes).unwrap(), ended),
        _ => (body, credit, ended),
    })
}

#[test]
fn a_body_that_is_handed_on_takes_no_more_than_both_windows() {
    let (mut requests, key) = opened(BodyLength::Unknown);
    // The first half was there before the response.
    let piece = || Bytes::from(vec![1; WINDOW / 8]);
    for _ in 0..4 {
        assert!(matches!(chunk(&mut requests, piece(), false).unwrap(), Outcome::Nothing));
    }
    assert!(matches!(requests.respond_with_request_body(key, 200, HeaderBlock::default()), Outcome::Nothing));
    assert!(matches!(requests.credit(0, 0, WIDER).unwrap(), Outcome::Nothing));
    let frames = sent(&mut requests);
    assert_eq!(frames[0], Frame::BodyWanted { id: 0 });
    assert!(matches!(&frames[1], Frame::ResponseHead(0, head) if head.body == BodyLength::Unknown));
    assert_eq!(tally(&frames), (WINDOW / 2, WINDOW / 2, false), "it left, so there is room for as much");
    for _ in 0..4 {
        chunk(&mut requests, piece(), false).unwrap();
    }
    assert_eq!(tally(&sent(&mut requests)), (WINDOW / 2, WINDOW / 2, false));
    // The response is not taken: what comes stays here, and earns no credit.
    for _ in 0..8 {
        chunk(&mut requests, piece(), false).unwrap();
    }
    assert_eq!(tally(&sent(&mut requests)), (0, 0, false));
    assert!(chunk(&mut requests, piece(), false).is_err(), "more than the window");
    // As the response is taken the rest follows, and room is given.
    assert!(matches!(requests.credit(0, 0, INITIAL_WINDOW / 2).unwrap(), Outcome::Nothing));
    assert_eq!(tally(&sent(&mut requests)), (WINDOW / 2, WINDOW / 2, false));
    chunk(&mut requests, Bytes::new(), true).unwrap();
    assert!(matches!(requests.credit(0, 0, INITIAL_WINDOW).unwrap(), Outcome::HandedOn));
    assert_eq!(tally(&sent(&mut requests)), (WINDOW / 2, 0, true));
    assert_eq!(requests.in_flight(), 0);
}

#[test]
fn a_body_that_is_empty_is_handed_on_at_once() {
    for body in [BodyLength::None, BodyLength::Known(0)] {
        let (mut requests, key) = opened(body);
        assert!(matches!(requests.respond_with_request_body(key, 200, HeaderBlock::default()), Outcome::HandedOn));
        let frames = sent(&mut requests);
        assert!(matches!(&frames[..], [Frame::ResponseHead(0, head)] if head.body == BodyLength::None));
    }
}

#[test]
fn a_script_is_told_of_room_when_it_waits_for_some_and_only_then() {
    let (mut requests, key) = opened(BodyLength::None);
    assert!(matches!(requests.respond_in_chunks(key, 200, HeaderBlock::default()), Outcome::Nothing));
    assert_eq!(requests.response_room(key), RESPONSE_WINDOW as usize);
    assert!(matches!(requests.credit(0, 0, WIDER).unwrap(), Outcome::Nothing));
    assert_eq!(requests.send_chunk(key, Bytes::from(vec![1; 1000]), false), WINDOW - 1000);
    assert!(matches!(requests.credit(0, 0, 1000).unwrap(), Outcome::Nothing));
    assert_eq!(requests.response_room(key), WINDOW);
    assert_eq!(requests.send_chunk(key, Bytes::from(vec![1; WINDOW]), false), 0);
    assert!(matches!(requests.credit(0, 0, 10).unwrap(), Outcome::Writable));
    assert!(matches!(requests.credit(0, 0, 10).unwrap(), Outcome::Nothing));
    assert!(matches!(requests.end_body(key), Outcome::Complete(None)));
    let frames = sent(&mut requests);
    assert_eq!(tally(&frames), (WINDOW + 1000, 0, true));
    let largest = frames.iter().map(|frame| tally(std::slice::from_ref(frame)).0).max();
    assert_eq!(largest, Some(MAX_CHUNK));
    assert_eq!(requests.response_room(key), 0, "it is over");
}

#[test]
fn single_bytes_that_nobody_reads_do_not_cost_a_record_each() {
    let (mut requests, key) = opened(BodyLength::Unknown);
    for n in 0..10_000_u32 {
        chunk(&mut requests, Bytes::from(vec![n.to_le_bytes()[0]]), n == 9_999).unwrap();
    }
    let mut read = Vec::new();
    let mut pieces = 0;
    while let BodyRead::Chunk(piece) = requests.read_body(key) {
        read.extend_from_slice(&piece);
        pieces += 1;
    }
    assert!(pieces <= 2, "{pieces} pieces");
    assert!(read.iter().zip(0_u32..).all(|(byte, n)| *byte == n.to_le_bytes()[0]), "out of order");
    assert_eq!(read.len(), 10_000);
    assert!(matches!(requests.read_body(key), BodyRead::End));
}

#[test]
fn a_body_that_nobody_wants_is_taken_and_dropped() {
    let (mut requests, key) = opened(BodyLength::Unknown);
    let piece = || Bytes::from(vec![1; WINDOW / 4]);
    for _ in 0..4 {
        chunk(&mut requests, piece(), false).unwrap();
    }
    assert_eq!(tally(&sent(&mut requests)), (0, 0, false), "nobody has taken any");
    assert!(requests.cancel_body(key).is_none());
    assert_eq!(tally(&sent(&mut requests)), (0, WINDOW, false));
    for _ in 0..40 {
        assert!(matches!(chunk(&mut requests, piece(), false).unwrap(), Outcome::Nothing));
    }
    assert_eq!(tally(&sent(&mut requests)), (0, 10 * WINDOW, false));
    assert!(matches!(requests.read_body(key), BodyRead::End));
    chunk(&mut requests, piece(), true).unwrap();
    assert!(matches!(requests.respond(key, 200, HeaderBlock::default(), Bytes::new()), Outcome::Complete(None)));
    assert!(requests.cancel_body(key).is_none(), "the request is over");
}

fn text(read: BodyRead) -> String {
    match read {
        BodyRead::Chunk(data) => String::from_utf8(data.to_vec()).unwrap(),
        BodyRead::End => "end".into(),
        BodyRead::Pending => "pending".into(),
        BodyRead::Gone => "gone".into(),
    }
}

fn answer(requests: &mut Requests, key: RequestKey) {
    assert!(matches!(requests.respond(key, 200, HeaderBlock::default(), Bytes::new()), Outcome::Complete(None)));
}

#[test]
fn a_body_is_asked_for_once_when_it_is_read_and_not_there() {
    let (mut requests, key) = opened(BodyLength::Unknown);
    chunk(&mut requests, Bytes::from_static(b"abc"), false).unwrap();
    assert_eq!(text(requests.read_body(key)), "abc");
    assert!(sent(&mut requests).is_empty(), "it may be all there is");
    for _ in 0..3 {
        assert_eq!(text(requests.read_body(key)), "pending");
    }
    assert_eq!(sent(&mut requests), [Frame::BodyWanted { id: 0 }]);
    chunk(&mut requests, Bytes::new(), true).unwrap();
    assert_eq!(text(requests.read_body(key)), "end");
    let (mut requests, key) = opened(BodyLength::Unknown);
    chunk(&mut requests, Bytes::from_static(b"abc"), true).unwrap();
    assert_eq!((text(requests.read_body(key)), text(requests.read_body(key))), ("abc".into(), "end".into()));
    assert!(sent(&mut requests).is_empty());
}

#[test]
fn wait_until_keeps_what_came_and_what_is_read_goes_on_coming() {
    let (mut requests, key) = opened(BodyLength::Unknown);
    requests.hold(key);
    assert_eq!(text(requests.read_body(key)), "pending");
    answer(&mut requests, key);
    // Sent in this order: the supervisor knows that the body goes on before it knows that the response is complete.
    assert!(matches!(&sent(&mut requests)[..], [Frame::BodyWanted { id: 0 }, Frame::ResponseHead(0, _)]));
    chunk(&mut requests, Bytes::from_static(b"late"), false).unwrap();
    assert_eq!((text(requests.read_body(key)), requests.in_flight()), ("late".into(), 1));
    chunk(&mut requests, Bytes::new(), true).unwrap();
    assert_eq!(text(requests.read_body(key)), "end");
    assert!(requests.release(key).is_none());
    assert!(sent(&mut requests).is_empty(), "the body was at its end");
    assert_eq!(requests.in_flight(), 0);
}

#[test]
fn a_body_that_is_given_up_after_the_response_is_called_off() {
    let (mut requests, key) = opened(BodyLength::Unknown);
    requests.hold(key);
    requests.read_body(key);
    answer(&mut requests, key);
    sent(&mut requests);
    requests.release(key);
    assert_eq!(sent(&mut requests), [Frame::reset(StreamId::request(0), ResetReason::BodyUnwanted)]);
    // Without waitUntil at once.
    let (mut requests, key) = opened(BodyLength::Unknown);
    requests.read_body(key);
    answer(&mut requests, key);
    assert_eq!(sent(&mut requests).last(), Some(&Frame::reset(StreamId::request(0), ResetReason::BodyUnwanted)));
    assert_eq!(text(requests.read_body(key)), "gone");
}

#[test]
fn what_came_of_a_body_that_goes_no_further_is_readable() {
    let (mut requests, key) = opened(BodyLength::Unknown);
    requests.hold(key);
    answer(&mut requests, key);
    chunk(&mut requests, Bytes::from_static(b"came"), false).unwrap();
    assert!(requests.reset(0, 0).is_some());
    assert_eq!((text(requests.read_body(key)), text(requests.read_body(key))), ("came".into(), "gone".into()));
    requests.release(key);
    assert!(
        sent(&mut requests).iter().all(|frame| matches!(frame, Frame::ResponseHead(..))),
        "the supervisor forgot it"
    );
    assert_eq!(requests.in_flight(), 0);
}

#[test]
fn what_wait_until_keeps_is_bounded() {
    let (mut requests, _) = opened(BodyLength::None);
    let mut keys = Vec::new();
    for id in 1..=100 {
        let head = RequestHead {
            method: "POST".into(),
            url: "http://a/".into(),
            request_id: "id".into(),
            headers: HeaderBlock::default(),
            body: BodyLength::Unknown,
            websocket: false,
        };
        let key = requests.open(0, id, head);
        requests.hold(key);
        requests.chunk(0, id, Bytes::from(vec![1; WINDOW / 2]), false).unwrap();
        assert!(matches!(requests.respond(key, 200, HeaderBlock::default(), Bytes::new()), Outcome::Complete(None)));
        requests.chunk(0, id, Bytes::from(vec![1; WINDOW / 2]), false).unwrap();
        keys.push(key);
    }
    let kept: usize = requests.contexts.values().map(|context| context.incoming.body.buffered()).sum();
    assert!(kept <= RETAINED && kept > RETAINED - WINDOW, "{kept}");
    for key in keys {
        requests.release(key);
    }
    assert_eq!((requests.held.retained, requests.in_flight()), (0, 1));
}

#[test]
fn requests_that_wait_until_holds_for_ever_are_forgotten_when_there_are_many() {
    let mut requests = Requests::default();
    requests.set_links(1);
    let mut headers = HeaderBlock::builder();
    assert!(headers.push(b"x", &[b'y'; 60_000]));
    let headers = headers.finish();
    let mut keys = Vec::new();
    for id in 0..1000 {
        let head = RequestHead {
            method: "GET".into(),
            url: "http://a/".into(),
            request_id: "id".into(),
            headers: headers.clone(),
            body: BodyLength::None,
            websocket: false,
        };
        let key = requests.open(0, id, head);
        requests.hold(key);
        assert!(matches!(requests.respond(key, 200, HeaderBlock::default(), Bytes::new()), Outcome::Complete(None)));
        keys.push(key);
    }
    let held = requests.in_flight();
    assert!(held * 60_000 <= HELD && held * 70_000 > HELD, "{held}");
    // The last ones.
    assert!(requests.contexts.get(keys[999]).is_some() && requests.contexts.get(keys[0]).is_none());
    for key in keys {
        requests.release(key);
    }
    assert_eq!((requests.held.bytes, requests.in_flight()), (0, 0));
}

#[test]
fn pieces_that_come_together_are_one_piece() {
    let (mut requests, key) = opened(BodyLength::Unknown);
    assert!(matches!(requests.respond_with_request_body(key, 200, HeaderBlock::default()), Outcome::Nothing));
    let mut told = 0;
    for n in 0..1000 {
        told += requests.chunk(0, 0, Bytes::from_static(b"x"), n == 999).unwrap().map_or(0, |_| 1);
    }
    assert_eq!(told, 1);
    assert!(matches!(requests.news(key), Outcome::HandedOn));
    assert!(matches!(requests.news(key), Outcome::Nothing));
    let frames = sent(&mut requests);
    assert_eq!(tally(&frames), (1000, 0, true));
    assert!(frames.len() <= 3, "{} frames", frames.len());
}
