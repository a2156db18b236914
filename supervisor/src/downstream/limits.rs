//! Limits of clients: connections and times.

use std::time::Duration;

/// The limits of the clients of one shard.
#[derive(Debug, Clone, Copy)]
pub struct ClientLimits {
    /// Most open connections; further ones wait in the kernel.
    pub max_connections: usize,
    /// How long a client may take for a request's head before it gets 408.
    pub head_timeout: Duration,
    /// How long a connection may be idle between two requests.
    pub idle_timeout: Duration,
    /// How long a client may pause in the middle of a body, in either direction.
    pub stall_timeout: Duration,
    /// The same for a request's body of which little has come yet.
    pub upload_grace: Duration,
    /// Bytes per second that a client must move in the middle of a body, or its pauses become shorter.
    pub min_rate: u32,
    /// How long a client may still send after the last response.
    pub linger: Duration,
}

impl Default for ClientLimits {
    /// The contract's times.
    fn default() -> Self {
        Self {
            max_connections: 8192,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(60),
            upload_grace: Duration::from_secs(20),
            min_rate: 240,
            linger: Duration::from_secs(2),
        }
    }
}
