//! `request_accessors: "auto"`: whether an app was written for the older nano, where the incoming request's `url`,
//! `method` and `headers` were methods. Decided by a look at its source, once, when it is loaded.
//!
//! The sign is a call without arguments, `request.url()`, of the request itself: of the first parameter of the default
//! export's `fetch`, or of a parameter of a function that this hands it to directly. That is proved by the scopes of the
//! names, or it does not count: another object with a method of that name may be anywhere in an app, under any name. In
//! doubt an app is of the standard.

mod handler;
mod scope;
mod tokens;

use std::collections::HashSet;

use crate::engine::modules::is_javascript;
use handler::{App, Resolve};
use scope::{Steps, may_be_bound};
use tokens::{Token, Tokens};

/// The accessors that used to be methods.
const ACCESSORS: [&str; 3] = ["url", "method", "headers"];

/// Bytes of source that are looked at; the older nano's apps are small.
const MOST_SOURCE: usize = 1 << 20;

/// For each byte of source: what the search may take. Honest apps take a small part of that.
const STEPS_PER_BYTE: usize = 64;

/// Functions that the request is followed through.
const MOST_FUNCTIONS: usize = 64;

/// Collects an app's sources and decides.
#[derive(Debug, Default)]
pub(crate) struct Detector {
    /// Path and source of each module; the app's entry is the first.
    modules: Vec<(String, String)>,
    size: usize,
    /// Whether there is a call that may be of the old kind.
    is_suspect: bool,
}

impl Detector {
    /// Adds a module as it came: JavaScript that is no text is none, and so is what is no JavaScript.
    pub(crate) fn add_module(&mut self, path: &str, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        if let (Ok(text), true) = (text, is_javascript(path)) {
            self.add(path, text);
        }
    }

    /// Adds a module's source.
    fn add(&mut self, path: &str, source: &str) {
        self.size = self.size.saturating_add(source.len());
        if self.size > MOST_SOURCE {
            self.modules.clear();
            return;
        }
        self.is_suspect |= ACCESSORS.iter().any(|name| has_call(source, name));
        self.modules.push((path.into(), source.into()));
    }

    /// The first call of the old kind, as it is written, if there is one. `resolve(importer's path, specifier)` is the path
    /// of an imported module.
    pub(crate) fn method_call(&self, resolve: impl Fn(&str, &str) -> Option<String>) -> Option<String> {
        if !self.is_suspect || self.size > MOST_SOURCE {
            return None;
        }
        let modules: Vec<Option<Tokens>> = self.modules.iter().map(|(_, source)| Tokens::of(source)).collect();
        let resolve = |importer: usize, specifier: &str| {
            let path = resolve(&self.modules.get(importer)?.0, specifier)?;
            self.modules.iter().position(|(known, _)| *known == path)
        };
        let steps = Steps(self.size.saturating_mul(STEPS_PER_BYTE));
        find_call(&modules, &resolve, steps)
    }
}

/// Whether `.name` and a `(` stand beside each other somewhere: a bound that costs little.
fn has_call(source: &str, name: &str) -> bool {
    source.match_indices(name).any(|(at, _)| {
        let rest = source.get(at + name.len()..).unwrap_or_default();
        rest.trim_start().starts_with('(')
    })
}

fn find_call(modules: &[Option<Tokens>], resolve: &Resolve, steps: Steps) -> Option<String> {
    let mut app = App { modules, resolve, steps };
    let mut pending = vec![app.handler()?];
    let mut seen = HashSet::new();
    let mut found = None;
    while let Some(function) = pending.pop() {
        if !seen.insert((function.module, function.parameter)) {
            continue;
        }
        if seen.len() > MOST_FUNCTIONS {
            return None;
        }
        let tokens = app.tokens(function.module)?;
        let name = tokens.word(function.parameter)?;
        if may_be_bound(tokens, function.stretch, name, function.parameter, &mut app.steps)? {
            continue;
        }
        for index in function.parameter + 1..function.stretch.end {
            app.steps.take()?;
            if !tokens.is_word(index, name) || !tokens.is_free(index) {
                continue;
            }
            if let Some(accessor) = accessor_at(tokens, index) {
                if tokens.is_word(index - 1, "typeof") {
                    // It asks which of the two it has, and copes with the standard.
                    return None;
                }
                if tokens.is(index + 3, "(") && tokens.is(index + 4, ")") {
                    found = found.or_else(|| Some(format!("{name}.{accessor}()")));
                }
            } else if let Some((callee, position)) = argument_at(tokens, index, &mut app.steps)
                && let Some(called) = app.called(function, callee, position)
            {
                pending.push(called);
            }
        }
    }
    found
}

/// `NAME.url` or the like: the accessor.
fn accessor_at<'a>(tokens: &Tokens<'a>, index: usize) -> Option<&'a str> {
    let is_member = matches!(tokens.sign(index + 1), Some("." | "?."));
    tokens.word(index + 2).filter(|word| is_member && ACCESSORS.contains(word))
}

/// Where the name at `index` is an argument alone, what is called with it, and the number of the argument.
fn argument_at(tokens: &Tokens, index: usize, steps: &mut Steps) -> Option<(usize, usize)> {
    let open = tokens.parent(index);
    let alone = matches!(tokens.sign(index - 1), Some("(" | ",")) && matches!(tokens.sign(index + 1), Some("," | ")"));
    if !alone || !tokens.is(open, "(") {
        return None;
    }
    let (mut position, mut spreads) = (0, false);
    for at in open + 1..index {
        steps.take()?;
        let is_own = tokens.parent(at) == open;
        position += usize::from(is_own && tokens.is(at, ","));
        spreads |= is_own && tokens.is(at, "...");
    }
    let callee = open.checked_sub(1)?;
    let is_new = callee > 0 && tokens.is_word(callee - 1, "new");
    let is_call = matches!(tokens.get(callee)?, Token::Word(_)) && !is_new && !spreads;
    is_call.then_some((callee, position))
}

#[cfg(test)]
mod tests;
