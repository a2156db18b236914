//! Results and exceptions as the REPL prints them: by the runtime's own `inspect`, like Node's.

use crate::engine::inspection::inspect;

/// Entries are known as `REPL1`, `REPL2`, … in stacks.
pub(crate) const ENTRY_NAME: &str = "REPL";

/// The text of a value.
pub(crate) fn of_value(scope: &mut v8::PinScope, value: v8::Local<v8::Value>, colors: bool) -> String {
    if let Some(text) = inspect(scope, value, colors) {
        return text;
    }
    // It was interrupted; this runs no code of the program's.
    v8::tc_scope!(let scope, scope);
    value.to_detail_string(scope).map(|text| text.to_rust_string_lossy(scope)).unwrap_or_default()
}

/// `Uncaught …` for an exception, without the stack frames of the entry itself.
pub(crate) fn of_exception(scope: &mut v8::PinScope, exception: v8::Local<v8::Value>, colors: bool) -> String {
    let is_error = exception.is_native_error();
    let text = of_value(scope, exception, colors);
    let text = if is_error { without_entry_frames(&text) } else { text };
    let mut text = match text.contains('\n') && !is_error {
        true => format!("Uncaught:\n{text}"),
        false => format!("Uncaught {text}"),
    };
    if text.starts_with("Uncaught SyntaxError: Cannot use import statement") {
        text.push_str("\nIn the REPL write: const { name } = await import(\"./file.js\")");
    }
    text
}

/// The top level of an entry is a line that its reader just typed.
fn without_entry_frames(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !is_entry_frame(line)).collect();
    let text = lines.join("\n");
    // An error without frames is printed in brackets where it is part of something else; here it stands alone.
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(bare) => bare.to_owned(),
        None => text,
    }
}

/// `    at REPL3:1:7`, with nothing of the program in it.
fn is_entry_frame(line: &str) -> bool {
    let Some(place) = line.trim_start().strip_prefix("at ") else { return false };
    let place = place.strip_prefix("async ").unwrap_or(place);
    place.strip_prefix(ENTRY_NAME).is_some_and(|rest| {
        let mut parts = rest.split(':');
        parts.clone().count() == 3
            && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests;
