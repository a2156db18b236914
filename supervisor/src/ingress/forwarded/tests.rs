//! Nodes and elements, well-formed and not.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn nodes() {
    for (text, ip, port) in [
        ("192.0.2.1", "192.0.2.1", None),
        ("192.0.2.1:80", "192.0.2.1", Some(80)),
        ("192.0.2.1:_hidden", "192.0.2.1", None),
        ("2001:db8::1", "2001:db8::1", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:65535", "2001:db8::1", Some(65535)),
        ("[::ffff:192.0.2.1]:1", "::ffff:192.0.2.1", Some(1)),
    ] {
        assert_eq!(node(text.as_bytes()), Some((ip.parse().unwrap(), port)), "{text}");
    }
    for text in [
        "",
        "unknown",
        "_hidden",
        "a.example",
        "192.0.2.1:",
        "192.0.2.1:x",
        "192.0.2.1:+1",
        "192.0.2.1:65536",
        "192.0.2",
        "192.0.2.1:80:80",
        "[192.0.2.1]",
        "[2001:db8::1",
        "[2001:db8::1]80",
        "[2001:db8::1]:",
        "2001:db8::1]",
        "fe80::1%eth0",
        "192.0.2.1 ",
        "\"192.0.2.1\"",
        "127.1",
        "0x7f000001",
        "192.0.2.010",
    ] {
        assert_eq!(node(text.as_bytes()), None, "{text}");
    }
    assert_eq!(node(b"\xff"), None);
    assert_eq!(node(&[b'1'; 100_000]), None);
}

fn read(line: &str) -> Vec<(Option<String>, Option<Scheme>)> {
    let text = |(ip, port): Node| port.map_or_else(|| ip.to_string(), |port| format!("{ip} {port}"));
    elements(line.as_bytes()).map(|element| (element.node.map(text), element.proto)).collect()
}

#[test]
fn elements_from_the_right() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(read("for=192.0.2.1"), [(some("192.0.2.1"), None)]);
    assert_eq!(
        read(r#"for=192.0.2.43, For="[2001:db8:cafe::17]:4711";proto=HTTPS;by=203.0.113.60"#),
        [(some("2001:db8:cafe::17 4711"), Some(Scheme::Https)), (some("192.0.2.43"), None)]
    );
    assert_eq!(read(r#"for="_gazonk";host="a, b;for=1.1.1.1""#), [(None, None)]);
    assert_eq!(read(r#"for="\1\92.0.2.1""#), [(some("192.0.2.1"), None)]);
    assert_eq!(read(" ,, for=unknown ; proto=http ,"), [(None, Some(Scheme::Http))]);
    assert_eq!(read("for=[::1]:80;ext=1"), [(some("::1 80"), None)]);
    assert_eq!(read(""), []);
    assert_eq!(read(",;,"), []);
    assert_eq!(read("proto=ftp"), [(None, None)]);
}

#[test]
fn a_line_that_is_not_well_formed_says_nothing() {
    for line in [
        "for",
        "for=",
        "=1",
        "for=192.0.2.1;for=192.0.2.2",
        "for=192.0.2.1 192.0.2.2",
        "for =192.0.2.1",
        // A client's quote that a proxy's part would be within.
        r#"for="1.1.1.1, for=192.0.2.1"#,
        r#"x=", for="[2001:db8::1]";proto=https"#,
        r#"for="1.1.1.1" x, for=192.0.2.1"#,
        r#"for="\"#,
        "for=192.0.2.1;proto=http;proto=https",
        "for=192.0.2.1\u{e4}",
    ] {
        assert_eq!(read(line), [(None, None)], "{line}");
    }
}

#[test]
fn only_the_last_elements_of_a_long_line_are_kept() {
    let line = format!("{}for=192.0.2.7", "for=192.0.2.1,".repeat(5000));
    let read = read(&line);
    assert_eq!((read.len(), read[0].0.as_deref()), (MOST_ELEMENTS, Some("192.0.2.7")));
    assert_eq!(elements(&[b','; 65536]).count(), 0);
    assert_eq!(elements(&[b';'; 65536]).count(), 0);
    assert_eq!(elements(&[b'"'; 65536]).count(), 1);
}
