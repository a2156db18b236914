//! Where an app may connect to.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use crate::hostname::{HostName, HostPattern, split_host_port};

/// `egress` of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EgressSetting {
    /// Everywhere but loopback, private, link-local and metadata addresses.
    Public,
    /// Nowhere. Also what an empty list means.
    Off,
    /// Only there, in the order of the file.
    Allow(Vec<EgressRule>),
}

/// One entry of an `egress` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EgressRule {
    /// `"host[:port]"`: a host or `*.` and a name, never [`HostPattern::Any`]; without port every port.
    Host {
        /// The host as the app names it in its URL.
        host: HostPattern,
        /// The only port, where one is given. Never 0.
        port: Option<u16>,
    },
    /// A CIDR range (RFC 4632, RFC 4291 §2.3), its address without host bits: addresses, however the app names them; every
    /// port. An IPv4 range and an IPv6 address never match, not even a mapped one.
    Net(IpNet),
}

/// Parses one entry; the error is a message and, if it is known, what was meant.
pub(crate) fn rule(text: &str) -> Result<EgressRule, (String, Option<String>)> {
    if text.contains("://") {
        return Err(("a rule is \"host[:port]\" or a CIDR range, without scheme".to_owned(), None));
    }
    if let Some((address, prefix)) = text.split_once('/') {
        return net(address, prefix).map(EgressRule::Net);
    }
    let (host, port) = match text.parse::<Ipv6Addr>() {
        Ok(_) => (text, None),
        Err(_) => split_host_port(text).map_err(|error| (error.to_string(), None))?,
    };
    let host = HostPattern::parse(host).map_err(|error| (error.to_string(), None))?;
    match (host, port) {
        (HostPattern::Any, _) => Err((
            "`*` cannot be a rule".to_owned(),
            Some("write \"public\" instead of the list, or \"0.0.0.0/0\" and \"::/0\" for every address".to_owned()),
        )),
        (_, Some(0)) => Err(("the port must be from 1 to 65535".to_owned(), None)),
        (host, port) => Ok(EgressRule::Host { host, port }),
    }
}

pub(crate) fn net(address: &str, prefix: &str) -> Result<IpNet, (String, Option<String>)> {
    let address: IpAddr = address.parse().map_err(|_| {
        (
            "a rule is \"host[:port]\" without path, or a CIDR range as in \"10.0.0.0/8\" or \"fd00::/8\"".to_owned(),
            None,
        )
    })?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let digits_only = prefix.bytes().all(|byte| byte.is_ascii_digit());
    let prefix: Option<u8> = prefix.parse().ok().filter(|_| digits_only);
    let Some(net) = prefix.and_then(|prefix| IpNet::new(address, prefix).ok()) else {
        return Err((format!("the prefix of this range must be a number from 0 to {most}"), None));
    };
    if net != net.trunc() {
        return Err((
            format!("the address has bits set beyond its prefix /{}", net.prefix_len()),
            Some(format!("did you mean \"{}\"?", net.trunc())),
        ));
    }
    Ok(net)
}

impl EgressRule {
    /// The host of a rule that names one exactly.
    #[must_use]
    pub fn exact_host(&self) -> Option<&HostName> {
        match self {
            Self::Host { host: HostPattern::Exact(host), .. } => Some(host),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
