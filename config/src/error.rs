//! What is wrong with a configuration, and where: one [`Diagnostic`] per fault, all of them in one [`ConfigError`].

use std::fmt;
use std::path::{Path, PathBuf};

/// A location in a configuration file, as compilers print it: `nano.json:3:14`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file, spelled as it was given to [`load`](crate::load).
    pub file: PathBuf,
    /// Line, from 1. 0 when the place is the file (or directory) as a whole.
    pub line: usize,
    /// Column in characters, from 1. 0 when `line` is 0.
    pub column: usize,
}

impl Location {
    /// A file or directory as a whole.
    #[must_use]
    pub fn whole(file: &Path) -> Self {
        Self { file: file.to_path_buf(), line: 0, column: 0 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 { write!(f, ":{}:{}", self.line, self.column) } else { Ok(()) }
    }
}

/// One fault. `Display` is `nano.json:LINE:COL: key.path: message (suggestion)`; further lines of an app's message are
/// indented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, spelled as it was given.
    pub file: PathBuf,
    /// Line, from 1; 0 when the fault is the file as a whole (it cannot be read).
    pub line: usize,
    /// Column in characters, from 1; 0 when `line` is 0.
    pub column: usize,
    /// The key's path, `apps[0].path`; empty when the fault is not at a key.
    pub key: String,
    /// What is wrong. No trailing dot; one line, except for an app's messages.
    pub message: String,
    /// What was likely meant or what to do, if that is known.
    pub suggestion: Option<String>,
}

impl Diagnostic {
    /// A fault found after validation, such as a module that does not compile, reported where the file names it.
    #[must_use]
    pub fn at(location: &Location, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: location.file.clone(),
            line: location.line,
            column: location.column,
            key: key.into(),
            message: message.into(),
            suggestion: None,
        }
    }

    /// The same fault with a hint at what to do.
    #[must_use]
    pub fn with_suggestion(mut self, suggestion: Option<String>) -> Self {
        self.suggestion = suggestion;
        self
    }

    /// Where the fault is.
    #[must_use]
    pub fn location(&self) -> Location {
        Location { file: self.file.clone(), line: self.line, column: self.column }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.location())?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        // A stack stays readable, and none of its lines looks like another fault.
        f.write_str(&self.message.replace('\n', "\n    "))?;
        match &self.suggestion {
            Some(suggestion) => write!(f, " ({suggestion})"),
            None => Ok(()),
        }
    }
}

/// Every fault of a configuration, in the order of the file. Never empty. `Display` prints one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.diagnostics))]
pub struct ConfigError {
    diagnostics: Vec<Diagnostic>,
}

impl ConfigError {
    /// The faults, sorted by place.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Several faults as one error; `None` when there are none.
    #[must_use]
    pub fn from_diagnostics(mut diagnostics: Vec<Diagnostic>) -> Option<Self> {
        if diagnostics.is_empty() {
            return None;
        }
        diagnostics.sort_by_key(|fault| (fault.line, fault.column));
        Some(Self { diagnostics })
    }
}

impl From<Diagnostic> for ConfigError {
    fn from(fault: Diagnostic) -> Self {
        Self { diagnostics: vec![fault] }
    }
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics.iter().map(Diagnostic::to_string).collect();
    lines.join("\n")
}

/// Longest piece of the file that a message repeats, in characters.
const MAX_QUOTE: usize = 60;

/// Text of the file inside a message: escaped, so that it stays on its line and cannot control a terminal, and cut when
/// long.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(MAX_QUOTE).flat_map(escape).collect();
    if text.chars().nth(MAX_QUOTE).is_some() {
        quoted.push('…');
    }
    quoted
}

/// A path inside a message: whole, and escaped like other text of the file.
pub(crate) fn quote_path(path: &Path) -> String {
    path.to_string_lossy().chars().flat_map(escape).collect()
}

/// One character inside a message.
pub(crate) fn quote_char(char: char) -> String {
    match char {
        ' ' => "a space".to_owned(),
        char => format!("`{}`", escape(char).collect::<String>()),
    }
}

fn escape(char: char) -> impl Iterator<Item = char> {
    let plain = (char == '\'' || char == '"').then_some(char);
    plain.into_iter().chain(plain.is_none().then(|| char.escape_debug()).into_iter().flatten())
}
