//! Forgiving-base64 both ways.

use super::*;

#[test]
fn encodes_every_length() {
    let texts = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("\u{ff}", "w78=")];
    for (bytes, text) in texts {
        assert_eq!(encode(bytes.as_bytes()), text.as_bytes(), "{bytes}");
        assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()), "{text}");
    }
}

#[test]
fn forgives_space_and_absent_padding() {
    assert_eq!(decode(b" Z g\n=\t=\r\x0c").as_deref(), Some(&b"f"[..]));
    assert_eq!(decode(b"Zg").as_deref(), Some(&b"f"[..]));
    assert_eq!(decode(b"Zh").as_deref(), Some(&b"f"[..]), "left-over bits are dropped");
}

#[test]
fn refuses_what_is_not_base64() {
    for text in ["Z", "Zg=", "Z===", "=", "====", "Zg===", "Zm9v=", "Zm9vY", "Zg==Zg==", "Z-_g", "Zm9\u{b}v"] {
        assert_eq!(decode(text.as_bytes()), None, "{text}");
    }
}
