//! Who a connection, or one of its requests, comes from.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A client as nano knows it: by its socket, or by what a proxy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    /// In its canonical form: IPv4 is never written as IPv6. `None`: not known, as on a Unix socket.
    pub(crate) ip: Option<IpAddr>,
    /// Not every proxy tells it.
    pub(crate) port: Option<u16>,
    /// What it spoke, at the outermost proxy.
    pub(crate) scheme: Scheme,
}

/// Of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL leaves out.
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Client {
    /// The other end of a socket; `None`: of a Unix socket.
    pub(crate) fn at(peer: Option<SocketAddr>, scheme: Scheme) -> Self {
        Self { ip: peer.map(|peer| peer.ip().to_canonical()), port: peer.map(|peer| peer.port()), scheme }
    }

    /// Whether it is on this machine or in a private network, as proxies mostly are.
    pub(crate) fn is_near(&self) -> bool {
        match self.ip {
            None => true,
            Some(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private(),
            Some(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        }
    }
}

/// As the log has it: `192.0.2.1:4711`, `[2001:db8::1]:4711`, without the port where it is not known, or `unix`.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, self.port) {
            (Some(ip), Some(port)) => SocketAddr::new(ip, port).fmt(f),
            (Some(ip), None) => ip.fmt(f),
            (None, _) => f.write_str("unix"),
        }
    }
}
