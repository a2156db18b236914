//! What waits is bounded by what is given, and goes out in order.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::super::receiver::{Event, Memory, Receiver};
use super::*;

/// What the peer of a sender gets.
fn received(bytes: Vec<u8>, from_client: bool) -> Vec<Event> {
    let mut receiver = Receiver::new(from_client, true, 1 << 20);
    receiver.feed(bytes);
    let (mut coders, mut take) = (Coders::default(), |_| true);
    std::iter::from_fn(|| receiver.next(&mut coders, &mut Memory(&mut take)).unwrap()).collect()
}

#[test]
fn a_peer_gets_what_was_sent() {
    for is_client in [false, true] {
        let (mut sender, mut coders) = (Sender::new(is_client, Some(15)), Coders::default());
        let long = "long ".repeat(1000);
        sender.message(&mut coders, true, &mut long.clone().into_bytes());
        sender.message(&mut coders, false, &mut [1, 2, 3]);
        sender.close(Some(1000), "over");
        sender.message(&mut coders, true, &mut b"after".to_vec());
        assert!(sender.waiting() < long.len(), "it is compressed");
        let mut bytes = Vec::new();
        while sender.waiting() > 0 {
            bytes.extend(sender.take(7));
        }
        assert_eq!(sender.held(), 0);
        let events = received(bytes, is_client);
        assert_eq!(events[0], Event::Text(long));
        assert_eq!(events[1], Event::Binary(vec![1, 2, 3]));
        assert!(matches!(&events[2], Event::Close(close) if close.code == Some(1000) && close.reason == "over"));
        assert_eq!(events.len(), 3);
    }
}

#[test]
fn of_many_pings_the_last_is_answered() {
    let mut sender = Sender::new(false, None);
    sender.pong(b"first".to_vec());
    let waiting = sender.waiting();
    for number in 0..100_000_u32 {
        sender.pong(number.to_be_bytes().to_vec());
    }
    assert_eq!(sender.waiting(), waiting);
    assert_eq!(sender.take(100), b"\x8a\x05first");
    assert_eq!(sender.take(100), [&[0x8a, 4][..], &99_999_u32.to_be_bytes()].concat());
    assert_eq!(sender.waiting(), 0);
}

#[test]
fn a_reason_is_cut_at_a_character() {
    let mut sender = Sender::new(false, None);
    sender.close(Some(1011), &"\u{e9}".repeat(100));
    let frame = sender.take(1000);
    assert_eq!((frame.len(), frame[1]), (126, 124));
    assert!(std::str::from_utf8(&frame[4..]).is_ok());
}
