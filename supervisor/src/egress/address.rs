//! Which addresses are the public Internet's, and which are this machine's.
//!
//! Not public: what the IANA registries of special-purpose addresses list (RFC 6890), multicast, and the metadata
//! services of clouds, which answer any client. An IPv6 address that carries an IPv4 one is judged by that, or refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// IPv4 ranges: first address, prefix, and what they are.
const V4: &[([u8; 4], u8, &str)] = &[
    ([0, 0, 0, 0], 8, "an address of \"this network\""),
    ([10, 0, 0, 0], 8, "a private address"),
    ([100, 64, 0, 0], 10, "a carrier's shared address"),
    ([127, 0, 0, 0], 8, "a loopback address"),
    ([168, 63, 129, 16], 32, "a cloud's metadata address"),
    ([169, 254, 0, 0], 16, "a link-local address"),
    ([172, 16, 0, 0], 12, "a private address"),
    ([192, 0, 0, 0], 24, "a protocol's own address"),
    ([192, 0, 2, 0], 24, "a documentation address"),
    ([192, 88, 99, 0], 24, "a 6to4 relay's address"),
    ([192, 168, 0, 0], 16, "a private address"),
    ([198, 18, 0, 0], 15, "a benchmark's address"),
    ([198, 51, 100, 0], 24, "a documentation address"),
    ([203, 0, 113, 0], 24, "a documentation address"),
    ([224, 0, 0, 0], 4, "a multicast address"),
    ([240, 0, 0, 0], 4, "a reserved address"),
];

/// IPv6 ranges within the global unicast space, 2000::/3; nothing outside of that is public but 64:ff9b::/96.
const V6: &[([u16; 3], u8, &str)] = &[
    ([0x2001, 0x0000, 0], 32, "a Teredo address"),
    ([0x2001, 0x0000, 0], 23, "a protocol's own address"),
    ([0x2001, 0x0db8, 0], 32, "a documentation address"),
    ([0x2002, 0x0000, 0], 16, "a 6to4 address"),
    ([0x3fff, 0x0000, 0], 20, "a documentation address"),
];

/// What an address is that is not public; `None` for a public one.
pub(super) fn special_purpose(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let within = |first: [u8; 4], prefix: u8| {
        let mask = u32::MAX << (32 - u32::from(prefix));
        bits & mask == u32::from_be_bytes(first)
    };
    V4.iter().find(|(first, prefix, _)| within(*first, *prefix)).map(|(_, _, what)| *what)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = segments {
        // NAT64 (RFC 6052): how a network without IPv4 reaches it.
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        return special_v4(Ipv4Addr::new(a, b, c, d));
    }
    let first = segments[0];
    if first & 0xe000 != 0x2000 {
        return Some(match first {
            _ if address.is_loopback() => "a loopback address",
            _ if address.is_unspecified() => "an address of \"this network\"",
            0xfc00..=0xfdff => "a private address",
            0xfe80..=0xfebf => "a link-local address",
            0xfec0..=0xfeff => "a private address",
            0xff00..=0xffff => "a multicast address",
            _ => "a reserved address",
        });
    }
    let bits = address.to_bits();
    let within = |start: [u16; 3], prefix: u8| {
        let [a, b, c] = start;
        let mask = u128::MAX << (128 - u32::from(prefix));
        bits & mask == Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_bits()
    };
    V6.iter().find(|(start, prefix, _)| within(*start, *prefix)).map(|(_, _, what)| *what)
}

/// Whether a connection to `address` would stay on this machine. Asks the kernel for the route; nothing is sent.
pub(super) fn is_this_machine(address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    if ip.is_loopback() || ip.is_unspecified() {
        return true;
    }
    let any: IpAddr = if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let source = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((ip, address.port().max(1)))?;
        socket.local_addr()
    });
    source.is_ok_and(|source| source.ip().to_canonical() == ip)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn special(address: &str) -> bool {
        special_purpose(address.parse().unwrap()).is_some()
    }

    #[test]
    fn the_first_and_last_address_of_each_range_is_refused_and_its_neighbours_are_not() {
        for (inside, outside) in [
            (["0.0.0.0", "0.255.255.255"], &["1.0.0.0"][..]),
            (["10.0.0.0", "10.255.255.255"], &["9.255.255.255", "11.0.0.0"]),
            (["100.64.0.0", "100.127.255.255"], &["100.63.255.255", "100.128.0.0"]),
            (["127.0.0.0", "127.255.255.255"], &["126.255.255.255", "128.0.0.0"]),
            (["168.63.129.16", "168.63.129.16"], &["168.63.129.15", "168.63.129.17"]),
            (["169.254.0.0", "169.254.255.255"], &["169.253.255.255", "169.255.0.0"]),
            (["172.16.0.0", "172.31.255.255"], &["172.15.255.255", "172.32.0.0"]),
            (["192.0.0.0", "192.0.0.255"], &["191.255.255.255", "192.0.1.0"]),
            (["192.0.2.0", "192.0.2.255"], &["192.0.1.255", "192.0.3.0"]),
            (["192.88.99.0", "192.88.99.255"], &["192.88.98.255", "192.88.100.0"]),
            (["192.168.0.0", "192.168.255.255"], &["192.167.255.255", "192.169.0.0"]),
            (["198.18.0.0", "198.19.255.255"], &["198.17.255.255", "198.20.0.0"]),
            (["198.51.100.0", "198.51.100.255"], &["198.51.99.255", "198.51.101.0"]),
            (["203.0.113.0", "203.0.113.255"], &["203.0.112.255", "203.0.114.0"]),
            (["224.0.0.0", "255.255.255.255"], &["223.255.255.255"]),
            (["::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], &["2000::"]),
            (["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"], &["2001:200::"]),
            (["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], &["2001:db7::1", "2001:db9::"]),
            (["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], &["2003::"]),
            (["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"], &["3fff:1000::", "3ffe:ffff::"]),
            (["4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], &["3fff:ffff::"]),
        ] {
            inside.iter().for_each(|address| assert!(special(address), "{address}"));
            outside.iter().for_each(|address| assert!(!special(address), "{address}"));
        }
    }

    #[test]
    fn addresses_within_addresses_are_found() {
        for address in [
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::10.0.0.1",
            "2002:7f00:1::1",
            "2001:0:7f00:1::",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(special(address), "{address}");
        }
        for address in ["::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"] {
            assert!(!special(address), "{address}");
        }
    }

    #[test]
    fn this_machine_is_known_by_all_its_addresses() {
        for address in ["127.0.0.1:80", "127.8.9.10:80", "0.0.0.0:80", "[::1]:80", "[::]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(is_this_machine(address.parse().unwrap()), "{address}");
        }
        assert!(!is_this_machine("192.0.2.1:80".parse().unwrap()));
    }
}
