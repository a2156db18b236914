//! What all connections of a shard share: a clock, the minimum rates, the netlink socket, a read buffer.

use std::cell::{Cell, RefCell};

use super::min_rate::RateBudget;
use super::peers::Peers;

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
}

impl SharedClock {
    pub(super) fn new(budget: RateBudget) -> Self {
        Self {
            now: Cell::new(0),
            budget,
            peers: Peers::default(),
            scratch: RefCell::new(vec![0; SCRATCH].into_boxed_slice()),
        }
    }
}
