//! Certificates that are ordered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many names are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AcmeStanding {
    /// They have a certificate, and the last order succeeded.
    pub valid: u64,
    /// They wait for their first one.
    pub waiting: u64,
    /// The last order failed.
    pub failing: u64,
}

/// Counted for all of nano.
#[derive(Debug, Default)]
pub struct AcmeMetrics {
    succeeded: AtomicU64,
    failed: AtomicU64,
    /// `None` without `tls.acme`.
    standing: Mutex<Option<AcmeStanding>>,
}

impl AcmeMetrics {
    /// An order is over.
    pub(crate) fn ordered(&self, succeeded: bool) {
        let counter = if succeeded { &self.succeeded } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// So many names are in each state now.
    pub(crate) fn show(&self, standing: Option<AcmeStanding>) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    pub(in super::super) fn orders(&self) -> [(&'static str, &AtomicU64); 2] {
        [("ok", &self.succeeded), ("failed", &self.failed)]
    }

    pub(in super::super) fn names(&self) -> Option<[(&'static str, u64); 3]> {
        let standing = *self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.map(|AcmeStanding { valid, waiting, failing }| {
            [("valid", valid), ("waiting", waiting), ("failing", failing)]
        })
    }
}
