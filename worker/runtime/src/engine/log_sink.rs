//! Where messages of a program go: its `console`, and errors that nothing caught.

pub use nano_protocol::LogLevel;

/// Takes what programs log.
pub trait LogSink {
    /// `request_id`: the request whose code says it; empty outside of requests. `text` may have several lines; it has no
    /// line break at its end.
    fn write(&mut self, level: LogLevel, request_id: &str, text: &str);

    /// Units of UTF-16 of a text that are of use; longer ones are cut before they are copied.
    fn longest(&self) -> usize {
        usize::MAX
    }

    /// Writes how many messages were dropped since the last one that was not, if it drops any. Called now and then.
    fn report_dropped(&mut self) {}

    /// The same where nothing is written after it: however much was written before.
    fn report_dropped_last(&mut self) {}

    /// Whether messages were dropped that are not reported yet.
    fn has_unreported(&self) -> bool {
        false
    }
}

/// Drops everything: nothing runs yet that could log.
pub(crate) struct NoLog;

impl LogSink for NoLog {
    fn write(&mut self, _level: LogLevel, _request_id: &str, _text: &str) {}
}
