//! Runs of crons.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::AppMetrics;

/// What became of a time at which a cron was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CronResult {
    /// The run succeeded.
    Ok,
    /// The app threw, has no handler, or its worker ended.
    Failed,
    /// It took too long and was given up.
    TimedOut,
    /// There was no worker or no place for it.
    Refused,
    /// The run before it was not over.
    Skipped,
    /// It was too late for it when that was noticed.
    Missed,
    /// Another node of the fleet has it.
    Elsewhere,
}

impl CronResult {
    /// All of them.
    pub const ALL: [CronResult; 7] =
        [Self::Ok, Self::Failed, Self::TimedOut, Self::Refused, Self::Skipped, Self::Missed, Self::Elsewhere];

    /// The metric's label, and the word in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// The counters of one app.
#[derive(Debug, Default)]
pub(super) struct CronCounts {
    /// Whether the app has crons: without, its series are not there.
    any: AtomicBool,
    runs: [AtomicU64; CronResult::ALL.len()],
    /// Seconds since 1970-01-01 UTC; 0: never.
    succeeded: AtomicU64,
}

impl AppMetrics {
    /// Says whether the app has crons now.
    pub fn set_has_crons(&self, any: bool) {
        self.crons.any.store(any, Ordering::Relaxed);
    }

    /// Counts a run, or a time without one.
    pub fn cron_run(&self, result: CronResult) {
        if let Some(counter) = self.crons.runs.get(result as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A run succeeded that was due at this time, in seconds since 1970-01-01 UTC.
    pub fn cron_succeeded(&self, time: i64) {
        self.crons.succeeded.fetch_max(u64::try_from(time).unwrap_or(0), Ordering::Relaxed);
    }

    /// The runs by result; none if the app has no crons and never had.
    pub(super) fn cron_runs(&self) -> impl Iterator<Item = (CronResult, &AtomicU64)> {
        let used = self.crons.any.load(Ordering::Relaxed)
            || self.crons.runs.iter().any(|count| count.load(Ordering::Relaxed) > 0);
        CronResult::ALL.into_iter().zip(&self.crons.runs).filter(move |_| used)
    }

    /// When the last run that succeeded was due, if one did.
    pub(super) fn cron_last_success(&self) -> Option<u64> {
        Some(self.crons.succeeded.load(Ordering::Relaxed)).filter(|time| *time > 0)
    }
}
