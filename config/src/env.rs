//! The values of `env`: any JSON, as the app's `JSON.parse` shall read it.

use std::fmt;

use crate::json::{Member, Node, Value};

/// A value of an app's environment. Equality is by text: two objects with their keys in another order differ, as they do
/// for the app.
#[derive(Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// A string.
    Text(String),
    /// A string that was read from a file or the environment.
    Secret(String),
    /// Anything else, as JSON without spaces; numbers are written as they were.
    Json(String),
}

impl fmt::Debug for EnvValue {
    /// Any value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "a string",
            Self::Secret(_) => "a secret",
            Self::Json(_) => "JSON",
        })
    }
}

impl EnvValue {
    /// Bytes of its text.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Secret(text) | Self::Json(text) => text.len(),
        }
    }

    pub(crate) fn of(node: &Node) -> Self {
        match &node.value {
            Value::String(text) => Self::Text(text.clone()),
            _ => {
                let mut text = String::new();
                write_json(&mut text, node);
                Self::Json(text)
            }
        }
    }
}

/// Where a secret is to be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretSource<'n> {
    File(&'n str),
    Variable(&'n str),
}

/// What an object says that is no value but tells where a secret is.
pub(crate) fn secret_source(node: &Node) -> Option<SecretSource<'_>> {
    let Value::Object(members) = &node.value else { return None };
    let [Member { key, value: Node { value: Value::String(text), .. }, .. }] = members.as_slice() else { return None };
    match key.as_str() {
        "file" => Some(SecretSource::File(text)),
        "env" => Some(SecretSource::Variable(text)),
        _ => None,
    }
}

/// The reader bounds the depth, and so the recursion.
pub(crate) fn write_json(out: &mut String, node: &Node) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, member) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, &member.key);
                out.push(':');
                write_json(out, &member.value);
            }
            out.push('}');
        }
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
