//! When which cron is due: expressions and a clock that may jump, without anything that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nano_config::CronExpression;

/// A cron starts up to so many milliseconds after it is due, each its own time: those of a thousand apps that are due in one
/// minute do not start in one moment.
pub(super) const MAX_JITTER: u64 = 5000;

/// What is noticed later than this many seconds after it was due is missed: nano did not run, or was suspended, or the clock was
/// set forward.
pub(super) const MAX_LATE: i64 = 10 * 60;

/// A clock that is set back by less milliseconds causes nothing: what had its turn has none again, and what is due next waits for
/// its time. One that is set back further counts at once.
pub(super) const BACK_TOLERATED: u64 = 5 * 60 * 1000;

/// One expression of an app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CronKey {
    pub(crate) app: Arc<str>,
    /// As it is written.
    pub(crate) cron: Arc<str>,
}

/// A cron that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) key: CronKey,
    /// When, in seconds since 1970-01-01 UTC. `None`: only in times that are missed.
    pub(super) time: Option<i64>,
    /// Whether it was due before that, too late for a run now.
    pub(super) missed: bool,
}

#[derive(Debug)]
struct Entry {
    expression: CronExpression,
    jitter: u64,
    /// Seconds; `None`: it does not come due any more.
    next: Option<i64>,
}

/// All crons of all apps. Times are milliseconds since 1970-01-01 UTC, but for those of expressions, which are seconds.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    entries: BTreeMap<CronKey, Entry>,
    /// When each is to start, the earliest first.
    starts: BTreeSet<(u64, CronKey)>,
    /// The latest time that was seen since the clock was set back.
    seen: u64,
}

impl Timetable {
    /// Has exactly these from now on. What was there goes on as it was.
    pub(super) fn set(&mut self, wanted: impl Iterator<Item = (CronKey, CronExpression)>, now: u64) {
        let mut before = std::mem::take(&mut self.entries);
        for (key, expression) in wanted {
            let entry = before.remove(&key).unwrap_or_else(|| {
                let next = expression.next_after(seconds(now));
                Entry { expression, jitter: jitter(&key), next }
            });
            self.entries.insert(key, entry);
        }
        self.order();
    }

    /// A cron is due next then, because another timetable left off there.
    pub(super) fn go_on(&mut self, key: &CronKey, next: Option<i64>) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.next = next;
            self.order();
        }
    }

    /// All crons, and when each is due next.
    pub(super) fn all(&self) -> impl Iterator<Item = (&CronKey, Option<i64>)> {
        self.entries.iter().map(|(key, entry)| (key, entry.next))
    }

    /// What is to start now. To be asked again at [`Self::next_start`], and when the clock was set.
    pub(super) fn take_due(&mut self, now: u64) -> Vec<Due> {
        if now + BACK_TOLERATED < self.seen {
            self.seen = now;
            for entry in self.entries.values_mut() {
                entry.next = entry.expression.next_after(seconds(now));
            }
            self.order();
            return Vec::new();
        }
        self.seen = self.seen.max(now);
        let mut due = Vec::new();
        while let Some((start, _)) = self.starts.first()
            && *start <= now
            && let Some((_, key)) = self.starts.pop_first()
        {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            due.extend(entry.take(&key, now));
            if let Some(start) = entry.start() {
                self.starts.insert((start, key));
            }
        }
        due
    }

    /// When something is to start next.
    pub(super) fn next_start(&self) -> Option<u64> {
        self.starts.first().map(|(start, _)| *start)
    }

    /// When a cron is due next, in seconds.
    pub(super) fn next_time(&self, key: &CronKey) -> Option<i64> {
        self.entries.get(key)?.next
    }

    /// Whether there is such a cron.
    pub(super) fn has(&self, key: &CronKey) -> bool {
        self.entries.contains_key(key)
    }

    fn order(&mut self) {
        self.starts = self.entries.iter().filter_map(|(key, entry)| Some((entry.start()?, key.clone()))).collect();
    }
}

impl Entry {
    fn start(&self) -> Option<u64> {
        Some(u64::try_from(self.next?).ok()?.saturating_mul(1000).saturating_add(self.jitter))
    }

    /// The latest time that it was due, if that is not too long ago; it is due next after `now`.
    fn take(&mut self, key: &CronKey, now: u64) -> Option<Due> {
        let first = self.next?;
        // A time whose jitter is not over yet is not due yet.
        let now = seconds(now.saturating_sub(self.jitter));
        let mut time = None;
        let mut missed = false;
        let mut next = Some(first);
        if now - first > MAX_LATE {
            missed = true;
            next = self.expression.next_after(now - MAX_LATE - 1);
        }
        // At most one for each minute of MAX_LATE.
        while let Some(at) = next.filter(|at| *at <= now) {
            missed |= time.is_some();
            time = Some(at);
            next = self.expression.next_after(at);
        }
        self.next = next;
        Some(Due { key: key.clone(), time, missed })
    }
}

fn seconds(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX)
}

/// The same in every nano, for as long as app and expression have their names. FNV-1a: short, and nothing depends on its quality.
fn jitter(key: &CronKey) -> u64 {
    let bytes = key.app.bytes().chain([0]).chain(key.cron.bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 32)) % MAX_JITTER
}

#[cfg(test)]
mod tests;
