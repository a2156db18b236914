//! What a process wrote to its stderr, line by line as it arrives.

use crate::wait::until;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};
use std::thread;

/// The collected lines; clones share them.
#[derive(Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    /// Nothing is read while it is held.
    reading: Arc<Mutex<()>>,
}

impl Log {
    /// Collects `source` on a thread of its own until it ends.
    #[must_use]
    pub fn collect(source: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let (lines, reading) = (Arc::clone(&log.lines), Arc::clone(&log.reading));
        thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while source.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                drop(reading.lock());
                lines.lock().unwrap().push(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
        });
        log
    }

    /// Reads nothing for as long as this is held, but perhaps what is being read.
    pub fn hold(&self) -> std::sync::MutexGuard<'_, ()> {
        self.reading.lock().unwrap()
    }

    /// Every line so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// How many lines so far have this text. Far less work than to read them all as records.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.lines.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }

    /// Every line so far that is a JSON object.
    #[must_use]
    pub fn records(&self) -> Vec<Value> {
        self.lines().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The first record with this `message`, if it is there.
    #[must_use]
    pub fn message(&self, message: &str) -> Option<Value> {
        self.records().into_iter().find(|record| record["message"] == message)
    }

    /// Waits for a record that fits.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        // Each line is read once, however often it is looked.
        let mut seen = 0;
        until(&format!("log record: {what}"), || {
            let lines = self.lines.lock().unwrap();
            let new = &lines[seen..];
            seen = lines.len();
            new.iter().filter_map(|line| serde_json::from_str(line).ok()).find(|record| fits(record))
        })
    }

    /// Waits for a line that contains `text`.
    pub fn wait_for_text(&self, text: &str) -> String {
        until(&format!("log line with {text:?}"), || self.lines().into_iter().find(|line| line.contains(text)))
    }
}
