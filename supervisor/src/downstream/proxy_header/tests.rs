//! Headers of both versions, whole, in pieces, cut off and wrong.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

/// What a header says when it comes byte by byte with a request behind it; how much is taken must not depend on the pieces.
fn read(header: &[u8]) -> Result<Option<Announced>, ProxyHeaderFault> {
    let wire = [header, b"GET / HTTP/1.1\r\n"].concat();
    let mut whole = ProxyHeader::default();
    let at_once = whole.feed(&wire);
    let mut piecewise = ProxyHeader::default();
    let mut taken = 0;
    for byte in &wire {
        match piecewise.feed(std::slice::from_ref(byte)) {
            Ok((_, Some(announced))) => {
                assert_eq!((at_once, taken + 1), (Ok((header.len(), Some(announced))), header.len()));
                return Ok(Some(announced));
            }
            Ok((of_it, None)) => taken += of_it,
            Err(fault) => {
                assert_eq!(at_once, Err(fault));
                return Err(fault);
            }
        }
    }
    Ok(None)
}

fn client(source: &str) -> Result<Option<Announced>, ProxyHeaderFault> {
    Ok(Some(Announced::Client { source: source.parse().unwrap(), tls: false }))
}

/// A header of version 2.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [V2, &[command, family], &length, rest].concat()
}

const V4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 1, 187];

#[test]
fn version_1() {
    assert_eq!(read(b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n"), client("192.0.2.1:4711"));
    assert_eq!(read(b"PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n"), client("[2001:db8::1]:65535"));
    for text in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN 1.2.3.4 and more\r\n"] {
        assert_eq!(read(text.as_bytes()), Ok(Some(Announced::Nobody)), "{text}");
    }
    let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_V1 - 16));
    assert_eq!((longest.len(), read(longest.as_bytes())), (LONGEST_V1, Ok(Some(Announced::Nobody))));
}

#[test]
fn version_1_malformed() {
    for text in [
        "PROXY \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443 1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443 \r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.1 4711 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP5 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1\r 198.51.100.1 1 2\r\n",
    ] {
        assert_eq!(read(text.as_bytes()), Err(ProxyHeaderFault::Malformed), "{text}");
    }
    for text in ["GET / HTTP/1.1\r\n", "PROXy TCP4", "proxy TCP4", "\r\n\r\nQ", "\x16\x03\x01", "\0"] {
        assert_eq!(read(text.as_bytes()), Err(ProxyHeaderFault::Other), "{text}");
    }
    assert_eq!(read(format!("PROXY UNKNOWN {}", "x".repeat(200)).as_bytes()), Err(ProxyHeaderFault::TooLong));
}

#[test]
fn version_2() {
    assert_eq!(read(&v2(0x21, 0x11, &V4)), client("192.0.2.1:4711"));
    let mut v6 = [0; 36];
    v6[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
    (v6[15], v6[33]) = (1, 80);
    assert_eq!(read(&v2(0x21, 0x21, &v6)), client("[2001:db8::1]:80"));
    let with_noop = [&V4[..], &[0x04, 0, 3, 1, 2, 3], &[0x01, 0, 2, b'h', b'2']].concat();
    assert_eq!(read(&v2(0x21, 0x11, &with_noop)), client("192.0.2.1:4711"));
    // LOCAL, unknown, datagrams, Unix: whatever follows is skipped.
    for (command, family) in [(0x20, 0x11), (0x20, 0xff), (0x21, 0), (0x21, 0x12), (0x21, 0x31)] {
        for rest in [&[][..], &V4, &[0xff; 300]] {
            assert_eq!(read(&v2(command, family, rest)), Ok(Some(Announced::Nobody)), "{command:x} {family:x}");
        }
    }
    let largest = vec![0; LONGEST_V2 - V2_FIXED];
    assert_eq!(read(&v2(0x20, 0, &largest)), Ok(Some(Announced::Nobody)));
}

#[test]
fn version_2_says_whether_the_client_used_tls() {
    for (value, tls) in
        [(&[1, 0, 0, 0, 0][..], true), (&[7, 0, 0, 0, 1, 0x21, 0, 1, b'x'], true), (&[0, 0, 0, 0, 0], false)]
    {
        let length = u8::try_from(value.len()).unwrap();
        let header = v2(0x21, 0x11, &[&V4[..], &[PP2_TYPE_SSL, 0, length], value].concat());
        let source = "192.0.2.1:4711".parse().unwrap();
        assert_eq!(read(&header), Ok(Some(Announced::Client { source, tls })), "{value:?}");
    }
}

#[test]
fn version_2_malformed() {
    for (command, family, rest) in [
        (0x11, 0x11, &V4[..]),
        (0x22, 0x11, &V4),
        (0x31, 0x11, &V4),
        (0x21, 0x41, &V4),
        (0x21, 0x13, &V4),
        (0x21, 0x11, &V4[..11]),
        (0x21, 0x21, &V4),
        (0x21, 0x11, &[&V4[..], &[4]].concat()),
        (0x21, 0x11, &[&V4[..], &[4, 0]].concat()),
        (0x21, 0x11, &[&V4[..], &[4, 0, 1]].concat()),
        (0x21, 0x11, &[&V4[..], &[4, 0xff, 0xff, 0, 0]].concat()),
        (0x21, 0x11, &[&V4[..], &[PP2_TYPE_CRC32C, 0, 3, 0, 0, 0]].concat()),
        (0x21, 0x11, &[&V4[..], &[PP2_TYPE_SSL, 0, 0]].concat()),
    ] {
        assert_eq!(
            read(&v2(command, family, rest)),
            Err(ProxyHeaderFault::Malformed),
            "{command:x} {family:x} {rest:?}"
        );
    }
    let mut too_long = v2(0x21, 0x11, &[]);
    too_long[14..].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(read(&too_long), Err(ProxyHeaderFault::TooLong));
}

#[test]
fn the_checksum_is_that_of_the_specification() {
    // RFC 9260 (and RFC 3720, B.4): 32 bytes of zeros.
    assert_eq!(checksum(&[0; 32], 100), 0x8a91_36aa);
    assert_eq!(checksum(b"123456789", 100), 0xe306_9283);
    let mut header =
        v2(0x21, 0x11, &[&V4[..], &[4, 0, 1, 9], &[PP2_TYPE_CRC32C, 0, 4, 0, 0, 0, 0], &[4, 0, 0]].concat());
    let at = header.len() - 7;
    let sum = checksum(&header, at).to_be_bytes();
    header[at..at + 4].copy_from_slice(&sum);
    assert_eq!(read(&header), client("192.0.2.1:4711"));
    for damaged in [16, 20, 31, at] {
        let mut header = header.clone();
        header[damaged] ^= 1;
        assert_eq!(read(&header), Err(ProxyHeaderFault::Checksum), "{damaged}");
    }
}

#[test]
fn what_is_cut_off_is_waited_for() {
    for header in [b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n".to_vec(), v2(0x21, 0x11, &V4)] {
        for length in 0..header.len() {
            let mut cut = ProxyHeader::default();
            assert_eq!(cut.feed(&header[..length]), Ok((length, None)));
            assert_eq!(cut.is_empty(), length == 0);
        }
    }
}
