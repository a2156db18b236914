//! An app's messages on their way to the supervisor: bounded in size and in number, so that an app cannot fill the log
//! nor this process's memory. What is dropped is counted.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use nano_protocol::limits::MAX_LOG_TEXT;
use nano_protocol::{Frame, LogLine, MessageRate, Outbox};

use crate::engine::log_sink::{LogLevel, LogSink};

/// Messages per second that an app may log for long; [`BURST`] seconds' worth at once.
const MESSAGES_PER_SECOND: f64 = 1000.0;
/// The same in bytes.
const BYTES_PER_SECOND: f64 = 1024.0 * 1024.0;
/// Seconds' worth that may come at once.
const BURST: f64 = 4.0;
/// Bytes of waiting messages beyond which further ones are dropped.
const MAX_BACKLOG: usize = 8 * 1024 * 1024;
/// What is said where no message follows those that were dropped.
const DROPPED: &str = "log lines of the app were dropped: there were too many";
/// What a waiting message costs beside its text.
const LINE_OVERHEAD: usize = size_of::<LogLine>();
/// Units of UTF-16 of a message that are looked at; its text is cut to [`MAX_LOG_TEXT`] bytes.
const MAX_COPIED: usize = 1 << 20;
/// Messages are handed to the control link up to so many unsent bytes there, so that the answer to a ping, which comes
/// behind them, is not late.
const MAX_AHEAD: usize = 64 * 1024;

/// Messages on their way to the control link.
#[derive(Default)]
pub(crate) struct LogQueue {
    lines: VecDeque<LogLine>,
    bytes: usize,
}

fn cost(line: &LogLine) -> usize {
    line.message.len() + line.request_id.len() + LINE_OVERHEAD
}

impl LogQueue {
    fn push(&mut self, line: LogLine) {
        self.bytes += cost(&line);
        self.lines.push_back(line);
    }

    fn pop(&mut self) -> Option<LogLine> {
        let line = self.lines.pop_front()?;
        self.bytes -= cost(&line);
        Some(line)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Hands over as many messages as the link should hold.
    pub(crate) fn pour(&mut self, outbox: &mut Outbox) {
        while outbox.len() < MAX_AHEAD
            && let Some(line) = self.pop()
        {
            outbox.push(&Frame::Log(line));
        }
    }

    /// Hands over all messages: before a frame that says that something is over.
    pub(crate) fn pour_all(&mut self, outbox: &mut Outbox) {
        while let Some(line) = self.pop() {
            outbox.push(&Frame::Log(line));
        }
    }
}

/// Writes messages to a [`LogQueue`].
pub(crate) struct AppLog {
    queue: Rc<RefCell<LogQueue>>,
    rate: MessageRate,
    dropped: u64,
}

impl AppLog {
    pub(crate) fn new(queue: Rc<RefCell<LogQueue>>) -> Self {
        Self::started(queue, Instant::now())
    }

    fn started(queue: Rc<RefCell<LogQueue>>, now: Instant) -> Self {
        Self {
            queue,
            rate: MessageRate::full(
                (MESSAGES_PER_SECOND, MESSAGES_PER_SECOND * BURST),
                (BYTES_PER_SECOND, BYTES_PER_SECOND * BURST),
                now,
            ),
            dropped: 0,
        }
    }

    fn write_at(&mut self, now: Instant, level: LogLevel, request_id: &str, text: &str) {
        let waiting = self.queue.borrow().bytes;
        if waiting > MAX_BACKLOG || !self.rate.admit(text.len().min(MAX_LOG_TEXT), now) {
            self.dropped += 1;
            return;
        }
        self.queue_line(level, request_id, text);
    }

    fn queue_line(&mut self, level: LogLevel, request_id: &str, text: &str) {
        self.queue.borrow_mut().push(LogLine {
            level,
            request_id: request_id.into(),
            message: cut(text, MAX_LOG_TEXT),
            dropped: std::mem::take(&mut self.dropped),
        });
    }

    fn report_dropped_at(&mut self, now: Instant) {
        let before = self.dropped;
        if before > 0 {
            self.write_at(now, LogLevel::Warn, "", DROPPED);
            // It is not one of the app's itself.
            self.dropped = self.dropped.min(before);
        }
    }
}

impl LogSink for AppLog {
    fn write(&mut self, level: LogLevel, request_id: &str, text: &str) {
        self.write_at(Instant::now(), level, request_id, text);
    }

    fn longest(&self) -> usize {
        MAX_COPIED
    }

    fn has_unreported(&self) -> bool {
        self.dropped > 0
    }

    fn report_dropped(&mut self) {
        self.report_dropped_at(Instant::now());
    }

    fn report_dropped_last(&mut self) {
        if self.dropped > 0 {
            self.queue_line(LogLevel::Warn, "", DROPPED);
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

#[cfg(test)]
mod tests;
