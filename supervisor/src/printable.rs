//! Escapes text of apps, clients and files before it reaches a terminal: it cannot move the cursor, change the order of
//! what is read, hide, or look like a line of nano's own. The only place that decides this, for the log, `nano` and
//! `nanoctl`.

use std::borrow::Cow;
use std::fmt::Write;

/// Text that may have several lines. Characters that a terminal would act on or that are invisible are escaped as in
/// JavaScript (`\u{9b}`); every line but the first is indented, so that it cannot look like one of nano's.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    escaped(text, "\n    ")
}

/// Text that must stay on its line: a cell of a table, a field, a name.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, "\\n")
}

/// Lines of nano's own: escaped like the others, but not indented.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, "\n")
}

/// Equivalent JSON without such characters: in its strings they are `\u009b`.
#[must_use]
pub fn json(json: &str) -> Cow<'_, str> {
    let mut from = 0;
    let mut out = String::new();
    for (at, c) in json.char_indices().filter(|(_, c)| *c != '\n' && *c != '\r' && is_active(*c)) {
        out.push_str(json.get(from..at).unwrap_or_default());
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
        from = at + c.len_utf8();
    }
    if from == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(json.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

fn escaped<'t>(text: &'t str, line_break: &str) -> Cow<'t, str> {
    if !text.chars().any(|c| is_active(c) || c == '\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Windows line ends.
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => out.push_str(line_break),
            c if is_active(c) && c.escape_debug().next() == Some(c) => out.extend(c.escape_unicode()),
            c if is_active(c) => out.extend(c.escape_debug()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character is invisible or has an effect beyond being shown: controls (C0, C1, DEL), formats (text
/// direction, zero width, byte-order mark, tags), line and paragraph separators, unassigned and private characters.
pub(crate) fn is_active(c: char) -> bool {
    match c {
        ' '..='~' | '\t' => false,
        // Letters by category, but blank.
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => true,
        // Line separators are escaped, other spaces are visible as such; marks belong to the character before them.
        c => {
            let mut forms = c.escape_debug();
            let is_plain = forms.next() == Some(c);
            let is_space = c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
            !is_plain && !is_space && !is_mark(c)
        }
    }
}

/// Whether it combines with the character before it. [`char::escape_debug`] escapes these, because it sees them alone.
fn is_mark(c: char) -> bool {
    let mut pair = [0; 8];
    let letter = 'a'.encode_utf8(&mut pair).len();
    let end = letter + c.encode_utf8(&mut pair[letter..]).len();
    std::str::from_utf8(&pair[..end]).is_ok_and(|pair| pair.escape_debug().count() == 2)
}

#[cfg(test)]
mod tests;
