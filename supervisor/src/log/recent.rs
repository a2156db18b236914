//! A buffer of the last lines of the log, for `nanoctl logs`.
//!
//! A follower holds no lines but a position in the buffer. A follower that is too slow misses lines and is sent their
//! number: the memory does not depend on how many follow, or how slowly.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::Notify;
use tracing::Level;

/// Lines that are kept, and how many bytes of them.
const KEPT: Bounds = Bounds { lines: 2000, bytes: 4 << 20 };

/// The same for lines that only followers get: the access log.
const PASSING: Bounds = Bounds { lines: 1024, bytes: 1 << 20 };

/// One line.
#[derive(Debug, Clone)]
pub struct Record {
    /// The app that it is about.
    pub app: Option<Arc<str>>,
    /// How severe it is.
    pub level: Level,
    /// When it was logged.
    pub at: SystemTime,
    /// The line as JSON, with its newline.
    pub json: Arc<str>,
}

/// The buffer and its followers.
#[derive(Debug)]
pub struct Recent {
    lines: Mutex<LogLines>,
    followers: AtomicUsize,
    changed: Notify,
}

#[derive(Debug)]
struct LogLines {
    /// Lines in all.
    count: u64,
    kept: Ring,
    passing: Ring,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    lines: usize,
    bytes: usize,
}

/// The last lines of one kind.
#[derive(Debug)]
struct Ring {
    bounds: Bounds,
    /// With their numbers among all lines.
    records: VecDeque<(u64, Record)>,
    bytes: usize,
    /// Lines that were dropped from the buffer.
    gone: u64,
}

/// What comes next for a reader.
#[derive(Debug)]
pub(crate) enum NextRecord {
    /// A line.
    Line(Record),
    /// So many lines were dropped before they were read.
    Missed(u64),
    /// No line yet.
    Nothing,
}

/// A position in the log.
#[derive(Debug)]
pub(crate) struct LogReader {
    recent: Arc<Recent>,
    kept: u64,
    passing: u64,
    /// Where it ends; `None` if it follows the log.
    end: Option<u64>,
}

impl Ring {
    fn new(bounds: Bounds) -> Self {
        Self { bounds, records: VecDeque::new(), bytes: 0, gone: 0 }
    }

    fn push(&mut self, at: u64, record: Record) {
        self.bytes += record.json.len();
        self.records.push_back((at, record));
        while self.records.len() > self.bounds.lines || self.bytes > self.bounds.bytes {
            let Some((_, oldest)) = self.records.pop_front() else { break };
            self.bytes -= oldest.json.len();
            self.gone += 1;
        }
    }

    /// The line with this number among those of the ring.
    fn get(&self, number: u64) -> Option<&(u64, Record)> {
        self.records.get(usize::try_from(number.checked_sub(self.gone)?).ok()?)
    }

    fn next_number(&self) -> u64 {
        self.gone + self.records.len() as u64
    }
}

impl Default for Recent {
    fn default() -> Self {
        let lines = LogLines { count: 0, kept: Ring::new(KEPT), passing: Ring::new(PASSING) };
        Self { lines: Mutex::new(lines), followers: AtomicUsize::new(0), changed: Notify::new() }
    }
}

impl Recent {
    /// Whether a reader follows.
    pub(super) fn watched(&self) -> bool {
        self.followers.load(Ordering::Relaxed) > 0
    }

    pub(super) fn push(&self, record: Record, remember: bool) {
        {
            let mut lines = self.lock();
            let at = lines.count;
            lines.count += 1;
            if remember { &mut lines.kept } else { &mut lines.passing }.push(at, record);
        }
        self.changed.notify_waiters();
    }

    /// Reads the buffered lines, oldest first, and with `follow` all later ones.
    pub(crate) fn read(self: &Arc<Self>, follow: bool) -> LogReader {
        let lines = self.lock();
        if follow {
            self.followers.fetch_add(1, Ordering::Relaxed);
        }
        let end = (!follow).then_some(lines.count);
        let (kept, passing) = (lines.kept.gone, lines.passing.next_number());
        LogReader { recent: Arc::clone(self), kept, passing, end }
    }

    /// Whether a line of this app is kept.
    pub(crate) fn has(&self, app: &str) -> bool {
        self.lock().kept.records.iter().any(|(_, record)| record.app.as_deref() == Some(app))
    }

    fn lock(&self) -> MutexGuard<'_, LogLines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogReader {
    /// The next line, without waiting.
    pub(crate) fn take(&mut self) -> NextRecord {
        let recent = Arc::clone(&self.recent);
        let lines = recent.lock();
        let missed = |ring: &Ring, place: &mut u64| {
            let missed = ring.gone.saturating_sub(*place);
            *place += missed;
            missed
        };
        let missed = missed(&lines.kept, &mut self.kept) + missed(&lines.passing, &mut self.passing);
        if missed > 0 {
            return NextRecord::Missed(missed);
        }
        let (kept, passing) = (lines.kept.get(self.kept), lines.passing.get(self.passing));
        let kept_first = match (kept, passing) {
            (Some((one, _)), Some((other, _))) => one < other,
            (one, _) => one.is_some(),
        };
        let (next, place) = if kept_first { (kept, &mut self.kept) } else { (passing, &mut self.passing) };
        match next {
            Some((at, record)) if self.end.is_none_or(|end| *at < end) => {
                *place += 1;
                NextRecord::Line(record.clone())
            }
            _ => NextRecord::Nothing,
        }
    }

    /// A reader of what is kept by now, from the same place.
    pub(crate) fn again(&self) -> Self {
        let end = self.end.unwrap_or_else(|| self.recent.lock().count);
        Self { recent: Arc::clone(&self.recent), kept: self.kept, passing: self.passing, end: Some(end) }
    }

    /// Goes on with the kept line of this number.
    pub(crate) fn go_to(&mut self, kept: u64) {
        self.kept = kept;
    }

    /// The number of the next kept line.
    pub(crate) fn next_kept(&self) -> u64 {
        self.kept
    }

    /// Waits for [`Self::take`] to have something.
    pub(crate) async fn wait(&mut self) -> NextRecord {
        let recent = Arc::clone(&self.recent);
        loop {
            let mut changed = std::pin::pin!(recent.changed.notified());
            // Registered before the check, so that a line after it is not missed.
            changed.as_mut().enable();
            match self.take() {
                NextRecord::Nothing => changed.await,
                next => return next,
            }
        }
    }

    pub(crate) fn follows(&self) -> bool {
        self.end.is_none()
    }
}

impl Drop for LogReader {
    fn drop(&mut self) {
        if self.follows() {
            self.recent.followers.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
