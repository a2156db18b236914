//! Reports of a shard about workers, for the control plane.

use std::sync::Arc;

use super::InFlight;
use crate::worker::Worker;

/// An event of a link.
#[derive(Debug)]
pub enum LinkEvent {
    /// The worker broke the protocol; its exit reason is set. Kill it.
    ProtocolViolation {
        /// The worker.
        worker: Arc<Worker>,
        /// The violation, for the log.
        detail: String,
        /// The requests that it had.
        in_flight: InFlight,
    },
    /// A worker's link ended without having been retired: the worker has died or is about to.
    LinkClosed {
        /// The worker.
        worker: Arc<Worker>,
        /// The requests that it had.
        in_flight: InFlight,
    },
}
