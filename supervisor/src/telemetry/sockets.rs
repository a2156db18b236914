//! WebSockets of an app's clients.

use std::sync::atomic::{AtomicU64, Ordering};

use super::AppMetrics;

/// How many were opened and are over.
#[derive(Debug, Default)]
pub(super) struct SocketCounts {
    opened: AtomicU64,
    closed: AtomicU64,
}

impl AppMetrics {
    /// A client's connection became a WebSocket. [`AppMetrics::socket_closed`] is always called for it later.
    pub fn socket_opened(&self) {
        self.sockets.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// A WebSocket is over.
    pub fn socket_closed(&self) {
        self.sockets.closed.fetch_add(1, Ordering::Relaxed);
    }

    /// WebSockets in all.
    #[must_use]
    pub fn sockets_opened(&self) -> u64 {
        self.sockets.opened.load(Ordering::Relaxed)
    }

    /// WebSockets that are open.
    #[must_use]
    pub fn sockets_open(&self) -> u64 {
        let closed = self.sockets.closed.load(Ordering::Relaxed);
        self.sockets.opened.load(Ordering::Relaxed).saturating_sub(closed)
    }
}
