//! Whether a shard is about to end.

use std::cell::Cell;

use tokio::sync::Notify;

/// Set once, and never reset.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    has_begun: Cell<bool>,
    begins: Notify,
}

impl Drain {
    /// The shard is about to end: connections are no longer kept alive.
    pub(crate) fn begin(&self) {
        self.has_begun.set(true);
        self.begins.notify_waiters();
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
