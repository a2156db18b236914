//! Which lines of the log are asked for.

use std::time::{Duration, SystemTime};

use regex::{Regex, RegexBuilder};
use tracing::Level;

use crate::log::{Record, pretty_from_json};

/// Longest expression, in bytes, and the most memory that its compiled form takes: matching a line takes time in
/// proportion to both.
const MAX_GREP: usize = 512;
const MAX_GREP_COMPILED: usize = 256 << 10;

/// A question about the log. All that is said must be true of a line.
#[derive(Debug, Default)]
pub(super) struct LogQuery {
    /// Of this app.
    pub(super) app: Option<String>,
    /// The lines to come, too.
    pub(super) follow: bool,
    /// So many of the lines that there are, the last ones.
    pub(super) last: Option<usize>,
    since: Option<SystemTime>,
    /// At least as severe.
    level: Option<Level>,
    grep: Option<Regex>,
}

/// A query that is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogQueryError {
    #[error(
        "{0:?} is no parameter of /logs, or its value is none: there are app=NAME, n=100, since=10m, level=warn, grep=REGEX and follow=1"
    )]
    Parameter(String),
    #[error("{0:?} is no time: write a duration (30s, 10m, 2h, 7d) or a time with its zone (2026-01-31T08:00:00Z)")]
    Since(String),
    #[error("{0:?} is no level: there are error, warn, info, debug and trace")]
    Level(String),
    #[error("an expression may have {MAX_GREP} bytes")]
    GrepTooLong,
    #[error("not an expression that can be searched for: {0}")]
    Grep(Box<regex::Error>),
}

impl LogQuery {
    /// Reads the query of a URL; a duration counts back from `now`.
    pub(super) fn parse(text: &str, now: SystemTime) -> Result<Self, LogQueryError> {
        let mut query = Self::default();
        for (key, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let wrong = || LogQueryError::Parameter(key.clone().into_owned());
            match (&*key, &*value) {
                ("app", name) => query.app = Some(name.to_owned()).filter(|name| !name.is_empty()),
                ("follow", "" | "1" | "true") => query.follow = true,
                ("follow", "0" | "false") => query.follow = false,
                ("n", count) => query.last = Some(count.parse().map_err(|_| wrong())?),
                ("since", text) => query.since = Some(since(text, now)?),
                ("level", name) => query.level = Some(level(name)?),
                ("grep", text) => query.grep = Some(grep(text)?),
                _ => return Err(wrong()),
            }
        }
        Ok(query)
    }

    /// Whether this line is asked for.
    pub(super) fn wants(&self, record: &Record) -> bool {
        self.app.as_deref().is_none_or(|app| record.app.as_deref() == Some(app))
            && self.level.is_none_or(|least| record.level <= least)
            && self.since.is_none_or(|since| record.at >= since)
            && self.grep.as_ref().is_none_or(|grep| grep.is_match(&shown(record)))
    }
}

/// What people see of a line, which is what they search.
fn shown(record: &Record) -> String {
    pretty_from_json(&record.json, false).unwrap_or_else(|| record.json.to_string())
}

fn grep(text: &str) -> Result<Regex, LogQueryError> {
    if text.len() > MAX_GREP {
        return Err(LogQueryError::GrepTooLong);
    }
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(MAX_GREP_COMPILED).build().map_err(|error| LogQueryError::Grep(Box::new(error)))
}

/// One of the five words.
pub(super) fn level(name: &str) -> Result<Level, LogQueryError> {
    match name {
        "error" => Ok(Level::ERROR),
        "warn" => Ok(Level::WARN),
        "info" => Ok(Level::INFO),
        "debug" => Ok(Level::DEBUG),
        "trace" => Ok(Level::TRACE),
        _ => Err(LogQueryError::Level(name.to_owned())),
    }
}

/// A duration before `now`, or a time of RFC 3339.
fn since(text: &str, now: SystemTime) -> Result<SystemTime, LogQueryError> {
    let wrong = || LogQueryError::Since(text.to_owned());
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        // Before the epoch there are no lines.
        let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
        return Ok(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
    }
    let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let (number, unit) = text.split_at_checked(digits.len()).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let back = Duration::from_secs(number.saturating_mul(unit));
    Ok(now.checked_sub(back).filter(|time| *time > SystemTime::UNIX_EPOCH).unwrap_or(SystemTime::UNIX_EPOCH))
}

#[cfg(test)]
mod tests;
