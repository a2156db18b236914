//! What a shard reports of workers to the control plane.

use std::sync::Arc;

use super::InFlight;
use crate::worker::Worker;

/// Something that a link noticed.
#[derive(Debug)]
pub enum Event {
    /// The worker sent something that it must not send; its exit reason is set. Kill it.
    ProtocolViolation {
        /// The worker.
        worker: Arc<Worker>,
        /// What it did, for the log.
        detail: String,
        /// What was with it.
        in_flight: InFlight,
    },
    /// A worker's link ended without having been retired: it died or is about to.
    LinkClosed {
        /// The worker.
        worker: Arc<Worker>,
        /// What was with it.
        in_flight: InFlight,
    },
}
