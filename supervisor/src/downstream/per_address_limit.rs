//! How many connections each address has open in one shard, so that no address takes them all.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Counts connections by address.
#[derive(Debug)]
pub(super) struct PerAddressLimit {
    most: usize,
    most_proxy: usize,
    open: RefCell<HashMap<IpAddr, usize>>,
}

impl PerAddressLimit {
    /// Of `max` connections in all, one address gets at most a quarter. Trusted proxies and this machine's own addresses get
    /// three quarters each: behind one of them are all clients' requests, or may be, and health checks still have room.
    pub(super) fn new(max: usize) -> Self {
        Self { most: (max / 4).max(1), most_proxy: (max - max / 4).max(1), open: RefCell::default() }
    }

    /// Counts one more connection. False, and nothing is counted, if the address has its maximum.
    pub(super) fn enter(&self, address: IpAddr, is_proxy: bool) -> bool {
        let network = network(address);
        let most = if is_proxy || network.is_loopback() { self.most_proxy } else { self.most };
        let mut open = self.open.borrow_mut();
        let count = open.entry(network).or_default();
        if *count >= most {
            return false;
        }
        *count += 1;
        true
    }

    /// A counted connection is closed.
    pub(super) fn leave(&self, address: IpAddr) {
        let network = network(address);
        let mut open = self.open.borrow_mut();
        if let Some(count) = open.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&network);
            }
        }
    }
}

/// The range of addresses that one client can choose from: an IPv4 address, or the /64 network of an IPv6 address (RFC
/// 4291 §2.5.1).
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
