//! How much is read ahead of the app, and what becomes of it.

#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;

use super::*;

fn requests() -> Requests {
    let mut requests = Requests::default();
    requests.set_links(2);
    requests
}

fn open(requests: &mut Requests, link: usize, id: RequestId, url: usize, body: BodyLength) -> RequestKey {
    let head = RequestHead {
        method: "POST".into(),
        url: "u".repeat(url),
        request_id: "id".into(),
        headers: HeaderBlock::default(),
        body,
        websocket: false,
    };
    requests.open(link, id, head)
}

#[test]
fn reading_ahead_ends_with_a_megabyte_of_heads_and_bodies() {
    let mut requests = requests();
    let large: Vec<_> = (0..8).map(|id| open(&mut requests, 0, id, 64 << 10, BodyLength::Unknown)).collect();
    assert!(!requests.is_far_ahead());
    for id in 0..8 {
        requests.chunk(0, id, Bytes::from(vec![1; 64 << 10]), false).unwrap();
    }
    assert!(requests.is_far_ahead());
    // What comes for a request that was begun is under its window alone.
    let Some(Call::Request { method, url, has_body }) = requests.take_call(large[0]) else { unreachable!() };
    assert_eq!((method.as_str(), url.len(), has_body), ("POST", 64 << 10, true));
    assert!(!requests.is_far_ahead());
    requests.chunk(0, 0, Bytes::from(vec![1; 128 << 10]), false).unwrap();
    assert!(!requests.is_far_ahead());
    assert!(requests.take_call(large[0]).is_none(), "once");
    for key in &large[1..] {
        requests.take_call(*key).unwrap();
    }
    assert_eq!(requests.unbegun, 0);
}

#[test]
fn the_smallest_requests_count_too() {
    let mut requests = requests();
    let count = (0..).take_while(|id| (open(&mut requests, 0, *id, 1, BodyLength::None), !requests.is_far_ahead()).1);
    assert!(count.count() <= MAX_UNBEGUN / OVERHEAD);
}

#[test]
fn a_request_that_is_called_off_leaves_nothing() {
    let mut requests = requests();
    // The same number on two links.
    let (one, other) =
        (open(&mut requests, 0, 5, 9, BodyLength::None), open(&mut requests, 1, 5, 9, BodyLength::Unknown));
    requests.chunk(1, 5, Bytes::from_static(b"body"), false).unwrap();
    assert!(requests.call_off(1, 5));
    assert!(!requests.call_off(1, 5), "it is over");
    assert!(!requests.call_off(1, 6), "there never was one");
    assert_eq!((requests.is_unbegun(one), requests.is_unbegun(other)), (true, false));
    assert!(requests.take_call(other).is_none());
    assert!(requests.chunk(1, 5, Bytes::from_static(b"late"), false).unwrap().is_none());
    assert_eq!(requests.request_id(other), "", "no line of the log can be about it");
    requests.take_call(one).unwrap();
    assert!(!requests.call_off(0, 5), "the app was called for it");
    assert!(requests.reset(0, 5).is_some());
    assert_eq!((requests.unbegun, requests.in_flight()), (0, 0));
}
