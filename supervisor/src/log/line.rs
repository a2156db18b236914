//! The format of a line: one JSON object, or text for people.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::Value;
use tracing::Level;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use super::text;
use crate::printable;

/// Fields that only JSON has: they are longer than the rest of their line.
const FOR_PROGRAMS: [&str; 3] = ["protocol", "referer", "user_agent"];

/// The fields of an event in their order; the message apart.
#[derive(Debug, Default)]
pub(super) struct Fields {
    message: String,
    others: Vec<(Cow<'static, str>, Value)>,
}

impl Fields {
    pub(super) fn push(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        match (name.into(), value) {
            (name, Value::String(text)) if name == "message" => self.message = text,
            (name, value) => self.others.push((name, value)),
        }
    }

    /// Replaces values by newer ones.
    pub(super) fn update(&mut self, newer: Self) {
        for (name, value) in newer.others {
            match self.others.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) => *own = value,
                None => self.others.push((name, value)),
            }
        }
    }

    /// Adds the fields that it does not have itself.
    pub(super) fn inherit(&mut self, outer: &Self) {
        for (name, value) in &outer.others {
            if !self.others.iter().any(|(own, _)| own == name) {
                self.others.push((name.clone(), value.clone()));
            }
        }
    }

    /// The message alone, as a line.
    pub(super) fn into_line(self) -> String {
        let mut line = self.message;
        line.push('\n');
        line
    }

    pub(super) fn app(&self) -> Option<&str> {
        self.others.iter().find(|(name, _)| name == "app").and_then(|(_, value)| value.as_str())
    }
}

/// RFC 3339 in UTC with microseconds.
pub(crate) fn timestamp() -> String {
    let mut text = String::with_capacity(32);
    // Writing to a String cannot fail; with a clock before 1970 the time is empty.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

pub(super) fn json(now: &str, level: Level, fields: &Fields) -> String {
    let mut line = format!("{{\"timestamp\":\"{now}\",\"level\":\"{}\",\"message\":", level_name(level));
    text::push_json(&mut line, &fields.message, text::MESSAGE);
    for (name, value) in &fields.others {
        let room = text::LINE.saturating_sub(line.len());
        let is_list = matches!(value, Value::Array(_) | Value::Object(_));
        if room < if is_list { text::LIST + text::FIELD } else { text::FIELD / 4 } {
            continue;
        }
        // Field names are Rust identifiers: nothing in them to escape.
        let _ = write!(line, ",\"{name}\":");
        match value {
            Value::String(value) => text::push_json(&mut line, value, text::FIELD.min(room / 2)),
            other => {
                let _ = write!(line, "{other}");
            }
        }
    }
    line.push_str("}\n");
    match printable::json(&line) {
        Cow::Borrowed(_) => line,
        Cow::Owned(line) => line,
    }
}

/// A line in the log's format that does not go through the log.
pub(super) fn last_error<const N: usize>(message: &str, others: [(&'static str, Value); N]) -> String {
    let mut fields = Fields::default();
    fields.push("message", message.into());
    for (name, value) in others {
        fields.push(name, value);
    }
    json(&timestamp(), Level::ERROR, &fields)
}

fn dropped(count: u64) -> Fields {
    let mut fields = Fields::default();
    fields.push("message", "log lines were dropped: stderr took no more".into());
    fields.push("dropped", count.into());
    fields
}

/// The line that reports dropped lines, as JSON.
pub(super) fn dropped_json(count: u64) -> String {
    json(&timestamp(), Level::WARN, &dropped(count))
}

/// The same for people.
pub(super) fn dropped_pretty(count: u64) -> String {
    pretty(&timestamp(), Level::WARN, &dropped(count), false)
}

pub(super) fn pretty(now: &str, level: Level, fields: &Fields, colour: bool) -> String {
    let paint = |code: &str, text: &str| if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let clock = now.get(11..23).unwrap_or(now);
    let level_colour = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        _ => "2",
    };
    let mut line = format!(
        "{} {} ",
        paint("2", clock),
        paint(level_colour, &format!("{:5}", level_name(level).to_ascii_uppercase()))
    );
    if let Some(app) = fields.app() {
        let app = printable::line(app);
        let app = text::cut(&app, text::FIELD, char::len_utf8).map_or(app, Cow::Owned);
        let _ = write!(line, "{} ", paint("36", &format!("[{app}]")));
    }
    let message = printable::text(&fields.message);
    line.push_str(text::cut(&message, text::MESSAGE, char::len_utf8).as_deref().unwrap_or(&message));
    let others = || fields.others.iter().filter(|(name, _)| name != "app" && !FOR_PROGRAMS.contains(&&**name));
    let is_block = |value: &Value| value.as_str().is_some_and(|text| text.trim_end().contains('\n'));
    for (name, value) in others().filter(|(_, value)| !is_block(value)) {
        let text = match value {
            Value::String(text) if plain(text) => text.clone(),
            Value::String(text) => format!("{text:?}"),
            other => other.to_string(),
        };
        let text = printable::line(&text);
        let text = text::cut(&text, text::FIELD, char::len_utf8).map_or(text, Cow::Owned);
        if line.len() + text.len() > text::LINE {
            continue;
        }
        let _ = write!(line, " {}{text}", paint("2", &format!("{}=", printable::line(name))));
    }
    // A stack or several faults: below the line, to be readable.
    for (name, value) in others().filter(|(_, value)| is_block(value)) {
        let text = printable::text(value.as_str().unwrap_or_default().trim_end());
        let text = text::cut(&text, text::FIELD, char::len_utf8).map_or(text, Cow::Owned);
        if line.len() + text.len() > text::LINE {
            continue;
        }
        let _ = write!(line, "\n    {}{text}", paint("2", &format!("{}: ", printable::line(name))));
    }
    line.push('\n');
    line
}

/// Formats a line of [`json`] as [`pretty`] would; `None` if it is none.
pub(crate) fn pretty_from_json(line: &str, colour: bool) -> Option<String> {
    let Ok(Value::Object(members)) = serde_json::from_str(line) else { return None };
    let mut fields = Fields::default();
    let mut now = String::new();
    let mut level = Level::INFO;
    for (name, value) in members {
        match (name.as_str(), value) {
            ("timestamp", Value::String(text)) => now = text,
            ("level", Value::String(text)) => level = text.parse().ok()?,
            (_, value) => fields.push(name, value),
        }
    }
    Some(pretty(&now, level, &fields, colour))
}

fn plain(text: &str) -> bool {
    let quoted = |c: char| c.is_whitespace() || c == '"' || c == '\\';
    !text.is_empty() && !text.contains(quoted) && matches!(printable::line(text), Cow::Borrowed(_))
}

/// As in the configuration and in the lines.
pub(crate) fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests;
