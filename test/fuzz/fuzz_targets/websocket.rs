//! What a peer of a WebSocket sends: where it is cut does not matter, no more is kept than was sent, and what comes out is what
//! a reader of RFC 6455 in this target finds, which knows no state but the message that it is in.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../worker/runtime/src/ops/websocket/close_code.rs"]
mod close_code;
#[path = "../../../worker/runtime/src/ops/websocket/deflate.rs"]
mod deflate;
#[path = "../../../worker/runtime/src/ops/websocket/frame.rs"]
mod frame;
#[path = "../../../worker/runtime/src/ops/websocket/receiver.rs"]
mod receiver;

use deflate::Coders;
use receiver::{Event, Fault, Memory, Receiver};

/// Bytes of a message.
const MOST: usize = 1000;

/// Everything that comes of these pieces, and the fault that ends it.
fn read(pieces: &[&[u8]], deflate: bool) -> (Vec<Event>, Option<Fault>) {
    let mut receiver = Receiver::new(true, deflate, MOST);
    let (mut coders, mut take, mut events) = (Coders::default(), |_| true, Vec::new());
    for piece in pieces {
        receiver.feed(piece.to_vec());
        loop {
            match receiver.next(&mut coders, &mut Memory(&mut take)) {
                Ok(Some(event)) => {
                    let is_last = matches!(event, Event::Close(_));
                    events.push(event);
                    if is_last {
                        return (events, None);
                    }
                }
                Ok(None) => break,
                Err(fault) => return (events, Some(fault)),
            }
        }
        assert!(receiver.held() <= 2 * MOST + 32, "no more is kept than a message");
    }
    (events, None)
}

/// A frame as §5.2 has it: its first byte, its payload, and what is behind it.
fn split(bytes: &[u8]) -> Option<(u8, Vec<u8>, &[u8])> {
    let (&[first, second], mut rest) = bytes.split_first_chunk()?;
    let mut length = u64::from(second & 0x7f);
    let extra = match length {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if extra > 0 {
        let (long, behind) = rest.split_at_checked(extra)?;
        length = long.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
        rest = behind;
    }
    let (key, rest) = rest.split_first_chunk::<4>()?;
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((first, payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect(), rest))
}

/// The messages of a stream that has no fault and no compression.
fn messages(mut bytes: &[u8]) -> Vec<Event> {
    let (mut events, mut kind, mut message) = (Vec::new(), 0, Vec::new());
    while let Some((first, payload, rest)) = split(bytes) {
        bytes = rest;
        match first & 0x0f {
            8 => break,
            9 => events.push(Event::Ping(payload)),
            10 => events.push(Event::Pong),
            opcode => {
                kind = if opcode == 0 { kind } else { opcode };
                message.extend(payload);
                if first & 0x80 != 0 {
                    let whole = std::mem::take(&mut message);
                    let text = (kind == 1).then(|| String::from_utf8(whole.clone()).expect("a text that was accepted"));
                    events.push(text.map_or(Event::Binary(whole), Event::Text));
                }
            }
        }
    }
    events
}

fuzz_target!(|data: &[u8]| {
    let Some((&[cut, deflate], bytes)) = data.split_first_chunk() else { return };
    let deflate = deflate & 1 == 1;
    let whole = read(&[bytes], deflate);
    let (first, second) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(read(&[first, second], deflate), whole, "where it is cut does not matter");
    for event in &whole.0 {
        match event {
            Event::Text(text) => assert!(text.len() <= MOST),
            Event::Binary(bytes) => assert!(bytes.len() <= MOST),
            Event::Ping(payload) => assert!(payload.len() <= frame::MAX_CONTROL),
            Event::Close(close) => assert!(close.reason.len() <= frame::MAX_CONTROL),
            Event::Pong => {}
        }
    }
    if let (events, None) = &whole
        && !deflate
    {
        let told: Vec<_> = events.iter().filter(|event| !matches!(event, Event::Close(_))).collect();
        assert_eq!(told, messages(bytes).iter().collect::<Vec<_>>());
    }
});
