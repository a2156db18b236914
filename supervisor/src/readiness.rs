//! Whether nano takes requests: what `/readyz` and `nanoctl status` say.

use std::cell::Cell;
use std::fmt;

/// The state of the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerPhase {
    /// Apps are being loaded.
    Starting,
    /// Requests are served.
    Ready,
    /// Requests are served, and load balancers are to send no more: a drain comes.
    Leaving,
    /// Requests in flight are being finished; new ones are not accepted.
    Draining,
}

impl ServerPhase {
    /// The name in `nanoctl status` and `/readyz`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Leaving => "leaving",
            Self::Draining => "draining",
        }
    }

    /// Whether a load balancer should send requests here.
    #[must_use]
    pub fn is_ready(self) -> bool {
        self == Self::Ready
    }
}

impl fmt::Display for ServerPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The phase, shared by everything on the main thread.
#[derive(Debug)]
pub struct Readiness(Cell<ServerPhase>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Cell::new(ServerPhase::Starting))
    }
}

impl Readiness {
    /// The phase now.
    #[must_use]
    pub fn get(&self) -> ServerPhase {
        self.0.get()
    }

    /// Enters a phase.
    pub fn set(&self, phase: ServerPhase) {
        self.0.set(phase);
    }
}
