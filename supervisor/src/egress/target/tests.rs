//! Spellings of addresses, names, ports and paths.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn spellings_of_one_address_are_one_address() {
    for url in [
        "http://127.0.0.1:81/",
        "http://127.1:81",
        "http://2130706433:81/x?y#z",
        "http://0x7f000001:81/",
        "http://0177.0.0.1:81/",
        "http://[::ffff:127.0.0.1]:81/",
        "http://[::ffff:7f00:1]:81/",
        "http://a:b@127.0.0.1:81/",
        "http://127.0.0.1.:81/",
        "http://127\u{3002}0\u{ff0e}0\u{ff61}1:81/",
        "http://%31%32%37.0.0.1:81/",
        "http:\\\\127.0.0.1:81\\",
    ] {
        let target = FetchTarget::parse(url).unwrap();
        let expected = Origin { tls: false, host: Host::Address([127, 0, 0, 1].into()), port: 81 };
        assert_eq!(target.origin, expected, "{url}");
    }
}

#[test]
fn names_ports_and_paths() {
    let target = FetchTarget::parse("https://A.Example/p?q=`#f").unwrap();
    assert_eq!(target.origin, Origin { tls: true, host: Host::Name("a.example".to_owned()), port: 443 });
    assert_eq!((target.authority.as_bytes(), target.path.as_str()), (&b"a.example"[..], "/p?q=`"));
    assert_eq!(FetchTarget::parse("https://a.example:80/").unwrap().authority, "a.example:80");
    for url in ["", "a", "ftp://a.example/", "file:///etc/passwd", "http://a.example:0/", "http://1.2.3.4.5/"] {
        FetchTarget::parse(url).unwrap_err();
    }
}
