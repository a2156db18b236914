//! Heads that are read as they were written, and those that are none.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_head_is_read_as_it_was_written() {
    let opcodes = [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong];
    for (at, opcode) in opcodes.into_iter().enumerate() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, (1 << 63) - 1] {
            let fin = opcode.is_control() || at == 1;
            let length = if opcode.is_control() { length.min(125) } else { length };
            for mask in [None, Some([1, 2, 3, 4])] {
                let head = Head { fin, compressed: at == 2, opcode, mask, length };
                let mut bytes = Vec::new();
                head.write(&mut bytes);
                assert!(bytes.len() <= MAX_HEAD);
                for cut in 0..bytes.len() {
                    assert_eq!(Head::parse(&bytes[..cut]), Ok(None), "{head:?}");
                }
                assert_eq!(Head::parse(&bytes), Ok(Some((head, bytes.len()))));
            }
        }
    }
}

#[test]
fn what_is_no_head_is_refused_before_all_of_it_is_there() {
    for bytes in [[0x91, 0], [0xa1, 0], [0x83, 0], [0x8f, 0], [0x09, 0], [0x89, 126], [0x88, 127]] {
        assert!(Head::parse(&bytes).is_err(), "{bytes:x?}");
    }
    for bytes in
        [&[0x82, 126, 0, 125][..], &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]]
    {
        assert!(Head::parse(bytes).is_err(), "{bytes:x?}");
    }
}

#[test]
fn a_mask_goes_on_where_it_was() {
    let key = [0x11, 0x22, 0x33, 0x44];
    let plain: Vec<u8> = (0..=255).collect();
    let expected: Vec<u8> = plain.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    for cut in [0, 1, 2, 3, 4, 5, 7, 8, 9, 100, 256] {
        let mut bytes = plain.clone();
        let (first, rest) = bytes.split_at_mut(cut);
        mask(first, key, 0);
        mask(rest, key, cut);
        assert_eq!(bytes, expected, "{cut}");
    }
}
