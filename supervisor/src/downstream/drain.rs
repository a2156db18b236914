//! Whether a shard is about to end.

use std::cell::Cell;
use std::time::Duration;

use tokio::sync::Notify;

/// How long a new connection may still send its first request, and a recently used one its next, which may be on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grace {
    pub(super) new: Duration,
    pub(super) used: Duration,
}

/// Of a nano that stops.
const SHORT: Grace = Grace { new: Duration::from_millis(500), used: Duration::from_millis(100) };

/// While another nano serves nobody waits for the end of this one: clients that are far away are told with an answer that
/// their connection ends.
const LONG: Grace = Grace { new: Duration::from_secs(5), used: Duration::from_secs(1) };

/// Set once, and never reset.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    has_begun: Cell<bool>,
    unhurried: Cell<bool>,
    begins: Notify,
}

impl Drain {
    /// The shard is about to end: connections are no longer kept alive. `unhurried`: another nano serves.
    pub(crate) fn begin(&self, unhurried: bool) {
        self.unhurried.set(unhurried);
        self.has_begun.set(true);
        self.begins.notify_waiters();
    }

    /// For connections without a request.
    pub(super) fn grace(&self) -> Grace {
        if self.unhurried.get() { LONG } else { SHORT }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.get()
    }

    /// Waits until it begins, from the first poll on.
    pub(super) async fn begins(&self) {
        if !self.has_begun() {
            self.begins.notified().await;
        }
    }
}
