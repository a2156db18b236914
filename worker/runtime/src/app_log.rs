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
        let now = Instant::now();
        Self {
            outbox,
            messages: Allowance::new(MESSAGES_PER_SECOND, now),
            bytes: Allowance::new(BYTES_PER_SECOND, now),
            dropped: 0,
        }
    }
}

impl LogSink for AppLog {
    fn write(&mut self, level: LogLevel, request_id: &str, text: &str) {
        let now = Instant::now();
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

    fn tell_dropped(&mut self) {
        let before = self.dropped;
        if before > 0 {
            self.write(LogLevel::Warn, "", "log lines of the app were dropped: there were too many");
            // It is not one of the app's itself.
            self.dropped = self.dropped.min(before);
        }
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
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_what_is_dropped_is_told() {
        let outbox = Rc::new(RefCell::new(Outbox::default()));
        let mut log = AppLog::new(Rc::clone(&outbox));
        log.write(LogLevel::Info, "", "x");
        let one = outbox.borrow().len();
        while log.dropped < 1000 {
            log.write(LogLevel::Info, "", "x");
        }
        assert!(outbox.borrow().len() / one >= 4000, "a burst is not cut");
        log.messages.left = 1.0;
        let before = outbox.borrow().len();
        log.write(LogLevel::Info, "", "x");
        assert_eq!(log.dropped, 0, "told with the next message");
        assert_eq!(outbox.borrow().len(), before + one);

        // Where there is no next message it is told on its own, as soon as there is room.
        log.tell_dropped();
        assert_eq!(outbox.borrow().len(), before + one);
        log.messages.left = 0.0;
        log.messages.filled = Instant::now() + std::time::Duration::from_secs(60);
        log.write(LogLevel::Info, "", "x");
        log.tell_dropped();
        assert_eq!(log.dropped, 1, "no room");
        log.messages.left = 1.0;
        log.tell_dropped();
        assert_eq!(log.dropped, 0);
        assert!(outbox.borrow().len() > before + one);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let text = "ü".repeat(100);
        let cut = cut(&text, 75);
        assert!(cut.len() <= 75 && cut.starts_with("üü") && cut.ends_with("(200 bytes in all)"), "{cut}");
        assert_eq!(super::cut("short", 75), "short");
    }
}
