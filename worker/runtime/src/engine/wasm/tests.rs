//! Binaries with and without shared memories, and binaries that cannot be read.

use super::*;

const HEADER: &[u8] = b"\0asm\x01\0\0\0";

fn module(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    for (number, content) in sections {
        bytes.extend([*number, u8::try_from(content.len()).unwrap_or(u8::MAX)]);
        bytes.extend(*content);
    }
    bytes
}

#[test]
fn shared_memories_are_found_wherever_they_are() {
    assert_eq!(examine(HEADER), Verdict::Unshared);
    let types: (u8, &[u8]) = (1, &[1, 0x60, 0, 0]);
    for (sections, verdict) in [
        (vec![(5, &[1, 0, 1][..])], Verdict::Unshared),
        (vec![types, (5, &[1, 1, 1, 2])], Verdict::Unshared),
        (vec![(5, &[1, 3, 1, 2])], Verdict::Shared),
        (vec![(5, &[2, 0, 1, 3, 1, 2])], Verdict::Shared),
        // 64-bit.
        (vec![(5, &[1, 7, 1, 0x80, 2])], Verdict::Shared),
        (vec![(5, &[1, 5, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 2])], Verdict::Unshared),
        // Imported, after a function, a table, a global and a tag.
        (vec![(2, &[1, 1, b'm', 1, b'x', 2, 3, 1, 2])], Verdict::Shared),
        (
            vec![
                types,
                (2, &[5, 0, 0, 0, 0, 0, 0, 1, 0x63, 0x70, 0, 1, 0, 0, 3, 0x7f, 0, 0, 0, 4, 0, 0, 0, 0, 2, 3, 1, 2]),
            ],
            Verdict::Shared,
        ),
        (vec![(2, &[1, 0, 0, 2, 1, 1, 2]), (5, &[1, 3, 1, 2])], Verdict::Shared),
        // A number with more bytes than it needs.
        (vec![(5, &[0x81, 0x80, 0, 3, 1, 2])], Verdict::Shared),
    ] {
        assert_eq!(examine(&module(&sections)), verdict, "{sections:?}");
    }
}

#[test]
fn what_is_not_understood_is_said_to_be() {
    let whole = module(&[(2, &[1, 1, b'm', 1, b'x', 2, 3, 1, 2]), (5, &[1, 1, 1, 2])]);
    for length in (0..whole.len()).filter(|length| ![8, 19].contains(length)) {
        assert_eq!(examine(&whole[..length]), Verdict::Unreadable, "{length}");
    }
    for sections in [
        vec![(5, &[1, 0x0b, 1, 2][..])],
        vec![(5, &[1, 0, 1, 0])],
        vec![(2, &[1, 0, 0, 5, 3, 1, 2])],
        vec![(2, &[1, 0, 0, 1, 0x3f, 3, 1, 2])],
        vec![(5, &[0xff, 0xff, 0xff, 0xff, 0x7f, 0, 1])],
    ] {
        assert_eq!(examine(&module(&sections)), Verdict::Unreadable, "{sections:?}");
    }
}
