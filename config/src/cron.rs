//! Cron expressions, as Cloudflare's Cron Triggers have them
//! (<https://developers.cloudflare.com/workers/configuration/cron-triggers/>): five fields in UTC.
//!
//! The grammar is that of Cloudflare's own parser; what it takes is written out as plain lists of numbers, of which `croner`
//! makes the times. So nothing depends on how two libraries read one text.

mod field;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use field::{DAY_OF_MONTH, DAY_OF_WEEK, FieldRule, HOUR, MINUTE, MONTH};

/// Longest expression, in bytes. A list of all minutes is 167 long.
pub(crate) const MAX_LENGTH: usize = 256;

/// The fields in their order.
const FIELDS: [FieldRule; 5] = [MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK];

/// A checked expression that comes due at some time.
#[derive(Clone)]
pub struct CronExpression {
    text: Arc<str>,
    /// Five kilobytes, mostly for years.
    cron: Arc<Cron>,
}

/// What is wrong with an expression, and what was meant, if that is known.
pub(crate) type Fault = (String, Option<String>);

impl CronExpression {
    /// Reads an expression.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_LENGTH {
            return Err((format!("a cron expression has at most {MAX_LENGTH} bytes"), None));
        }
        if let Some(meant) = nickname(text) {
            return Err(("there are no names for whole expressions".to_owned(), Some(format!("write \"{meant}\""))));
        }
        let fields: Vec<&str> = text.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
        let Ok(fields) = <[&str; 5]>::try_from(fields) else { return Err(wrong_count(text)) };
        if text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']) {
            let suggestion = format!("write \"{}\"", fields.join(" "));
            return Err(("there is white space around it".to_owned(), Some(suggestion)));
        }
        let mut plain = [const { String::new() }; 5];
        for ((plain, rule), field) in plain.iter_mut().zip(FIELDS).zip(fields) {
            *plain = rule.plain(field)?;
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&plain.join(" ")).map_err(|error| (error.to_string(), None))?;
        let expression = Self { text: Arc::from(text), cron: Arc::new(cron) };
        // Any month of any year is after this.
        match expression.next_after(0) {
            Some(_) => Ok(expression),
            None => Err(("it never comes due: no month that it names has such a day".to_owned(), None)),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// When it comes due next after `time`, in seconds since 1970-01-01 UTC; always the beginning of a minute. `None`: not before
    /// the year 5000.
    #[must_use]
    pub fn next_after(&self, time: i64) -> Option<i64> {
        let time = DateTime::<Utc>::from_timestamp(time, 0)?;
        self.cron.find_next_occurrence(&time, false).ok().map(|next| next.timestamp())
    }

    /// Whether both are written the same but for spaces and case.
    pub(crate) fn is_written_as(&self, other: &Self) -> bool {
        let words = |text: &str| text.split_ascii_whitespace().map(str::to_ascii_uppercase).collect::<Vec<_>>();
        words(&self.text) == words(&other.text)
    }
}

impl PartialEq for CronExpression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// What other crons have names for.
fn nickname(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * SUN",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return None,
    })
}

fn wrong_count(text: &str) -> Fault {
    let count = text.split_ascii_whitespace().count();
    let message =
        format!("expected five fields (minute, hour, day of the month, month, day of the week), found {count}");
    let suggestion = match count {
        6 => Some("there are no seconds and no years: leave that field out".to_owned()),
        5 => Some("put spaces between the fields".to_owned()),
        _ => None,
    };
    (message, suggestion)
}

#[cfg(test)]
mod tests;
