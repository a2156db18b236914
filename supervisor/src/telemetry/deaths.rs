//! The last workers that ended though nobody wanted that, for the status page.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use nano_protocol::ExitReason;
use serde::Serialize;

/// How many are kept.
const KEPT: usize = 50;

/// Most bytes of how one ended.
const MAX_HOW: usize = 200;

/// One of them. No text of the app's is in it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Death {
    /// In seconds since 1970-01-01 UTC.
    at: u64,
    app: String,
    reason: &'static str,
    /// The exit code or the signal.
    how: String,
}

/// The last ones.
#[derive(Debug, Default)]
pub(super) struct Deaths(Mutex<VecDeque<Death>>);

impl Deaths {
    pub(super) fn push(&self, app: &str, reason: ExitReason, how: &str) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let how = how.chars().take(MAX_HOW).collect();
        let mut deaths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if deaths.len() == KEPT {
            deaths.pop_front();
        }
        deaths.push_back(Death { at, app: app.to_owned(), reason: reason.as_str(), how });
    }

    /// The latest first.
    pub(super) fn latest(&self) -> Vec<Death> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}
