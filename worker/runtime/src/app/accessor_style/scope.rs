//! Whether a name means what it was declared as, everywhere in a stretch of code. Every question is answered so that a
//! doubt is an answer too: what could be another binding is taken for one.

use super::tokens::{NONE, Tokens};

/// Steps that one look at an app may take: its text is the tenant's.
pub(super) struct Steps(pub(super) usize);

impl Steps {
    /// `None` where there are none left.
    pub(super) fn take(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }
}

/// A stretch of tokens, its end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Whether `name` may be declared or assigned in a stretch, but for the declaration at `declared`.
pub(super) fn may_be_bound(
    tokens: &Tokens,
    stretch: Stretch,
    name: &str,
    declared: usize,
    steps: &mut Steps,
) -> Option<bool> {
    for index in stretch.start..stretch.end {
        steps.take()?;
        if index != declared
            && tokens.is_word(index, name)
            && tokens.is_free(index)
            && binds(tokens, stretch, index, steps)?
        {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether the word at `index` may be a binding, or be assigned to.
fn binds(tokens: &Tokens, stretch: Stretch, index: usize, steps: &mut Steps) -> Option<bool> {
    let before = index.wrapping_sub(1);
    if let Some("let" | "const" | "var" | "function" | "class" | "import" | "using" | "as") = tokens.word(before) {
        return Some(true);
    }
    if tokens.is(before, "*") && tokens.is_word(before.wrapping_sub(1), "function") {
        return Some(true);
    }
    if matches!(tokens.sign(before), Some("++" | "--" | "...")) {
        // `...name` spreads, or collects.
        return Some(true);
    }
    match tokens.sign(index + 1) {
        Some("=>" | "++" | "--") => return Some(true),
        Some(sign) if assigns(sign) => return Some(true),
        // What a member is taken of, what is called, and a key or a branch of a condition.
        Some("." | "?." | "[" | "(" | ":") => return Some(false),
        _ => {}
    }
    if let Some("of" | "in") = tokens.word(index + 1)
        && tokens.is(before, "(")
    {
        return Some(true);
    }
    if tokens.is(before, ",") && declared_in_list(tokens, index, steps)? {
        return Some(true);
    }
    in_pattern(tokens, stretch, index, steps)
}

fn assigns(sign: &str) -> bool {
    sign.ends_with('=') && !matches!(sign, "==" | "===" | "!=" | "!==" | "<=" | ">=")
}

/// Whether the word stands in a list such as `let a, b`.
fn declared_in_list(tokens: &Tokens, index: usize, steps: &mut Steps) -> Option<bool> {
    let parent = tokens.parent(index);
    let mut at = index;
    while at > 0 && at - 1 != parent {
        steps.take()?;
        at -= 1;
        // Not inside of other brackets, but over them.
        if matches!(tokens.sign(at), Some(")" | "]" | "}")) {
            at = tokens.partner(at);
        } else if tokens.is(at, ";") {
            return Some(false);
        } else if matches!(tokens.word(at), Some("let" | "const" | "var" | "using")) {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether one of the brackets around the word holds parameters or a pattern.
fn in_pattern(tokens: &Tokens, stretch: Stretch, index: usize, steps: &mut Steps) -> Option<bool> {
    let mut open = tokens.parent(index);
    while open != NONE && open >= stretch.start {
        steps.take()?;
        let close = tokens.partner(open);
        let before = open.wrapping_sub(1);
        let is_pattern = match tokens.sign(open) {
            Some("(") => {
                let is_head = matches!(tokens.word(before), Some("if" | "while" | "for" | "with" | "switch"));
                tokens.is(close + 1, "=>") || (tokens.is(close + 1, "{") && !(is_head && tokens.is_free(before)))
            }
            Some("{" | "[") => {
                tokens.is(close + 1, "=")
                    || matches!(tokens.word(before), Some("let" | "const" | "var" | "using"))
                    || (matches!(tokens.word(close + 1), Some("of" | "in")) && tokens.is(before, "("))
            }
            _ => false,
        };
        if is_pattern {
            return Some(true);
        }
        open = tokens.parent(open);
    }
    Some(false)
}

/// The one place at the top of a module that declares `name`, which nothing else in the module assigns to or declares there.
pub(super) fn declared_at_top(tokens: &Tokens, name: &str, steps: &mut Steps) -> Option<usize> {
    let mut found = None;
    for index in 0..tokens.len() {
        steps.take()?;
        if !tokens.is_word(index, name) || !tokens.is_free(index) {
            continue;
        }
        let before = index.wrapping_sub(1);
        let declares = matches!(tokens.word(before), Some("let" | "const" | "var" | "function" | "class"))
            || (tokens.is(before, "*") && tokens.is_word(before.wrapping_sub(1), "function"));
        let assigned =
            tokens.sign(index + 1).is_some_and(assigns) || matches!(tokens.sign(index + 1), Some("++" | "--"));
        if declares && tokens.parent(index) == NONE {
            if found.replace(index).is_some() {
                return None;
            }
        } else if assigned {
            // Of this name or of another that shadows it.
            return None;
        }
    }
    found
}
