//! The test vectors of RFC 7914.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn blocks_are_mixed_as_the_rfc_says() {
    // §8, the first test vector of Salsa20/8.
    let bytes: Vec<u8> = (0..64)
        .map(|at| {
            let hex = "7e879a214f3ec9867ca940e641718f26baee555b8c61c1b50df846116dcd3b1dee24f319df9b3d8514121e4b5ac5aa3276021d2909c74829edebc68db8b8c25e";
            u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()
        })
        .collect();
    let mut block: Block =
        bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect::<Vec<_>>().try_into().unwrap();
    salsa(&mut block);
    let mixed: String = block.iter().flat_map(|word| word.to_le_bytes()).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        mixed,
        "a41f859c6608cc993b81cacb020cef05044b2181a2fd337dfd7b1c6396682f29b4393168e3c9e6bcfe6bc5b7a06d96bae424cc102c91745c24ad673dc7618f81"
    );
}

#[test]
fn what_is_too_much_to_count_is_refused() {
    assert!(
        sizes(usize::MAX, 8, 1).is_none() && sizes(2, usize::MAX, 1).is_none() && sizes(2, 1, usize::MAX).is_none()
    );
    assert_eq!(sizes(16384, 8, 1), Some((16384 * 1024 + 4 * 1024, 16)));
}
