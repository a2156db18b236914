//! Exceptions as text: for the log, for stderr, for boot failures.

use crate::engine::inspection::inspect;

/// An exception as people want to read it: its stack, or for what is no error, as `console.log` prints it.
///
/// Runs JavaScript (a `stack` getter, `toString`), so only call it where that may happen. Never leaves an exception
/// pending.
pub(crate) fn describe(scope: &mut v8::PinScope, exception: v8::Local<v8::Value>) -> String {
    v8::tc_scope!(let scope, scope);
    if let Some(stack) = stack_of(scope, exception) {
        return stack;
    }
    if let Some(text) = inspect(scope, exception, false) {
        return text;
    }
    match exception.to_detail_string(scope) {
        Some(text) => text.to_rust_string_lossy(scope),
        None => "an exception that cannot be converted to a string".into(),
    }
}

/// The `stack` of an Error (also of one from another realm), with the chain of its causes.
fn stack_of(scope: &mut v8::PinScope, exception: v8::Local<v8::Value>) -> Option<String> {
    const MAX_CAUSES: usize = 8;
    if !exception.is_native_error() {
        return None;
    }
    let stack_key = v8::String::new(scope, "stack")?;
    let cause_key = v8::String::new(scope, "cause")?;
    let mut text = String::new();
    let mut error = v8::Local::<v8::Object>::try_from(exception).ok()?;
    for depth in 0..MAX_CAUSES {
        let stack = error.get(scope, stack_key.into()).filter(|stack| stack.is_string());
        let Some(stack) = stack else {
            return (depth > 0).then_some(text);
        };
        if depth > 0 {
            text.push_str("\n  caused by: ");
        }
        text.push_str(&stack.to_rust_string_lossy(scope));
        let cause = error.get(scope, cause_key.into()).filter(|cause| cause.is_native_error());
        match cause.and_then(|cause| v8::Local::<v8::Object>::try_from(cause).ok()) {
            Some(cause) => error = cause,
            None => break,
        }
    }
    Some(text)
}

/// Where an exception was thrown, or a script does not compile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    /// The script's name, e.g. `apps/shop/index.js`; empty where unknown.
    pub script: String,
    /// From 1; 0 where unknown.
    pub line: u32,
    /// From 1; 0 where unknown.
    pub column: u32,
    /// The source line, without its line break; empty where unknown.
    pub source_line: String,
}

/// The place of V8's message about an exception.
pub(crate) fn location(scope: &mut v8::PinScope, message: v8::Local<v8::Message>) -> Location {
    let script = message.get_script_resource_name(scope).filter(|name| name.is_string());
    let line = message.get_line_number(scope).and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
    let column = u32::try_from(message.get_start_column()).map_or(0, |column| column.saturating_add(1));
    Location {
        script: script.map(|name| name.to_rust_string_lossy(scope)).unwrap_or_default(),
        line,
        column: if line == 0 { 0 } else { column },
        source_line: message.get_source_line(scope).map(|line| line.to_rust_string_lossy(scope)).unwrap_or_default(),
    }
}

impl Location {
    /// `script:line:column` and the source line with a caret under the column; empty where nothing is known.
    #[must_use]
    pub fn excerpt(&self) -> String {
        const MAX_SHOWN: usize = 160;
        if self.line == 0 {
            return self.script.clone();
        }
        let mut text = format!("{}:{}:{}", self.script, self.line, self.column);
        let column = usize::try_from(self.column).unwrap_or(usize::MAX);
        if !self.source_line.is_empty() && self.source_line.len() <= MAX_SHOWN && column <= self.source_line.len() + 1 {
            let indent: String = self
                .source_line
                .chars()
                .take(column.saturating_sub(1))
                .map(|c| if c == '\t' { c } else { ' ' })
                .collect();
            text.push_str(&format!("\n    {}\n    {indent}^", self.source_line));
        }
        text
    }
}

/// Why a script or a module graph cannot be loaded or run.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// What is wrong, with the place; may have several lines.
    pub message: String,
    /// Where, as far as known.
    pub location: Location,
    /// The JavaScript exception, where it was one.
    pub(crate) exception: Option<v8::Global<v8::Value>>,
}

impl ScriptError {
    pub(crate) fn new(message: String, location: Location) -> Self {
        Self { message, location, exception: None }
    }
}

/// The exception that a TryCatch holds, as a [`ScriptError`].
pub(crate) fn caught(scope: &mut v8::PinnedRef<v8::TryCatch<v8::HandleScope>>) -> ScriptError {
    let location = scope.message().map(|message| location(scope, message)).unwrap_or_default();
    let Some(exception) = scope.exception() else {
        return ScriptError::new("its execution was terminated".into(), location);
    };
    let message = describe(scope, exception);
    let exception = v8::Global::new(scope, exception);
    scope.reset();
    ScriptError { message: format!("{message}\n{}", location.excerpt()), location, exception: Some(exception) }
}
