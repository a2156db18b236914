//! Chunks in buffers, and failures before the first byte.

#![allow(clippy::unwrap_used, reason = "tests")]

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
    while let Poll::Ready(Some(Ok(piece))) = exchange.poll_chunk(&mut cx) {
        taken.push(piece.data);
    }
    taken
}

#[test]
fn tiny_chunks_that_nobody_takes_do_not_keep_a_buffer_each() {
    let exchange = begun(BodyLength::Unknown);
    for n in 0..100_000_u32 {
        exchange.on_chunk(Bytes::from(vec![n.to_le_bytes()[0]]), false).unwrap();
    }
    let taken = taken(&exchange);
    assert!(taken.len() <= 2, "{} pieces", taken.len());
    let bytes = taken.concat();
    assert_eq!(bytes.len(), 100_000);
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
    assert!(matches!(partial.poll_chunk(&mut cx), Poll::Ready(Some(Err(failed))) if failed == why));
}

#[test]
fn large_chunks_are_not_copied_and_small_ones_keep_their_place_between() {
    let exchange = begun(BodyLength::Known(60_005));
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
