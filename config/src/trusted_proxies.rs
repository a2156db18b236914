//! Whose word about their clients counts.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::address::Fault;
use crate::egress;

/// `trusted_proxies`: peers whose `forwarded`, `x-forwarded-*` and PROXY headers are believed. Two that cover the same
/// addresses are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// First and last address of each range, in order, without overlaps: a list of any length is searched, not walked, for
    /// each address of a header.
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
    unix: bool,
}

impl TrustedProxies {
    /// Whether nobody is trusted: the key is not in the file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty() && !self.unix
    }

    /// Whether the peer is trusted; `None`: a peer on a Unix socket. An IPv4 address is the same when it is written as a
    /// mapped IPv6 address.
    #[must_use]
    pub fn contains(&self, peer: Option<IpAddr>) -> bool {
        match peer.map(|peer| peer.to_canonical()) {
            None => self.unix,
            Some(IpAddr::V4(address)) => holds(&self.v4, address.to_bits().into()),
            Some(IpAddr::V6(address)) => holds(&self.v6, address.to_bits()),
        }
    }

    pub(crate) fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let (mut v4, mut v6, mut unix) = (Vec::new(), Vec::new(), false);
        for entry in entries {
            match entry {
                Entry::Unix => unix = true,
                Entry::Net(IpNet::V4(net)) => {
                    v4.push((net.network().to_bits().into(), net.broadcast().to_bits().into()));
                }
                Entry::Net(IpNet::V6(net)) => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        Self { v4: merged(v4), v6: merged(v6), unix }
    }
}

fn holds(ranges: &[(u128, u128)], address: u128) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| address <= *last)
}

fn merged(mut ranges: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// One entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Net(IpNet),
    Unix,
}

/// A CIDR range, an address, or `"unix"`.
pub(crate) fn entry(text: &str) -> Result<Entry, Fault> {
    if text == "unix" {
        return Ok(Entry::Unix);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Entry::Net(unmapped(address.into())));
    }
    match text.split_once('/') {
        Some((address, prefix)) if address.parse::<IpAddr>().is_ok() => {
            egress::net(address, prefix).map(|net| Entry::Net(unmapped(net)))
        }
        _ => {
            let suggestion = match text {
                "localhost" | "loopback" => Some("write \"127.0.0.0/8\" and \"::1\"".to_owned()),
                _ if text.starts_with("unix:") => Some("write \"unix\": every Unix socket is meant".to_owned()),
                "*" => Some("write \"0.0.0.0/0\" and \"::/0\" if everyone may say who they are".to_owned()),
                _ => None,
            };
            Err((
                "expected a CIDR range as in \"10.0.0.0/8\" or \"fd00::/8\", an address, or \"unix\"".to_owned(),
                suggestion,
            ))
        }
    }
}

/// A range of mapped addresses as the IPv4 range that it stands for.
fn unmapped(net: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    match net {
        IpNet::V6(v6) if v6.prefix_len() >= MAPPED => match v6.network().to_ipv4_mapped() {
            Some(address) => IpNet::new(address.into(), v6.prefix_len() - MAPPED).unwrap_or(net),
            None => net,
        },
        net => net,
    }
}

#[cfg(test)]
mod tests;
