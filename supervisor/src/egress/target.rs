//! The target of a fetch: its URL, parsed here again, because the worker that sent it is not trusted.

use std::fmt;
use std::net::IpAddr;

use http::HeaderValue;
use http::uri::PathAndQuery;
use nano_config::HostName;
use nano_protocol::FetchFailure;
use url::Url;

use super::error::EgressError;

/// A checked target.
#[derive(Debug)]
pub(super) struct FetchTarget {
    pub(super) origin: Origin,
    /// The `Host` header: the port only where it is not the scheme's own.
    pub(super) authority: HeaderValue,
    pub(super) path: PathAndQuery,
}

/// The key by which connections are reused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) tls: bool,
    pub(super) host: Host,
    pub(super) port: u16,
}

/// A URL's host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Host {
    /// An address, however it was spelled; IPv4 if it is IPv4 within IPv6.
    Address(IpAddr),
    /// A name in ASCII and lower case, perhaps with a dot at its end.
    Name(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl Host {
    /// The host in the form of the configuration's rules; `None` if no rule can name it.
    pub(super) fn as_configured(&self) -> Option<HostName> {
        match self {
            Self::Address(IpAddr::V4(address)) => HostName::parse(&address.to_string()).ok(),
            Self::Address(IpAddr::V6(address)) => HostName::parse(&format!("[{address}]")).ok(),
            Self::Name(name) => HostName::parse(name).ok(),
        }
    }
}

impl FetchTarget {
    pub(super) fn parse(url: &str) -> Result<Self, EgressError> {
        let unsendable = |why: &str| EgressError::new(FetchFailure::Unsendable, format!("the URL {why}"));
        let url = Url::parse(url).map_err(|_| unsendable("is not valid"))?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(unsendable(&format!("has the scheme {other}:, not http: or https:"))),
        };
        let host = match url.host() {
            Some(url::Host::Ipv4(address)) => Host::Address(address.into()),
            Some(url::Host::Ipv6(address)) => Host::Address(IpAddr::from(address).to_canonical()),
            Some(url::Host::Domain(name)) if !name.is_empty() => Host::Name(name.to_owned()),
            _ => return Err(unsendable("has no host")),
        };
        let port = match url.port_or_known_default() {
            None | Some(0) => return Err(unsendable("has the port 0")),
            Some(port) => port,
        };
        let spelled = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{spelled}:{port}"),
            None => spelled.to_owned(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(Self {
            origin: Origin { tls, host, port },
            authority: HeaderValue::from_str(&authority).map_err(|_| unsendable("has no valid host"))?,
            path: PathAndQuery::try_from(path).map_err(|_| unsendable("has a path that HTTP cannot carry"))?,
        })
    }
}

#[cfg(test)]
mod tests;
