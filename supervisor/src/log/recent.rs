//! The last lines of the log, for `nanoctl logs`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

/// Lines that are kept.
const LINES: usize = 2000;

/// Bytes of lines that are kept.
const BYTES: usize = 4 << 20;

/// Lines that a follower may be behind before it misses some.
const BEHIND: usize = 1024;

/// One line.
#[derive(Debug, Clone)]
pub struct Record {
    /// The app that it is about.
    pub app: Option<Arc<str>>,
    /// The line as JSON, with its newline.
    pub json: Arc<str>,
}

/// The memory, and those who listen.
#[derive(Debug)]
pub struct Recent {
    kept: Mutex<Kept>,
    live: broadcast::Sender<Record>,
}

#[derive(Debug, Default)]
struct Kept {
    records: VecDeque<Record>,
    bytes: usize,
}

impl Default for Recent {
    fn default() -> Self {
        Self { kept: Mutex::default(), live: broadcast::Sender::new(BEHIND) }
    }
}

impl Recent {
    /// Whether anybody listens.
    pub(super) fn watched(&self) -> bool {
        self.live.receiver_count() > 0
    }

    pub(super) fn push(&self, record: Record, remember: bool) {
        if !remember {
            let _ = self.live.send(record);
            return;
        }
        let mut kept = self.lock();
        // Under the lock, so that a new listener gets each line exactly once. Nobody listening is no error.
        let _ = self.live.send(record.clone());
        kept.bytes += record.json.len();
        kept.records.push_back(record);
        while kept.records.len() > LINES || kept.bytes > BYTES {
            let Some(oldest) = kept.records.pop_front() else { break };
            kept.bytes -= oldest.json.len();
        }
    }

    /// The lines that are kept, oldest first, and all that come after them.
    #[must_use]
    pub fn subscribe(&self) -> (Vec<Record>, broadcast::Receiver<Record>) {
        let kept = self.lock();
        (kept.records.iter().cloned().collect(), self.live.subscribe())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn record(text: &str) -> Record {
        Record { app: None, json: text.into() }
    }

    #[test]
    fn forgets_the_oldest() {
        let recent = Recent::default();
        for number in 0..LINES + 10 {
            recent.push(record(&number.to_string()), true);
        }
        let (kept, _live) = recent.subscribe();
        assert_eq!((kept.len(), &*kept.first().unwrap().json), (LINES, "10"));
        let long = "x".repeat(BYTES / 2);
        for _ in 0..3 {
            recent.push(record(&long), true);
        }
        assert_eq!(recent.subscribe().0.len(), 2);
    }

    #[test]
    fn a_listener_gets_each_line_once() {
        let recent = Recent::default();
        recent.push(record("before"), true);
        assert!(!recent.watched());
        let (kept, mut live) = recent.subscribe();
        assert!(recent.watched());
        recent.push(record("after"), true);
        recent.push(record("access"), false);
        assert_eq!(kept.len(), 1);
        assert_eq!(&*live.try_recv().unwrap().json, "after");
        assert_eq!(&*live.try_recv().unwrap().json, "access");
        assert_eq!(recent.subscribe().0.len(), 2);
    }
}
