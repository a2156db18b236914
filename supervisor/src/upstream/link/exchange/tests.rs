//! Chunks in buffers, and failures before the first byte.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use nano_protocol::limits::{INITIAL_WINDOW, RESPONSE_WINDOW};

use super::super::ResponseWindows;
use super::*;
use crate::upstream::Subject;

fn begun(body: BodyLength) -> Exchange {
    let about = RequestSummary {
        what: Subject::Request(http::Method::GET, None),
        id: http::HeaderValue::from_static("-"),
        spans: None,
    };
    let exchange = Exchange::new(
        0,
        about,
        Deadline { since: Instant::now(), at: Instant::now() },
        0,
        ExchangeKind::Request { has_body: false },
    );
    let head = ResponseHead { status: 200, headers: nano_protocol::HeaderBlock::default(), body };
    exchange.on_head(head).unwrap();
    exchange
}

fn taken(exchange: &Exchange) -> Vec<Bytes> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut taken = Vec::new();
    while let Poll::Ready(Some(Ok(piece))) = exchange.poll_chunk(&mut cx, &ResponseWindows::new().of_app("app")) {
        taken.push(piece.data);
    }
    taken
}

#[test]
fn tiny_chunks_that_nobody_takes_do_not_keep_a_buffer_each() {
    let exchange = begun(BodyLength::Unknown);
    for n in 0..30_000_u32 {
        exchange.on_chunk(Bytes::from(vec![n.to_le_bytes()[0]]), false).unwrap();
    }
    let taken = taken(&exchange);
    assert!(taken.len() <= 2, "{} pieces", taken.len());
    let bytes = taken.concat();
    assert_eq!(bytes.len(), 30_000);
    assert!(bytes.iter().zip(0_u32..).all(|(byte, n)| *byte == n.to_le_bytes()[0]), "out of order");
}

#[test]
fn what_fails_before_its_first_byte_has_no_head() {
    let mut cx = Context::from_waker(Waker::noop());
    let why = Failed::Reset(ResetReason::BodyErrored);
    let empty = begun(BodyLength::Unknown);
    empty.fail(why);
    assert!(matches!(empty.poll_head(&mut cx), Poll::Ready(Err(failed)) if failed == why));
    let partial = begun(BodyLength::Unknown);
    partial.on_chunk(Bytes::from_static(b"part"), false).unwrap();
    partial.fail(why);
    assert!(matches!(partial.poll_head(&mut cx), Poll::Ready(Ok(_))));
    assert_eq!(taken(&partial), ["part"]);
    assert!(
        matches!(partial.poll_chunk(&mut cx, &ResponseWindows::new().of_app("app")), Poll::Ready(Some(Err(failed))) if failed == why)
    );
}

#[test]
fn large_chunks_are_not_copied_and_small_ones_keep_their_place_between() {
    let exchange = begun(BodyLength::Known(80_005));
    // What is taken opens the window.
    exchange.on_chunk(vec![0; 20_000].into(), false).unwrap();
    assert_eq!(taken(&exchange).len(), 1);
    let large = Bytes::from(vec![1; 20_000]);
    let small = Bytes::from_static(&[2]);
    for data in [&large, &small, &small, &large, &small, &large, &small] {
        assert!(!exchange.on_chunk(data.clone(), false).unwrap());
    }
    assert_eq!(exchange.body_left(), Some(60_005));
    assert!(exchange.on_chunk(small, false).unwrap(), "all that was announced is there");
    let taken = taken(&exchange);
    assert_eq!(taken.iter().map(Bytes::len).collect::<Vec<_>>(), [20_000, 2, 20_000, 1, 20_000, 2]);
    assert!(taken.iter().step_by(2).all(|chunk| chunk.as_ptr() == large.as_ptr()));
    assert!(exchange.is_drained());
}

#[test]
fn what_nobody_waits_for_keeps_no_buffer_of_others_alive() {
    let mut cx = Context::from_waker(Waker::noop());
    let buffer = Bytes::from(vec![1; 16 * 1024]);
    // With its head, or while it is waited for, a chunk is taken at once.
    let with_head = begun(BodyLength::Unknown);
    with_head.on_chunk(buffer.clone(), false).unwrap();
    assert_eq!(taken(&with_head)[0].as_ptr(), buffer.as_ptr());
    let awaited = begun(BodyLength::Unknown);
    assert!(awaited.poll_head(&mut cx).is_ready() && taken(&awaited).is_empty());
    awaited.on_chunk(buffer.clone(), false).unwrap();
    assert_eq!(taken(&awaited)[0].as_ptr(), buffer.as_ptr());
    let stuck = begun(BodyLength::Unknown);
    assert!(stuck.poll_head(&mut cx).is_ready());
    stuck.on_chunk(buffer.clone(), false).unwrap();
    assert_ne!(taken(&stuck)[0].as_ptr(), buffer.as_ptr());
}

#[test]
fn a_response_that_is_taken_gets_a_wide_window_and_one_that_is_not_has_the_first() {
    let mut cx = Context::from_waker(Waker::noop());
    let first = RESPONSE_WINDOW as usize;
    let stuck = begun(BodyLength::Unknown);
    stuck.on_chunk(vec![0; first].into(), false).unwrap();
    assert!(stuck.on_chunk(vec![0].into(), false).is_err());
    let flowing = begun(BodyLength::Unknown);
    flowing.on_chunk(vec![0; first].into(), false).unwrap();
    let Poll::Ready(Some(Ok(BodyChunk { credit, .. }))) =
        flowing.poll_chunk(&mut cx, &ResponseWindows::new().of_app("app"))
    else {
        panic!("no chunk")
    };
    assert_eq!(credit, Some(INITIAL_WINDOW));
    flowing.on_chunk(vec![0; INITIAL_WINDOW as usize].into(), false).unwrap();
    assert!(flowing.on_chunk(vec![0].into(), false).is_err());
}
