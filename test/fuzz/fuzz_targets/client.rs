//! Who the client is: a PROXY header before a connection, in two pieces, and the headers of a request by which proxies say whom
//! they ask for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nano_supervisor::fuzzing::{Announcement, announced, told_client};

const TRUSTED: &str = "10.";

/// What the specification says of version 1, read another way: by lines and fields.
fn line(header: &[u8]) -> Option<String> {
    let end = header.iter().take(107).position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(header[..end].strip_suffix(b"\r")?).ok()?;
    let fields: Vec<&str> = line.split(' ').collect();
    match fields[..] {
        ["PROXY", "TCP4", from, to, port, other] => {
            let (from, _): (std::net::Ipv4Addr, std::net::Ipv4Addr) = (from.parse().ok()?, to.parse().ok()?);
            let (port, _): (u16, u16) = (port.parse().ok()?, other.parse().ok()?);
            (!line.contains('+')).then(|| format!("{from}:{port}"))
        }
        ["PROXY", "TCP6", from, to, port, other] => {
            let (from, _): (std::net::Ipv6Addr, std::net::Ipv6Addr) = (from.parse().ok()?, to.parse().ok()?);
            let (port, _): (u16, u16) = (port.parse().ok()?, other.parse().ok()?);
            (!line.contains('+')).then(|| format!("[{from}]:{port}"))
        }
        _ => None,
    }
}

fuzz_target!(|input: (&[u8], usize)| {
    let (bytes, cut) = input;
    let whole = announced(bytes, bytes.len());
    assert_eq!(whole, announced(bytes, cut), "where it is cut matters");
    match &whole {
        Announcement::Header { length, client } => {
            assert!(*length <= bytes.len() && *length <= 4096);
            assert!(bytes.starts_with(b"PROXY ") || bytes.starts_with(b"\r\n\r\n\0\r\nQUIT\n"));
            if bytes.starts_with(b"PROXY TCP") {
                assert_eq!(*client, line(bytes));
                assert!(bytes[..*length].ends_with(b"\r\n"));
            }
            // All of it is needed.
            assert_eq!(announced(&bytes[..*length - 1], 0), Announcement::Incomplete);
        }
        Announcement::Incomplete => assert!(bytes.len() < 4096),
        Announcement::Refused => assert!(line(bytes).is_none() || !bytes.starts_with(b"PROXY TCP")),
    }
    // The same bytes as lines of headers.
    let text: Vec<&[u8]> = bytes.splitn(3, |byte| *byte == b'\n').collect();
    let names = ["x-forwarded-for", "forwarded", "x-forwarded-proto"];
    let lines: Vec<(&str, &[u8])> = names.into_iter().zip(text).collect();
    // A stranger is who its socket says; a proxy's client is an address of its header, or the proxy.
    assert_eq!(told_client("192.0.2.9", &lines, TRUSTED), (Some("192.0.2.9".to_owned()), "http"));
    let (client, scheme) = told_client("10.0.0.1", &lines, TRUSTED);
    let client = client.expect("an address");
    let plain: std::net::IpAddr = client.parse().expect("an address");
    assert!(plain.to_canonical() == plain && matches!(scheme, "http" | "https"));
    if client != "10.0.0.1" {
        // `::` is an address too.
        assert!(lines.iter().any(|(_, value)| value.iter().any(|byte| byte.is_ascii_hexdigit() || *byte == b':')));
    }
});
