//! What all connections of a shard share: a clock, the minimum rates, the netlink socket, a read buffer, wide windows.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::http2::upload_windows;
use super::min_rate::RateBudget;
use super::peers::Peers;
use super::per_address_limit::PerAddressLimit;

/// Bytes of one read.
const SCRATCH: usize = 64 * 1024;

/// Shared by all connections of a shard.
#[derive(Debug)]
pub(super) struct SharedClock {
    /// Ticks since the shard began: coarse, and costs nothing to read.
    pub(super) now: Cell<u32>,
    pub(super) budget: RateBudget,
    pub(super) peers: Peers,
    /// The read buffer: bytes are checked in it before hyper gets them.
    pub(super) scratch: RefCell<Box<[u8]>>,
    /// Requests of HTTP/2 that are open: in all as many as connections, and of an address too.
    streams: Cell<usize>,
    max_streams: usize,
    streams_of: PerAddressLimit,
    /// Which connections of HTTP/2 have wide windows for requests' bodies.
    pub(super) upload_windows: Arc<Semaphore>,
}

impl SharedClock {
    /// `max`: the most connections.
    pub(super) fn new(budget: RateBudget, max: usize) -> Self {
        Self {
            now: Cell::new(0),
            budget,
            peers: Peers::default(),
            scratch: RefCell::new(vec![0; SCRATCH].into_boxed_slice()),
            streams: Cell::new(0),
            max_streams: max,
            streams_of: PerAddressLimit::new(max),
            upload_windows: upload_windows(),
        }
    }

    /// Counts one more request of HTTP/2. False, and nothing is counted, if there are too many.
    pub(super) fn enter_stream(&self, address: Option<IpAddr>, is_proxy: bool) -> bool {
        let fits = self.streams.get() < self.max_streams
            && address.is_none_or(|address| self.streams_of.enter(address, is_proxy));
        self.streams.set(self.streams.get() + usize::from(fits));
        fits
    }

    /// A counted request is over.
    pub(super) fn leave_stream(&self, address: Option<IpAddr>) {
        self.streams.set(self.streams.get().saturating_sub(1));
        if let Some(address) = address {
            self.streams_of.leave(address);
        }
    }
}
