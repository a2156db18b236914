//! What a command prints: lines for people, or one JSON value. What others wrote is escaped.

use std::io::Write;

use serde_json::Value;

pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// The result, for programs.
    pub(crate) fn value(&self, value: &Value) {
        if self.json {
            let _ = writeln!(std::io::stdout().lock(), "{value}");
        }
    }

    /// A line, for people.
    pub(crate) fn line(&self, text: &str) {
        if !self.json {
            let _ = writeln!(std::io::stdout().lock(), "{}", plain(text));
        }
    }

    /// Columns, for people.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<String>]) {
        let cells = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect::<Vec<_>>());
        let all: Vec<Vec<String>> =
            std::iter::once(head.iter().map(|word| (*word).to_owned()).collect()).chain(cells).collect();
        let width = |column: usize| {
            all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        for row in &all {
            let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            self.line(padded.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}

/// Without characters that control a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|char| if char.is_control() { char.escape_default().collect::<Vec<_>>() } else { vec![char] })
        .collect()
}
