//! An app's messages on their way to the supervisor: bounded in size and in number, so that an app cannot fill the log
//! nor this process's memory. What is dropped is counted.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use nano_protocol::limits::MAX_LOG_TEXT;
use nano_protocol::{Frame, LogLine, Outbox};

use crate::runtime::{LogLevel, LogSink};

/// Messages per second that an app may log for long; [`BURST`] seconds' worth at once.
const MESSAGES_PER_SECOND: f64 = 1000.0;
/// The same in bytes.
const BYTES_PER_SECOND: f64 = 1024.0 * 1024.0;
/// Seconds' worth that may come at once.
const BURST: f64 = 4.0;
/// Unsent bytes beyond which messages are dropped.
const MAX_BACKLOG: usize = 8 * 1024 * 1024;

/// Writes messages as `Log` frames.
pub(crate) struct AppLog {
    outbox: Rc<RefCell<Outbox>>,
    messages: Allowance,
    bytes: Allowance,
    dropped: u64,
}

impl AppLog {
    pub(crate) fn new(outbox: Rc<RefCell<Outbox>>) -> Self {
        Self::started(outbox, Instant::now())
    }

    fn started(outbox: Rc<RefCell<Outbox>>, now: Instant) -> Self {
        Self {
            outbox,
            messages: Allowance::new(MESSAGES_PER_SECOND, now),
            bytes: Allowance::new(BYTES_PER_SECOND, now),
            dropped: 0,
        }
    }

    fn write_at(&mut self, now: Instant, level: LogLevel, request_id: &str, text: &str) {
        #[allow(clippy::cast_precision_loss, reason = "lengths of strings are far below 2^52")]
        let cost = text.len().min(MAX_LOG_TEXT) as f64;
        let mut outbox = self.outbox.borrow_mut();
        if outbox.len() > MAX_BACKLOG || !self.messages.has(1.0, now) || !self.bytes.has(cost, now) {
            self.dropped += 1;
            return;
        }
        self.messages.take(1.0);
        self.bytes.take(cost);
        outbox.push(&Frame::Log(LogLine {
            level: level.into(),
            request_id: request_id.into(),
            message: cut(text, MAX_LOG_TEXT),
            dropped: std::mem::take(&mut self.dropped),
        }));
    }

    fn tell_dropped_at(&mut self, now: Instant) {
        let before = self.dropped;
        if before > 0 {
            self.write_at(now, LogLevel::Warn, "", "log lines of the app were dropped: there were too many");
            // It is not one of the app's itself.
            self.dropped = self.dropped.min(before);
        }
    }
}

impl LogSink for AppLog {
    fn write(&mut self, level: LogLevel, request_id: &str, text: &str) {
        self.write_at(Instant::now(), level, request_id, text);
    }

    fn owes_word(&self) -> bool {
        self.dropped > 0
    }

    fn tell_dropped(&mut self) {
        self.tell_dropped_at(Instant::now());
    }
}

impl From<LogLevel> for nano_protocol::LogLevel {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

/// At most `max` bytes of a text; says so where something was cut off.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.into();
    }
    let mark = format!("… ({} bytes in all)", text.len());
    let mut end = max.saturating_sub(mark.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{mark}", text.get(..end).unwrap_or_default())
}

/// A token bucket.
struct Allowance {
    per_second: f64,
    left: f64,
    filled: Instant,
}

impl Allowance {
    fn new(per_second: f64, now: Instant) -> Self {
        Self { per_second, left: per_second * BURST, filled: now }
    }

    fn has(&mut self, amount: f64, now: Instant) -> bool {
        let new = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.filled = now;
        self.left = (self.left + new).min(self.per_second * BURST);
        self.left >= amount
    }

    fn take(&mut self, amount: f64) {
        self.left -= amount;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A log that has existed since `start`, and its lines as `(message's length, dropped before it)` so far.
    fn log(start: Instant) -> (AppLog, impl Fn() -> Vec<(usize, u64)>) {
        let outbox = Rc::new(RefCell::new(Outbox::default()));
        let log = AppLog::started(Rc::clone(&outbox), start);
        let lines = move || {
            let mut outbox = outbox.borrow_mut();
            let mut bytes = bytes::BytesMut::new();
            while !outbox.is_empty() {
                let mut slices = [std::io::IoSlice::new(&[]); 16];
                let count = outbox.io_slices(&mut slices);
                slices[..count].iter().for_each(|slice| bytes.extend_from_slice(slice));
                let taken = slices[..count].iter().map(|slice| slice.len()).sum();
                outbox.advance(taken);
            }
            let decoder = nano_protocol::Decoder::new(nano_protocol::Side::Worker);
            let frames = std::iter::from_fn(|| decoder.decode(&mut bytes).unwrap());
            frames
                .map(|frame| match frame {
                    Frame::Log(line) => (line.message.len(), line.dropped),
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        (log, lines)
    }

    #[test]
    fn a_flood_is_cut_and_what_is_dropped_is_told() {
        let start = Instant::now();
        let (mut log, lines) = log(start);
        for _ in 0..20_000 {
            log.write_at(start, LogLevel::Info, "", "x");
        }
        assert_eq!(lines(), vec![(1, 0); 4000], "a burst is not cut");
        // A token comes back each millisecond, and the next message tells how many are missing.
        let later = start + Duration::from_millis(1);
        for _ in 0..1000 {
            log.write_at(later, LogLevel::Info, "", "x");
        }
        assert_eq!(lines(), [(1, 16_000)]);

        // Where there is no next message it is told on its own, as soon as there is room.
        log.tell_dropped_at(later);
        assert_eq!(lines(), [], "no room");
        let later = later + Duration::from_millis(1);
        log.tell_dropped_at(later);
        assert_eq!(lines().iter().map(|(_, dropped)| *dropped).collect::<Vec<_>>(), [999]);
        log.tell_dropped_at(later + Duration::from_secs(60));
        assert_eq!(lines(), [], "told once");
    }

    #[test]
    fn few_long_messages_are_a_flood_too() {
        let start = Instant::now();
        let (mut log, lines) = log(start);
        let long = "x".repeat(MAX_LOG_TEXT);
        for _ in 0..1000 {
            log.write_at(start, LogLevel::Info, "", &long);
        }
        assert_eq!(lines().len(), 4 * 1024 * 1024 / MAX_LOG_TEXT);
        // However much time passes: what is not sent yet is bounded.
        let mut now = start;
        for _ in 0..1000 {
            now += Duration::from_secs(60);
            log.write_at(now, LogLevel::Info, "", &long);
        }
        let waiting = lines().len();
        assert!((MAX_BACKLOG / MAX_LOG_TEXT..=MAX_BACKLOG / MAX_LOG_TEXT + 1).contains(&waiting), "{waiting}");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let text = "ü".repeat(100);
        let cut = cut(&text, 75);
        assert!(cut.len() <= 75 && cut.starts_with("üü") && cut.ends_with("(200 bytes in all)"), "{cut}");
        assert_eq!(super::cut("short", 75), "short");
    }
}
