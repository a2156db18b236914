//! How much of a text is logged. Lines contain what clients and apps send, which must not decide how much memory and
//! disk a line takes: everything is cut, by its length with escapes.

use std::fmt::{self, Write};

use serde_json::Value;

use crate::printable::is_active;

/// Most bytes of a message.
pub(super) const MESSAGE: usize = 96 * 1024;
/// Most bytes of any other text.
pub(super) const FIELD: usize = 8 * 1024;
/// Most bytes of a list in a flight record.
pub(super) const LIST: usize = 52 * 1024;
/// Most bytes of a line.
pub(super) const LINE: usize = 192 * 1024;
/// Space for the note about what was cut.
const NOTE: usize = 48;

/// The beginning of `text` that takes at most `most` bytes, if each character takes `cost`, with a note of how much is
/// missing. `None`: nothing needs to be cut.
pub(super) fn cut(text: &str, most: usize, cost: impl Fn(char) -> usize) -> Option<String> {
    let mut room = most.saturating_sub(NOTE);
    let end = text.char_indices().find(|(_, char)| match room.checked_sub(cost(*char)) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    });
    let (end, _) = end?;
    let (kept, rest) = text.split_at_checked(end)?;
    Some(format!("{kept}…[{} bytes more]", rest.len()))
}

/// Appends a JSON string of at most `most` bytes.
pub(super) fn push_json(line: &mut String, text: &str, most: usize) {
    // No character takes more than six times its bytes.
    let cut = if text.len() > most / 6 { cut(text, most.saturating_sub(2), json_cost) } else { None };
    // Serialising a string cannot fail.
    line.push_str(&serde_json::to_string(cut.as_deref().unwrap_or(text)).unwrap_or_default());
}

fn json_cost(char: char) -> usize {
    match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        other if is_active(other) => 6 * other.len_utf16(),
        other => other.len_utf8(),
    }
}

/// A list or an object of bounded size: a list loses its end, anything else is dropped whole.
pub(super) fn bounded(value: Value) -> Value {
    let Value::Array(mut items) = value else {
        let size = value.to_string().len();
        return if size > LIST { format!("…[{size} bytes]").into() } else { value };
    };
    let mut room = LIST;
    let kept = items.iter().position(|item| match room.checked_sub(item.to_string().len() + 1) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    });
    items.truncate(kept.unwrap_or(items.len()));
    Value::Array(items)
}

/// A bounded buffer for formatted text: what does not fit is not stored.
pub(super) struct Printed {
    text: String,
    most: usize,
    /// Bytes that were not kept.
    more: usize,
}

impl Printed {
    /// The formatted text of `value`, at most about `most` bytes of it.
    pub(super) fn of(value: fmt::Arguments<'_>, most: usize) -> String {
        let mut printed = Self { text: String::new(), most, more: 0 };
        // It never fails by itself.
        let _ = printed.write_fmt(value);
        if printed.more > 0 {
            let _ = write!(printed.text, "…[{} bytes more]", printed.more);
        }
        printed.text
    }
}

impl Write for Printed {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let mut end = piece.len().min(self.most.saturating_sub(self.text.len()));
        while !piece.is_char_boundary(end) {
            end -= 1;
        }
        let (kept, rest) = piece.split_at_checked(end).unwrap_or((piece, ""));
        if self.more == 0 {
            self.text.push_str(kept);
            self.more = rest.len();
        } else {
            self.more += piece.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
