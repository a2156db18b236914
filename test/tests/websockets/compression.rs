//! Messages that are compressed (RFC 7692): Autobahn's cases 12 and 13 in short, and what a client may do beyond them.

use super::{ECHO, HOST, serve};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use nano_test::opcode::{BINARY, CONTINUATION, TEXT};
use nano_test::{Dice, Frame, Nano, WebSocket};

const RSV1: u8 = 4;
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

fn deflated(message: &[u8], finish: FlushCompress) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(message.len() + 1024);
    compress.compress_vec(message, &mut out, finish).unwrap();
    out
}

fn compressed(message: &[u8]) -> Vec<u8> {
    let mut out = deflated(message, FlushCompress::Sync);
    assert!(out.ends_with(&TAIL));
    out.truncate(out.len() - TAIL.len());
    out
}

/// What a message is, whether it was compressed or not, within a window of 2^`bits` bytes.
fn inflated(frame: &Frame, bits: u8) -> Vec<u8> {
    if frame.rsv == 0 {
        return frame.payload.clone();
    }
    assert_eq!(frame.rsv, RSV1);
    let mut decompress = Decompress::new_with_window_bits(false, bits);
    let mut out = Vec::with_capacity(2 << 20);
    let input = [&frame.payload[..], &TAIL].concat();
    decompress.decompress_vec(&input, &mut out, FlushDecompress::Sync).unwrap();
    out
}

fn offering(nano: &Nano, offers: &str) -> WebSocket {
    let header = format!("Sec-WebSocket-Extensions: {offers}\r\n");
    WebSocket::open(nano.address, HOST, "/", &header).unwrap().ok().unwrap()
}

#[test]
fn what_is_offered_is_answered() {
    let nano = serve(ECHO);
    let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (offers, answer) in [
        ("permessage-deflate", Some(plain.to_owned())),
        ("permessage-deflate; client_max_window_bits", Some(plain.to_owned())),
        ("permessage-deflate; client_max_window_bits=9; server_no_context_takeover", Some(plain.to_owned())),
        ("x-other, permessage-deflate; server_max_window_bits=10", Some(format!("{plain}; server_max_window_bits=10"))),
        ("permessage-deflate; server_max_window_bits=\"12\"", Some(format!("{plain}; server_max_window_bits=12"))),
        // No compressor here has so small a window.
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", Some(plain.to_owned())),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
        ("permessage-deflate; made_up", None),
        ("x-other", None),
    ] {
        let socket = offering(&nano, offers);
        assert_eq!(socket.head.header("sec-websocket-extensions"), answer.as_deref(), "{offers}");
    }
}

#[test]
fn messages_come_back_whatever_their_length_and_window() {
    let nano = serve(ECHO);
    let mut dice = Dice::new(12);
    for (offer, bits) in [("permessage-deflate", 15), ("permessage-deflate; server_max_window_bits=9", 9)] {
        let mut socket = offering(&nano, offer);
        for length in [0, 16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 1_000_000] {
            let repeated: Vec<u8> = b"lorem ipsum dolor sit amet ".iter().copied().cycle().take(length).collect();
            let random: Vec<u8> = (0..length).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
            for (message, opcode) in [(&repeated, TEXT), (&random, BINARY)] {
                socket.send(&Frame { rsv: RSV1, ..Frame::new(opcode, &compressed(message)) });
                let answer = socket.receive();
                assert_eq!((answer.opcode, &inflated(&answer, bits)), (opcode, message), "{length}");
            }
            // What is long and repeats itself is compressed.
            socket.send(&Frame { rsv: RSV1, ..Frame::new(TEXT, &compressed(&repeated)) });
            let answer = socket.receive();
            assert_eq!(answer.rsv == RSV1, length >= 256, "{length}");
            // Not all messages are.
            socket.send(&Frame::text("plain"));
            assert_eq!(socket.receive_text(), "plain");
        }
    }
}

#[test]
fn a_compressed_message_may_be_fragmented() {
    let nano = serve(ECHO);
    let mut socket = offering(&nano, "permessage-deflate");
    let message = "fragments of a compressed message ".repeat(100);
    let bytes = compressed(message.as_bytes());
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    socket.send(&Frame { rsv: RSV1, ..Frame::first(TEXT, first) });
    socket.send(&Frame::first(CONTINUATION, b""));
    socket.send(&Frame::new(CONTINUATION, rest));
    assert_eq!(inflated(&socket.receive(), 15), message.as_bytes());
    // A last block, and one more byte (§7.2.3.5).
    let last = [deflated(b"last block", FlushCompress::Finish), vec![0]].concat();
    socket.send(&Frame { rsv: RSV1, ..Frame::new(TEXT, &last) });
    assert_eq!(socket.receive_text(), "last block");
}

#[test]
fn what_is_not_as_it_is_said_to_be_is_refused() {
    let nano = serve(ECHO);
    let refused = |code, frame: &Frame| {
        let mut socket = offering(&nano, "permessage-deflate");
        socket.send(frame);
        assert_eq!(socket.receive().code(), Some(code), "{frame:?}");
        assert!(socket.is_over());
    };
    let rsv1 = |payload: &[u8]| Frame { rsv: RSV1, ..Frame::new(TEXT, payload) };
    refused(1002, &rsv1(b"\xff\xff\xff\xff"));
    refused(1002, &Frame { rsv: 6, ..Frame::text("x") });
    refused(1007, &rsv1(&compressed(b"\xff\xff")));
    // A thousand times as large as what is sent: it is not put together to see that.
    refused(1009, &rsv1(&compressed(&vec![0; 8 << 20])));
    // Each last block makes the decompressor begin anew.
    refused(1002, &rsv1(&[0x03, 0x00].repeat(100_000)));
}
