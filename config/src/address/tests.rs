//! Tests of `address.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn modes() {
    assert_eq!((mode("0660"), mode("660"), mode("0222"), mode("777")), (Ok(0o660), Ok(0o660), Ok(0o222), Ok(0o777)));
    for text in
        ["", "0", "66", "6", "00660", "1660", "4755", "0o66", "+66", "0 66", "668", "rw-", "-660", "0444", "000"]
    {
        assert!(mode(text).is_err(), "{text}");
    }
}

#[test]
fn addresses() {
    assert_eq!(listen("127.0.0.1:80").unwrap(), ListenAddress::Tcp("127.0.0.1:80".parse().unwrap()));
    assert_eq!(listen("[::1]:0").unwrap(), ListenAddress::Tcp("[::1]:0".parse().unwrap()));
    assert_eq!(listen("unix:/run/x.sock").unwrap(), ListenAddress::Unix(UnixListen::open("/run/x.sock")));
    for (text, meant) in [
        ("8080", Some("did you mean \"[::]:8080\"?")),
        (":8080", Some("did you mean \"[::]:8080\"?")),
        ("*:8080", Some("did you mean \"[::]:8080\"?")),
        ("localhost:80", Some("did you mean \"127.0.0.1:80\"?")),
        ("::1:80", Some("did you mean \"[::1]:80\"?")),
        ("127.0.0.1", None),
        ("127.0.0.1:65536", None),
        ("example.com:80", None),
        ("", None),
    ] {
        let (message, suggestion) = listen(text).unwrap_err();
        assert!(message.starts_with("expected an IP address and a port"), "{message}");
        assert_eq!(suggestion.as_deref(), meant, "{text}");
    }
    assert!(listen("unix:relative.sock").is_err());
    assert!(listen("unix:").is_err());
    assert!(listen(&format!("unix:/{}", "a".repeat(106))).is_ok());
    assert!(listen(&format!("unix:/{}", "a".repeat(107))).unwrap_err().0.contains("at most 107 bytes, not 108"));
    assert!(listen("unix:/a\0b").is_err());
}
