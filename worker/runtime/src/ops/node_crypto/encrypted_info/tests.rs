//! What OpenSSL writes, and the same with more iterations.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// An Ed25519 key with 2048 iterations of PBKDF2.
const ENCRYPTED: &str = "\
    30819b305706092a864886f70d01050d304a302906092a864886f70d01050c301c0408ad6719b9807793f702020800300c06\
    082a864886f70d02090500301d060960864801650304012a041061507dc090131b1ddf86ff2938f1f1100440ecd22f4d4f38\
    7b1aacda4f3b3df65a27ec52713b68096134b42935413cc785db310729edcafa9d71fd1ef153abe335714522e3fe1f487346\
    0b7294b1089525db";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[test]
fn iterations_are_read_and_bounded() {
    let whole = bytes(ENCRYPTED);
    assert!(is_encrypted(&whole) && is_bearable(&whole));
    assert_eq!(iterations(&algorithm(&whole).unwrap()), Some(2048));
    // INTEGER 2048, with two bytes, becomes one of 32767: a longer one would change all lengths.
    let at = whole.windows(4).position(|four| four == [2, 2, 8, 0]).unwrap();
    let mut more = whole.clone();
    more[at + 2..at + 4].copy_from_slice(&[0x7f, 0xff]);
    assert_eq!(iterations(&algorithm(&more).unwrap()), Some(32767));
}

#[test]
fn too_many_iterations_are_not_bearable() {
    // The first scheme: SEQUENCE { SEQUENCE { OID, SEQUENCE { salt, iterations } }, data }.
    let info =
        |count: &str| bytes(&format!("3024301c060a2a864886f70d010c0103300e0408000000000000000002{count}04040a0b0c0d"));
    assert!(is_bearable(&info("020fff")));
    assert!(is_encrypted(&info("020fff")));
    let many = bytes("3025301d060a2a864886f70d010c0103300f04080000000000000000020310000004040a0b0c0d");
    assert!(is_encrypted(&many) && !is_bearable(&many));
}

#[test]
fn what_is_no_such_info_is_none() {
    for der in [&[][..], &[0x30], &[0x30, 0x03, 0x02, 0x01, 0x00], &[0x30, 0x80, 0, 0], &[0xff; 64]] {
        assert!(!is_encrypted(der) && !is_bearable(der), "{der:?}");
    }
}
