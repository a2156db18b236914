//! Collects faults: spans to places, key paths, the words for what was found.

use std::path::Path;

use crate::error::{ConfigError, Diagnostic, Location, quote};
use crate::json::lines::LineIndex;
use crate::json::{Node, Span, SyntaxError, Value};
use crate::schema::Key;

/// Where in the document: `apps[0].env.KEY`.
#[derive(Clone)]
pub(crate) struct KeyPath(String);

impl KeyPath {
    pub(crate) fn root() -> Self {
        Self(String::new())
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '$');
        if key.is_empty() || key.len() > 64 || !key.chars().all(plain) {
            return Self(format!("{}[\"{}\"]", self.0, quote(key)));
        }
        let dot = if self.0.is_empty() { "" } else { "." };
        Self(format!("{}{dot}{key}", self.0))
    }

    pub(crate) fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The faults so far.
pub(crate) struct Report<'t> {
    lines: LineIndex<'t>,
    file: &'t Path,
    faults: Vec<Diagnostic>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(text: &'t str, file: &'t Path) -> Self {
        Self { lines: LineIndex::new(text), file, faults: Vec::new() }
    }

    /// The result, if there are no faults.
    pub(crate) fn finish<T>(self, checked: Option<T>) -> Result<T, ConfigError> {
        match (ConfigError::from_diagnostics(self.faults), checked) {
            (None, Some(checked)) => Ok(checked),
            (Some(error), _) => Err(error),
            // A check that fails always reports why; this is for one that does not.
            (None, None) => {
                Err(Diagnostic::at(&Location::whole(self.file), "", "the configuration is not valid").into())
            }
        }
    }

    /// What was found so far.
    pub(crate) fn into_faults(self) -> Vec<Diagnostic> {
        self.faults
    }

    /// Adds what was found in another document.
    pub(crate) fn also(&mut self, faults: Vec<Diagnostic>) {
        self.faults.extend(faults);
    }

    pub(crate) fn location(&self, at: usize) -> Location {
        let (line, column) = self.lines.locate(at);
        Location { file: self.file.to_path_buf(), line, column }
    }

    /// `3:14`.
    pub(crate) fn line_column(&self, at: usize) -> String {
        let (line, column) = self.lines.locate(at);
        format!("{line}:{column}")
    }

    pub(crate) fn fault(&mut self, at: Span, key: &KeyPath, message: impl Into<String>, suggestion: Option<String>) {
        let fault = Diagnostic::at(&self.location(at.start), key.as_str(), message).with_suggestion(suggestion);
        self.faults.push(fault);
    }

    pub(crate) fn syntax(&mut self, error: &SyntaxError) {
        let mut message = error.message.clone();
        if let Some(opened) = error.opened {
            message = format!("{message}; it was opened at {}", self.line_column(opened));
        }
        let is_code =
            self.file.extension().is_some_and(|name| ["js", "mjs", "cjs", "ts"].iter().any(|code| name == *code));
        let hint = is_code.then(|| {
            format!("a configuration is JSON; `nano serve --app {}` serves a module as an app", self.file.display())
        });
        self.faults.push(Diagnostic::at(&self.location(error.at), "", message).with_suggestion(hint));
    }

    pub(crate) fn wrong_type(&mut self, node: &Node, path: &KeyPath, key: &Key, suggestion: Option<String>) {
        self.wrong_type_of(node, path, &key.expected(), suggestion);
    }

    pub(crate) fn wrong_type_of(&mut self, node: &Node, path: &KeyPath, expected: &str, suggestion: Option<String>) {
        self.fault(node.span, path, format!("expected {expected}, found {}", describe(node)), suggestion);
    }
}

/// What a value is, in words. Not for values of `env`: those are secrets.
pub(crate) fn describe(node: &Node) -> String {
    match &node.value {
        Value::Number(text) => format!("the number {}", quote(text)),
        Value::String(text) => format!("the string \"{}\"", quote(text)),
        _ => describe_type(node).to_owned(),
    }
}

/// What a value is, without the value.
pub(crate) fn describe_type(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
