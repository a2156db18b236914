//! What is known of a cron's runs, for `nanoctl apps`.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use crate::telemetry::CronResult;

/// The last run that ended, or was not begun.
#[derive(Debug, Clone)]
pub(super) struct LastRun {
    pub(super) result: CronResult,
    /// An error's code; empty where there is none.
    pub(super) code: &'static str,
    pub(super) request_id: String,
    /// When it was due, in seconds.
    pub(super) time: i64,
    pub(super) took: Duration,
}

/// The record of one cron, kept over reloads that leave it as it is.
#[derive(Debug, Default)]
pub(super) struct CronRecord {
    /// Since when it runs.
    pub(super) running: Cell<Option<Instant>>,
    /// The last run that began and is over.
    pub(super) last: RefCell<Option<LastRun>>,
    /// When the last run that succeeded was due, in seconds.
    pub(super) last_success: Cell<Option<i64>>,
    /// Times at which it was skipped, because it still ran.
    pub(super) skipped: Cell<u64>,
}
