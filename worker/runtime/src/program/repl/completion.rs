//! What the name under the cursor may become: globals, declarations of the session, keywords; after a dot, properties.
//!
//! The object before the dot is found by evaluating the expression before it, which V8 does only as far as that
//! changes nothing.

use super::console::{Console, Reply, names_of};
use crate::engine::runtime::Runtime;

/// Most names offered at once.
const MAX_OFFERED: usize = 500;

const KEYWORDS: &[&str] = &[
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "else",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "import",
    "instanceof",
    "let",
    "new",
    "null",
    "of",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Names that may stand where the incomplete one stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    /// Byte offset of the incomplete name in the line.
    pub start: usize,
    /// Whole names, sorted.
    pub names: Vec<String>,
}

/// `object.na` as its parts: the expression before the dot, the beginning of a name.
fn split(line: &str) -> (Option<&str>, &str) {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let name = line.rfind(|c| !is_name(c)).map_or(0, |at| at + line[at..].chars().next().map_or(0, char::len_utf8));
    let (before, name) = line.split_at(name);
    let Some(object) = before.strip_suffix('.').map(|object| object.strip_suffix('?').unwrap_or(object)) else {
        return (None, name);
    };
    // Names and dots only: what else stands before a dot may be costly or have effects.
    let begin = object.rfind(|c| !is_name(c) && c != '.' && c != '?');
    let begin = begin.map_or(0, |at| at + object[at..].chars().next().map_or(0, char::len_utf8));
    (Some(&object[begin..]), name)
}

pub(crate) fn complete(console: &mut Console, runtime: &mut Runtime, line: &str, position: usize) -> Completions {
    let Some(line) = line.get(..position) else { return Completions::default() };
    let (object, begin) = split(line);
    let mut names = match object {
        Some(object) => properties(console, runtime, object),
        None => globals(console, runtime),
    };
    names.retain(|name| name.starts_with(begin) && is_identifier(name));
    names.sort_unstable();
    names.dedup();
    names.truncate(MAX_OFFERED);
    Completions { start: position - begin.len(), names }
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

fn globals(console: &mut Console, runtime: &mut Runtime) -> Vec<String> {
    let lexical = console.lexical_names(runtime);
    runtime.with_scope(|scope| {
        let global = scope.get_current_context().global(scope);
        let mut names = names_in(scope, global);
        names.extend(lexical.and_then(|reply| names_of(scope, &reply)).unwrap_or_default());
        names.extend(KEYWORDS.iter().map(|&keyword| keyword.to_owned()));
        names
    })
}

fn properties(console: &mut Console, runtime: &mut Runtime, object: &str) -> Vec<String> {
    if object.is_empty() || object.starts_with(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    let Some(reply) = console.peek(runtime, object) else { return Vec::new() };
    let names = runtime.with_scope(|scope| {
        v8::tc_scope!(let scope, scope);
        let Some(Reply::Value(value)) = console.read(scope, &reply) else { return Vec::new() };
        match value.to_object(scope) {
            Some(object) => names_in(scope, object),
            None => Vec::new(),
        }
    });
    console.release(runtime);
    names
}

/// The names of an object's properties, those it inherits included.
fn names_in(scope: &mut v8::PinScope, object: v8::Local<v8::Object>) -> Vec<String> {
    v8::tc_scope!(let scope, scope);
    // Proxies would run the program's code.
    if object.is_proxy() {
        return Vec::new();
    }
    let arguments = v8::GetPropertyNamesArgs {
        mode: v8::KeyCollectionMode::IncludePrototypes,
        property_filter: v8::PropertyFilter::SKIP_SYMBOLS,
        index_filter: v8::IndexFilter::SkipIndices,
        key_conversion: v8::KeyConversionMode::ConvertToString,
    };
    let Some(names) = object.get_property_names(scope, arguments) else { return Vec::new() };
    let name = |index| Some(names.get_index(scope, index)?.to_rust_string_lossy(scope));
    (0..names.length()).filter_map(name).collect()
}

#[cfg(test)]
mod tests;
