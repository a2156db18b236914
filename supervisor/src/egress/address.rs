//! Which addresses are public, and which are this machine's.
//!
//! Not public are those that the IANA registries of special-purpose addresses list (RFC 6890), multicast, and the
//! metadata services of clouds, which answer any client. An IPv6 address that contains an IPv4 address is judged by
//! that, or refused.

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

/// The purpose of an address that is not public; `None` for a public one.
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

/// Whether a connection to `address` would stay on this machine. Asks the kernel for the route; sends nothing.
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
mod tests;
