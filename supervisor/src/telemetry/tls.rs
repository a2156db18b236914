//! What TLS of clients does.

mod acme;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub use acme::{AcmeMetrics, AcmeStanding};

/// How a handshake with a client ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeResult {
    /// With a signature.
    Full,
    /// An earlier session was taken up.
    Resumed,
    /// The two did not agree, or the client left.
    Failed,
    /// It took too long, or nano ended.
    TimedOut,
}

impl HandshakeResult {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Full, Self::Resumed, Self::Failed, Self::TimedOut];

    /// The metric's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Resumed => "resumed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Full => 0,
            Self::Resumed => 1,
            Self::Failed => 2,
            Self::TimedOut => 3,
        }
    }
}

/// Counted for all of nano.
#[derive(Debug, Default)]
pub struct TlsMetrics {
    handshakes: [AtomicU64; 4],
    /// The first hostname of each certificate, and when it expires.
    expiries: Mutex<Vec<(String, f64)>>,
    /// Those that are ordered.
    pub acme: AcmeMetrics,
}

impl TlsMetrics {
    /// A handshake is over.
    pub fn handshake(&self, result: HandshakeResult) {
        if let Some(counter) = self.handshakes.get(result.index()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many handshakes ended so.
    #[must_use]
    pub fn handshakes(&self, result: HandshakeResult) -> u64 {
        self.handshakes.get(result.index()).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// These certificates serve now.
    pub fn show_certificates(&self, all: impl Iterator<Item = (String, SystemTime)>) {
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs() as f64);
        let all = all.map(|(hostname, expires)| (hostname, seconds(expires))).collect();
        *self.expiries.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// The first hostname of each certificate, and when it expires, in seconds since 1970.
    #[must_use]
    pub fn expiries(&self) -> Vec<(String, f64)> {
        self.expiries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
