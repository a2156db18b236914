//! The PROXY protocol, versions 1 and 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt): the header before a
//! connection's first byte, in which a proxy says for whom it has connected.
//!
//! Ours, not a crate's: the fields are at fixed places, and what has to be right is around them. No byte behind the header is
//! taken, because TLS or HTTP begins there; a header comes in any pieces; what is kept is bounded; and a checksum is checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest header of version 1, with its line end (§2.1).
const LONGEST_V1: usize = 107;

/// Longest header of version 2 that is taken; addresses and what proxies add to them have some hundred bytes, a client's
/// certificate not counted.
const LONGEST_V2: usize = 4096;

const V1: &[u8] = b"PROXY ";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The signature, version and command, family, length.
const V2_FIXED: usize = 16;

const PP2_TYPE_CRC32C: u8 = 0x03;
const PP2_TYPE_SSL: u8 = 0x20;
/// In the first byte of `PP2_TYPE_SSL`: the client connected over TLS.
const PP2_CLIENT_SSL: u8 = 0x01;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    /// The proxy connects for itself (`LOCAL`), or for someone whose address it does not know or cannot write.
    Nobody,
    /// For this client.
    Client {
        /// Where it connected from.
        source: SocketAddr,
        /// It connected over TLS, which the proxy has ended.
        tls: bool,
    },
}

/// Why it is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProxyHeaderFault {
    #[error("it does not begin with a header of the PROXY protocol")]
    Other,
    #[error("its PROXY header is longer than {LONGEST_V1} bytes in version 1, or {LONGEST_V2} in version 2")]
    TooLong,
    #[error("its PROXY header is malformed")]
    Malformed,
    #[error("the checksum of its PROXY header is wrong")]
    Checksum,
}

/// A header that is coming.
#[derive(Debug, Default)]
pub(crate) struct ProxyHeader {
    bytes: Vec<u8>,
}

impl ProxyHeader {
    /// Takes what belongs to the header of the next bytes, and says how many those are, and what the header says when it is
    /// complete.
    ///
    /// # Errors
    /// It is no header.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, Option<Announced>), ProxyHeaderFault> {
        for (index, byte) in bytes.iter().enumerate() {
            self.bytes.push(*byte);
            if let Some(announced) = self.complete()? {
                return Ok((index + 1, Some(announced)));
            }
        }
        Ok((bytes.len(), None))
    }

    /// Whether nothing of it has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What it says, if the last byte was its last.
    fn complete(&self) -> Result<Option<Announced>, ProxyHeaderFault> {
        let bytes = self.bytes.as_slice();
        let begins = |signature: &[u8]| bytes.iter().zip(signature).all(|(byte, expected)| byte == expected);
        if begins(V1) {
            return match bytes {
                [line @ .., b'\r', b'\n'] => parse_v1(line).map(Some),
                [.., b'\n'] => Err(ProxyHeaderFault::Malformed),
                _ if bytes.len() >= LONGEST_V1 => Err(ProxyHeaderFault::TooLong),
                _ => Ok(None),
            };
        }
        if !begins(V2) {
            return Err(ProxyHeaderFault::Other);
        }
        let Some([high, low]) = bytes.get(V2_FIXED - 2..V2_FIXED) else { return Ok(None) };
        let length = V2_FIXED + usize::from(u16::from_be_bytes([*high, *low]));
        if length > LONGEST_V2 {
            return Err(ProxyHeaderFault::TooLong);
        }
        if bytes.len() < length { Ok(None) } else { parse_v2(bytes).map(Some) }
    }
}

/// `PROXY TCP4 192.0.2.1 198.51.100.1 4711 443`, `PROXY UNKNOWN` and anything.
fn parse_v1(line: &[u8]) -> Result<Announced, ProxyHeaderFault> {
    let malformed = ProxyHeaderFault::Malformed;
    let line = line.strip_prefix(V1).and_then(|rest| std::str::from_utf8(rest).ok()).ok_or(malformed)?;
    let mut fields = line.split(' ');
    let family = fields.next().unwrap_or_default();
    if family == "UNKNOWN" {
        return Ok(Announced::Nobody);
    }
    let mut address = || -> Option<IpAddr> {
        let text = fields.next()?;
        match family {
            "TCP4" => text.parse::<Ipv4Addr>().ok().map(IpAddr::from),
            "TCP6" => text.parse::<Ipv6Addr>().ok().map(IpAddr::from),
            _ => None,
        }
    };
    let (source, _) = address().zip(address()).ok_or(malformed)?;
    let mut port = || -> Option<u16> {
        let text = fields.next()?;
        text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (port, _) = port().zip(port()).ok_or(malformed)?;
    match fields.next() {
        None => Ok(Announced::Client { source: SocketAddr::new(source, port), tls: false }),
        Some(_) => Err(malformed),
    }
}

/// A header with all of its bytes.
fn parse_v2(header: &[u8]) -> Result<Announced, ProxyHeaderFault> {
    let malformed = ProxyHeaderFault::Malformed;
    let (fixed, rest) = header.split_at_checked(V2_FIXED).ok_or(malformed)?;
    let (version_command, family) = (fixed.get(12).ok_or(malformed)?, fixed.get(13).ok_or(malformed)?);
    match version_command {
        // What follows is to be skipped.
        0x20 => return Ok(Announced::Nobody),
        0x21 => {}
        _ => return Err(malformed),
    }
    let addresses = match family {
        0x11 => 12,
        0x21 => 36,
        // Not known to the proxy, or datagrams, or paths of Unix sockets.
        0x00 | 0x12 | 0x22 | 0x31 | 0x32 => return Ok(Announced::Nobody),
        _ => return Err(malformed),
    };
    let (addresses, additions) = rest.split_at_checked(addresses).ok_or(malformed)?;
    let source = match *addresses {
        [a, b, c, d, _, _, _, _, high, low, ..] if addresses.len() == 12 => {
            SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low])))
        }
        _ => {
            let (source, ports) = addresses.split_first_chunk::<16>().ok_or(malformed)?;
            let port = ports.get(16..18).and_then(|port| port.try_into().ok()).ok_or(malformed)?;
            SocketAddr::from((*source, u16::from_be_bytes(port)))
        }
    };
    let tls = read_additions(header, additions)?;
    Ok(Announced::Client { source, tls })
}

/// Whether the client connected over TLS, as one of the additions (TLV) says; the others are skipped, but for the checksum.
fn read_additions(header: &[u8], mut additions: &[u8]) -> Result<bool, ProxyHeaderFault> {
    let malformed = ProxyHeaderFault::Malformed;
    let mut tls = false;
    while let Some((kind, rest)) = additions.split_first() {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        let (value, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(malformed)?;
        match *kind {
            PP2_TYPE_CRC32C => {
                let expected = value.try_into().map(u32::from_be_bytes).map_err(|_| malformed)?;
                let at = header.len() - rest.len() - value.len();
                if checksum(header, at) != expected {
                    return Err(ProxyHeaderFault::Checksum);
                }
            }
            PP2_TYPE_SSL => tls = value.first().ok_or(malformed)? & PP2_CLIENT_SSL != 0,
            _ => {}
        }
        additions = rest;
    }
    Ok(tls)
}

/// CRC-32C (RFC 9260, appendix A) of the header, with zeros for the four bytes at `own`, where it stands itself.
fn checksum(header: &[u8], own: usize) -> u32 {
    const POLYNOMIAL: u32 = 0x82F6_3B78;
    let mut crc = u32::MAX;
    for (at, byte) in header.iter().enumerate() {
        crc ^= if (own..own + 4).contains(&at) { 0 } else { u32::from(*byte) };
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests;
