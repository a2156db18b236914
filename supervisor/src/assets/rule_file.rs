//! What `_headers` and `_redirects` have in common: lines, comments, and faults with their lines.

/// Largest file of rules, `.assetsignore` too, in bytes.
pub(crate) const MAX_RULE_FILE: usize = 100 << 10;

/// Longest line, in bytes.
pub(super) const MAX_LINE: usize = 2000;

/// Most faults of a file that are reported.
const MAX_FAULTS: usize = 20;

/// What is wrong with lines, each with its number from 1.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The file is refused for these.
    pub(crate) wrong: Vec<(usize, String)>,
    /// These lines are ignored.
    pub(crate) warned: Vec<(usize, &'static str)>,
}

impl Faults {
    /// In the order of the lines.
    pub(super) fn sorted(mut self) -> Self {
        self.wrong.sort_by_key(|(line, _)| *line);
        self.warned.sort_by_key(|(line, _)| *line);
        self
    }

    pub(super) fn refuse(&mut self, line: usize, why: impl Into<String>) {
        if self.wrong.len() < MAX_FAULTS {
            self.wrong.push((line, why.into()));
        }
    }

    pub(super) fn warn(&mut self, line: usize, why: &'static str) {
        if self.warned.len() < MAX_FAULTS {
            self.warned.push((line, why));
        }
    }
}

/// The lines that say something, without space around them.
pub(super) fn rule_lines<'t>(text: &'t str, faults: &mut Faults) -> Vec<(usize, &'t str)> {
    let mut lines = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.len() > MAX_LINE {
            faults.refuse(index + 1, format!("the line is longer than {MAX_LINE} bytes"));
        } else if !line.is_empty() && !line.starts_with('#') {
            lines.push((index + 1, line));
        }
    }
    lines
}
