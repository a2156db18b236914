//! The protocol, case by case: those of Autobahn's test suite (1 to 7 and 9), against an app that sends back what comes.

use super::{ECHO, HOST, serve};
use nano_test::opcode::{BINARY, CONTINUATION, PING, PONG, TEXT};
use nano_test::{Frame, Nano, WebSocket};

/// Most bytes of a message: max_buffer_size_mb of the app.
const MOST: usize = 1 << 20;

fn open(nano: &Nano) -> WebSocket {
    nano.socket(HOST, "/")
}

/// The connection is closed by nano, with this code.
fn assert_closed(socket: &mut WebSocket, code: u16, case: &str) {
    loop {
        let frame = socket.try_receive().unwrap_or_else(|error| panic!("{case}: no Close: {error}"));
        if let Some(given) = frame.code() {
            assert_eq!(given, code, "{case}: {frame:?}");
            break;
        }
    }
    assert!(socket.is_over(), "{case}");
}

/// It closes, and is answered.
fn assert_closes(mut socket: WebSocket, case: &str) {
    socket.send(&Frame::close(1000, "done"));
    assert_eq!(socket.receive(), Frame::close(1000, "done"), "{case}");
    assert!(socket.is_over(), "{case}");
}

/// Sends these bytes to a new connection, which is closed for it with this code.
fn assert_refused(nano: &Nano, code: u16, case: &str, bytes: &[u8]) {
    let mut socket = open(nano);
    socket.send_bytes(bytes);
    assert_closed(&mut socket, code, case);
}

#[test]
fn messages_of_all_lengths_come_back() {
    let nano = serve(ECHO);
    let mut socket = open(&nano);
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 200_000, MOST - 64] {
        for opcode in [TEXT, BINARY] {
            let frame = Frame::new(opcode, &vec![b'*'; length]);
            socket.send(&frame);
            assert_eq!(socket.receive(), frame, "{length}");
        }
    }
    // In pieces of 997 bytes.
    let frame = Frame::new(TEXT, &vec![b'p'; 65_536]);
    for piece in frame.masked().chunks(997) {
        socket.send_bytes(piece);
    }
    assert_eq!(socket.receive(), frame);
    assert_closes(socket, "1.*");
}

#[test]
fn pings_are_answered_and_pongs_are_not() {
    let nano = serve(ECHO);
    let mut socket = open(&nano);
    for payload in [&b""[..], b"hello", &[0x00, 0xff, 0xfe, 0xfd], &[0xfe; 125]] {
        socket.send(&Frame::new(PING, payload));
        assert_eq!(socket.receive(), Frame::new(PONG, payload));
    }
    // A byte at a time.
    for byte in Frame::new(PING, &[0xfe; 125]).masked() {
        socket.send_bytes(&[byte]);
    }
    assert_eq!(socket.receive(), Frame::new(PONG, &[0xfe; 125]));
    socket.send(&Frame::new(PONG, b"unasked"));
    assert_eq!(socket.ask("still there"), "still there");
    assert_refused(&nano, 1002, "2.5", &Frame::new(PING, &[0xfe; 126]).masked());
    assert_closes(socket, "2.*");
}

#[test]
fn reserved_bits_and_opcodes_are_refused() {
    let nano = serve(ECHO);
    for rsv in 1..8 {
        assert_refused(&nano, 1002, "3.*", &Frame { rsv, ..Frame::text("x") }.masked());
        assert_refused(&nano, 1002, "3.*", &Frame { rsv, ..Frame::new(PING, b"") }.masked());
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_refused(&nano, 1002, "4.*", &Frame::new(opcode, b"x").masked());
        // What came before is answered.
        let mut socket = open(&nano);
        socket.send_bytes(&[Frame::text("before").masked(), Frame::new(opcode, b"").masked()].concat());
        assert_eq!(socket.receive_text(), "before");
        assert_closed(&mut socket, 1002, "4.*");
    }
}

#[test]
fn fragments_become_one_message() {
    let nano = serve(ECHO);
    let mut socket = open(&nano);
    let rest = |fin, payload: &str| Frame { fin, ..Frame::new(CONTINUATION, payload.as_bytes()) };
    socket.send(&Frame::first(TEXT, b"one "));
    socket.send(&rest(false, ""));
    socket.send(&Frame::new(PING, b"within"));
    assert_eq!(socket.receive(), Frame::new(PONG, b"within"));
    socket.send(&rest(false, "two "));
    socket.send(&rest(true, "three"));
    assert_eq!(socket.receive_text(), "one two three");
    socket.send(&Frame::first(BINARY, b""));
    socket.send(&rest(true, ""));
    assert_eq!(socket.receive(), Frame::new(BINARY, b""));
    for (case, frames) in [
        ("5.1", vec![Frame { fin: false, ..Frame::new(PING, b"") }]),
        ("5.2", vec![Frame { fin: false, ..Frame::new(PONG, b"") }]),
        ("5.9", vec![rest(true, "no beginning")]),
        ("5.12", vec![rest(false, "no beginning")]),
        ("5.15", vec![Frame::first(TEXT, b"a"), rest(true, "b"), rest(false, "c")]),
        ("5.18", vec![Frame::first(TEXT, b"a"), Frame::text("b")]),
        ("a compressed fragment", vec![Frame::first(TEXT, b"a"), Frame { rsv: 4, ..rest(true, "b") }]),
    ] {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::masked).collect();
        assert_refused(&nano, 1002, case, &bytes);
    }
    assert_closes(socket, "5.*");
}

#[test]
fn texts_are_utf8() {
    let nano = serve(ECHO);
    let mut socket = open(&nano);
    let good = "Hello-\u{b5}@\u{df}\u{f6}\u{e4}\u{fc}\u{e0}\u{e1}-UTF-8!! \u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5} \u{7ff} \u{800} \u{ffff} \u{10000} \u{10ffff} \u{0}";
    assert_eq!(socket.ask(good), good);
    // Each byte a fragment.
    let (last, before) = good.as_bytes().split_last().unwrap();
    socket.send(&Frame::first(TEXT, b""));
    for byte in before {
        socket.send(&Frame::first(CONTINUATION, &[*byte]));
    }
    socket.send(&Frame::new(CONTINUATION, &[*last]));
    assert_eq!(socket.receive_text(), good);
    let bad: [&[u8]; 12] = [
        b"\xff",
        b"\x80",
        b"\xce\xba\xe1\xbd",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xce\xba\xce",
        b"ok\xf0\x9f\x98",
        b"\xc1\xbf",
    ];
    for bytes in bad {
        assert_refused(&nano, 1007, "6.*", &Frame::new(TEXT, bytes).masked());
    }
    // At once, and not when the message is whole (6.4).
    assert_refused(&nano, 1007, "6.4", &Frame::first(TEXT, b"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80").masked());
    // Bytes are any.
    socket.send(&Frame::new(BINARY, b"\xff\xfe"));
    assert_eq!(socket.receive(), Frame::new(BINARY, b"\xff\xfe"));
    assert_closes(socket, "6.*");
}

#[test]
fn closes_are_answered_with_the_same_code() {
    let nano = serve(ECHO);
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        let mut socket = open(&nano);
        socket.send(&Frame::close(code, ""));
        assert_eq!(socket.receive(), Frame::close(code, ""), "7.7");
        assert!(socket.is_over());
    }
    let mut socket = open(&nano);
    socket.send(&Frame::new(8, b""));
    assert_eq!(socket.receive(), Frame::new(8, b""), "7.3.1");
    let longest = "*".repeat(123);
    let mut socket = open(&nano);
    socket.send(&Frame::close(1000, &longest));
    assert_eq!(socket.receive(), Frame::close(1000, &longest), "7.3.5");
    // Nothing is answered after it (7.1.2).
    let mut socket = open(&nano);
    socket.send_bytes(&[Frame::close(1000, "").masked(), Frame::text("after").masked()].concat());
    assert_closed(&mut socket, 1000, "7.1.2");
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_refused(&nano, 1002, "7.9", &Frame::close(code, "").masked());
    }
    assert_refused(&nano, 1002, "7.3.2", &Frame::new(8, b"x").masked());
    assert_refused(&nano, 1002, "7.3.6", &Frame::close(1000, &"*".repeat(124)).masked());
    assert_refused(&nano, 1007, "7.5.1", &Frame::new(8, b"\x03\xe8\xce\xba\xe1\xbd\xb9\xf4\x90").masked());
}

#[test]
fn a_message_has_a_limit() {
    let nano = serve(ECHO);
    assert_refused(&nano, 1009, "9: one frame", &Frame::new(BINARY, &vec![0; MOST + 1]).masked()[..4096]);
    let mut socket = open(&nano);
    socket.send(&Frame::first(BINARY, &vec![0; MOST]));
    socket.send(&Frame::first(CONTINUATION, b""));
    socket.send(&Frame::new(CONTINUATION, b"x"));
    assert_closed(&mut socket, 1009, "9: fragments");
}

#[test]
fn heads_that_are_no_heads_are_refused() {
    let nano = serve(ECHO);
    for (case, bytes) in [
        ("not masked", vec![0x81, 1, b'x']),
        ("16 bits for 125", vec![0x81, 0xfe, 0, 125, 0, 0, 0, 0]),
        ("64 bits for 65535", vec![0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0]),
        ("the highest bit of a length", vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("16 bits for a control frame", vec![0x89, 0xfe, 0, 126, 0, 0, 0, 0]),
    ] {
        assert_refused(&nano, 1002, case, &bytes);
    }
    assert_refused(&nano, 1009, "2^62", &[0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}
