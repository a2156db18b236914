//! The counters of an app at one moment, for `nanoctl top`, which takes differences of them.

use std::sync::atomic::Ordering;

use nano_protocol::ExitReason;
use serde::{Deserialize, Serialize};

use super::AppMetrics;
use crate::duration::millis;

/// What has been counted since the app is there, and what there is now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AppSample {
    /// Requests that ended.
    pub(crate) answered: u64,
    /// Those of them that were answered with 5xx.
    pub(crate) failed: u64,
    pub(crate) in_flight: u64,
    /// CPU time of all workers that there were.
    pub(crate) cpu_ms: u64,
    pub(crate) resident_bytes: u64,
    pub(crate) buffered_bytes: u64,
    pub(crate) overflows: u64,
    /// Workers that ended without anybody wanting that.
    pub(crate) failures: u64,
    /// Upper bounds in milliseconds with the number of requests that took at most so long; `None`: all of them.
    pub(crate) durations: Vec<(Option<f64>, u64)>,
}

impl AppMetrics {
    /// The counters of now.
    pub(crate) fn sample(&self) -> AppSample {
        let totals = self.totals();
        let durations = self.durations.snapshot();
        let bounds = durations.cumulative.iter().map(|(seconds, count)| (Some(seconds * 1000.0), *count));
        let planned = [ExitReason::Idle, ExitReason::Reload, ExitReason::Restart];
        let unplanned = ExitReason::ALL.into_iter().filter(|reason| !planned.contains(reason));
        AppSample {
            answered: self.finished.load(Ordering::Relaxed),
            failed: self.codes.seen().filter(|(code, _)| *code >= 500).map(|(_, count)| count).sum(),
            in_flight: self.requests_in_flight(),
            cpu_ms: millis(totals.cpu),
            resident_bytes: totals.resident,
            buffered_bytes: totals.stats.buffered,
            overflows: totals.stats.overflows,
            failures: unplanned.map(|reason| self.worker_exits(reason)).sum(),
            durations: bounds.chain([(None, durations.count)]).collect(),
        }
    }
}
