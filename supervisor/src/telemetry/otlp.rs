//! What becomes of spans.

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanResult {
    /// The receiver took it.
    Sent,
    /// The queue was full.
    Dropped,
    /// The receiver did not take it.
    Failed,
}

impl SpanResult {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sent, Self::Dropped, Self::Failed];

    /// The metric's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

/// Counted for all of nano, if there is `otlp`.
#[derive(Debug, Default)]
pub struct OtlpMetrics([AtomicU64; SpanResult::ALL.len()]);

impl OtlpMetrics {
    /// So many spans ended so.
    pub fn count(&self, result: SpanResult, spans: u64) {
        if let Some(counter) = self.0.get(result as usize) {
            counter.fetch_add(spans, Ordering::Relaxed);
        }
    }

    /// How many spans ended so.
    #[must_use]
    pub fn spans(&self, result: SpanResult) -> u64 {
        self.0.get(result as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }
}
