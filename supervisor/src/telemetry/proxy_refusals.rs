//! Connections that were closed for what their proxy said, or did not say.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Metrics;
use crate::downstream::ProxyRefusal;

/// One counter for each cause.
#[derive(Debug, Default)]
pub(super) struct ProxyRefusals([AtomicU64; ProxyRefusal::CAUSES.len()]);

impl ProxyRefusals {
    /// The causes, with their counts.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, &AtomicU64)> {
        ProxyRefusal::CAUSES.into_iter().zip(&self.0)
    }
}

impl Metrics {
    /// A connection to a listener with `proxy_protocol` was closed.
    pub(crate) fn proxy_refused(&self, why: ProxyRefusal) {
        let counter = self.proxy_refusals.counts().find(|(cause, _)| *cause == why.cause());
        if let Some((_, counter)) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}
