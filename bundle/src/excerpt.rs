//! A place in a source, with the line that it is in.

use nano_protocol::bundle::BundlePlace;

/// Longest line that is shown, in bytes.
const MAX_SHOWN: usize = 160;

/// The place of a byte of a text.
pub(crate) fn place(file: String, text: &str, offset: usize) -> BundlePlace {
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let indent = text.get(line_start..offset).unwrap_or_default();
    let whole = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
    BundlePlace { file, line, column: indent.chars().count() + 1, excerpt: excerpt(line, whole, indent) }
}

fn excerpt(line: usize, text: &str, indent: &str) -> String {
    if text.len() > MAX_SHOWN || indent.len() > text.len() {
        return String::new();
    }
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let below: String = indent.chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
    format!("  {number} | {text}\n  {margin} | {below}^")
}

/// Where a text imports this: the byte at which the specifier begins.
pub(crate) fn find_import(text: &str, specifier: &str) -> Option<usize> {
    let mut first = None;
    for (at, _) in text.match_indices(specifier) {
        let quote = text.get(..at)?.chars().next_back();
        let closing = text.get(at + specifier.len()..)?.chars().next();
        if quote != closing || !matches!(quote, Some('"' | '\'' | '`')) {
            continue;
        }
        let before = text.get(..at.saturating_sub(1))?.trim_end();
        if before.ends_with("from") || before.ends_with("import") || before.ends_with('(') {
            return Some(at - 1);
        }
        first.get_or_insert(at - 1);
    }
    first
}

#[cfg(test)]
mod tests;
