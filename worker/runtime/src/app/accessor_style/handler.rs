//! The app's handler: the function that is `fetch` of the default export, and the functions that it hands its request to.

use super::scope::{Steps, Stretch, declared_at_top, may_be_bound};
use super::tokens::{NONE, Tokens};

/// Finds the module that another one imports: `(importer, specifier) → module`.
pub(super) type Resolve<'r> = dyn Fn(usize, &str) -> Option<usize> + 'r;

/// A function with the parameter that holds the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) module: usize,
    /// The token that declares the parameter.
    pub(super) parameter: usize,
    /// Parameters and body.
    pub(super) stretch: Stretch,
}

/// Where something is that a name or an export stands for.
#[derive(Debug, Clone, Copy)]
struct Place {
    module: usize,
    /// The first token of an expression, or of a declaration.
    at: usize,
}

/// Imports that lead to imports, and names to names.
const MOST_HOPS: usize = 16;

/// An app's modules.
pub(super) struct App<'a, 'r> {
    /// Empty where a text is not understood.
    pub(super) modules: &'a [Option<Tokens<'a>>],
    pub(super) resolve: &'r Resolve<'r>,
    pub(super) steps: Steps,
}

impl<'a> App<'a, '_> {
    pub(super) fn tokens(&self, module: usize) -> Option<&'a Tokens<'a>> {
        self.modules.get(module)?.as_ref()
    }

    /// `fetch` of the default export of the first module.
    pub(super) fn handler(&mut self) -> Option<Function> {
        let Place { module, at } = self.export_of(0, "default", MOST_HOPS)?;
        let tokens = self.tokens(module)?;
        let found = match (tokens.word(at), tokens.sign(at)) {
            // What goes on after the literal would make another value of it.
            (_, Some("{")) if ends_literal(tokens, tokens.partner(at) + 1) => self.member(module, at, false)?,
            (Some("class"), _) => self.member(module, class_body(tokens, at)?, true)?,
            (Some("new"), _) => {
                let class = self.named(module, tokens.word(at + 1)?, MOST_HOPS)?;
                let body = class_body(self.tokens(class.module)?, class.at)?;
                self.member(class.module, body, false)?
            }
            _ => return None,
        };
        self.function(found, 0)
    }

    /// A function that is called at `callee` within `function`, with the request as argument number `position`. Handlers
    /// and what they call stand at the top of their modules: nothing between hides a name that is declared there.
    pub(super) fn called(&mut self, function: Function, callee: usize, position: usize) -> Option<Function> {
        let tokens = self.tokens(function.module)?;
        let name = tokens.word(callee)?;
        if !tokens.is_free(callee) || may_be_bound(tokens, function.stretch, name, NONE, &mut self.steps)? {
            return None;
        }
        let place = self.named(function.module, name, MOST_HOPS)?;
        self.function(place, position)
    }

    /// What a name at the top of a module stands for.
    fn named(&mut self, module: usize, name: &str, hops: usize) -> Option<Place> {
        let hops = hops.checked_sub(1)?;
        let tokens = self.tokens(module)?;
        if let Some((from, exported)) = import_of(tokens, name, &mut self.steps)? {
            let target = (self.resolve)(module, from)?;
            return self.export_of(target, exported, hops);
        }
        let declared = declared_at_top(tokens, name, &mut self.steps)?;
        let before = declared.wrapping_sub(1);
        match tokens.word(before) {
            Some("class" | "function") => Some(Place { module, at: before }),
            Some("let" | "const" | "var") if tokens.is(declared + 1, "=") => {
                self.value(Place { module, at: declared + 2 }, hops)
            }
            _ => None,
        }
    }

    /// What a module exports under a name.
    fn export_of(&mut self, module: usize, name: &str, hops: usize) -> Option<Place> {
        let hops = hops.checked_sub(1)?;
        let tokens = self.tokens(module)?;
        for index in 0..tokens.len() {
            self.steps.take()?;
            if !tokens.is_word(index, "export") || tokens.parent(index) != NONE || !tokens.is_free(index) {
                continue;
            }
            if name == "default" && tokens.is_word(index + 1, "default") {
                return self.value(Place { module, at: index + 2 }, hops);
            }
            if tokens.is(index + 1, "{") {
                let Some(local) = exported_as(tokens, index + 1, name) else { continue };
                let close = tokens.partner(index + 1);
                if tokens.is_word(close + 1, "from") {
                    let target = (self.resolve)(module, tokens.string(close + 2)?)?;
                    return self.export_of(target, local, hops);
                }
                return self.named(module, local, hops);
            }
            let declared = match tokens.word(index + 1) {
                Some("async") => index + 3,
                Some("function" | "class" | "const" | "let" | "var") => index + 2,
                _ => continue,
            };
            if tokens.is_word(declared, name) {
                return self.named(module, name, hops);
            }
        }
        None
    }

    /// An expression, or what the name stands for that it consists of.
    fn value(&mut self, place: Place, hops: usize) -> Option<Place> {
        let tokens = self.tokens(place.module)?;
        let Some(word) = tokens.word(place.at) else { return Some(place) };
        if matches!(word, "class" | "new" | "function" | "async") || tokens.is(place.at + 1, "=>") {
            return Some(place);
        }
        if ends_expression(tokens, place.at + 1) { self.named(place.module, word, hops.checked_sub(1)?) } else { None }
    }

    /// `fetch` of an object literal or a class.
    fn member(&mut self, module: usize, open: usize, is_static: bool) -> Option<Place> {
        let tokens = self.tokens(module)?;
        let mut found = None;
        for index in open + 1..tokens.partner(open) {
            self.steps.take()?;
            if tokens.parent(index) != open {
                continue;
            }
            if found.is_some() && tokens.is(index, "...") {
                // May bring another one.
                return None;
            }
            let mut before = index - 1;
            // Names behind a colon or a dot are values.
            if !tokens.is_word(index, "fetch") || matches!(tokens.sign(before), Some(":" | "=" | "." | "?." | "...")) {
                continue;
            }
            if tokens.is_word(before, "async") {
                before -= 1;
            }
            let fits = if is_static {
                tokens.is_word(before, "static")
            } else {
                before == open || matches!(tokens.sign(before), Some("," | "}" | ";"))
            };
            let at = match tokens.sign(index + 1) {
                Some("(") => index + 1,
                Some(":" | "=") => index + 2,
                Some("," | "}") => index,
                _ => return None,
            };
            if !fits || found.replace(Place { module, at }).is_some() {
                return None;
            }
        }
        found
    }

    /// The function at a place, with its parameter number `position`.
    fn function(&mut self, place: Place, position: usize) -> Option<Function> {
        let tokens = self.tokens(place.module)?;
        let mut at = place.at;
        if let Some(name) = tokens.word(at)
            && !matches!(name, "async" | "function" | "class" | "new")
            && !tokens.is(at + 1, "=>")
        {
            // `fetch: handler`, or `fetch` alone.
            let place = self.named(place.module, name, MOST_HOPS)?;
            return self.function(place, position);
        }
        let module = place.module;
        if tokens.is_word(at, "async") {
            at += 1;
        }
        let is_function = tokens.is_word(at, "function");
        if is_function {
            at += 1;
            // (A generator, `function*`, returns no response.)
            at += usize::from(tokens.word(at).is_some());
        } else if tokens.word(at).is_some() && tokens.is(at + 1, "=>") {
            return (position == 0).then_some(Function { module, parameter: at, stretch: arrow(tokens, at, at + 1) });
        }
        if !tokens.is(at, "(") {
            return None;
        }
        let close = tokens.partner(at);
        let parameter = parameter(tokens, at, position)?;
        if tokens.is(close + 1, "{") {
            let stretch = Stretch { start: at, end: tokens.partner(close + 1) };
            return Some(Function { module, parameter, stretch });
        }
        (!is_function && tokens.is(close + 1, "=>")).then(|| Function {
            module,
            parameter,
            stretch: arrow(tokens, at, close + 1),
        })
    }
}

/// The parameters of an arrow function and its body.
fn arrow(tokens: &Tokens, start: usize, arrow: usize) -> Stretch {
    if tokens.is(arrow + 1, "{") {
        return Stretch { start, end: tokens.partner(arrow + 1) };
    }
    let parent = tokens.parent(arrow);
    let close = if parent == NONE { tokens.len() } else { tokens.partner(parent) };
    let mut end = arrow + 1;
    while end < close {
        let stops = tokens.parent(end) == parent
            && (matches!(tokens.sign(end), Some("," | ";"))
                || matches!(
                    tokens.word(end),
                    Some(
                        "export" | "import" | "const" | "let" | "var" | "function" | "class" | "return" | "if" | "for"
                    )
                ));
        if stops {
            break;
        }
        end += 1;
    }
    Stretch { start, end }
}

/// The parameter number `position`, where it is a plain name.
fn parameter(tokens: &Tokens, open: usize, position: usize) -> Option<usize> {
    let close = tokens.partner(open);
    let mut left = position;
    let mut at = open + 1;
    while left > 0 {
        while at < close && !(tokens.is(at, ",") && tokens.parent(at) == open) {
            at += 1;
        }
        at += 1;
        left -= 1;
    }
    (at < close && tokens.word(at).is_some() && (tokens.is(at + 1, ",") || at + 1 == close)).then_some(at)
}

/// The body of the class whose keyword is at `at`.
fn class_body(tokens: &Tokens, at: usize) -> Option<usize> {
    if !tokens.is_word(at, "class") {
        return None;
    }
    let named = tokens.word(at + 1).is_some_and(|word| word != "extends");
    let open = at + 1 + usize::from(named);
    tokens.is(open, "{").then_some(open)
}

/// Whether nothing at `index` goes on with an expression.
fn ends_expression(tokens: &Tokens, index: usize) -> bool {
    match tokens.sign(index) {
        None => index >= tokens.len() || tokens.word(index).is_some_and(|word| !matches!(word, "in" | "instanceof")),
        Some(sign) => matches!(sign, ";" | "," | "}" | ")"),
    }
}

/// The same after a literal: a comma goes on with another expression, whose value counts.
fn ends_literal(tokens: &Tokens, index: usize) -> bool {
    ends_expression(tokens, index) && !(tokens.is(index, ",") && tokens.parent(index) == NONE)
}

/// The local name that `{ local as name }` exports.
fn exported_as<'a>(tokens: &Tokens<'a>, open: usize, name: &str) -> Option<&'a str> {
    let mut at = open + 1;
    while at < tokens.partner(open) {
        let local = tokens.word(at)?;
        let (exported, next) =
            if tokens.is_word(at + 1, "as") { (tokens.word(at + 2)?, at + 3) } else { (local, at + 1) };
        if exported == name {
            return Some(local);
        }
        at = next + usize::from(tokens.is(next, ","));
    }
    None
}

/// Where a name is imported from, and what it is called there. The outer option is empty where that is not known.
#[allow(clippy::option_option, reason = "two different kinds of nothing")]
fn import_of<'a>(tokens: &Tokens<'a>, name: &str, steps: &mut Steps) -> Option<Option<(&'a str, &'a str)>> {
    for index in 0..tokens.len() {
        steps.take()?;
        let is_import = tokens.is_word(index, "import") && tokens.parent(index) == NONE && tokens.is_free(index);
        if !is_import || matches!(tokens.sign(index + 1), Some("(" | ".")) {
            continue;
        }
        let mut at = index + 1;
        let mut found = None;
        if tokens.word(at).is_some_and(|word| word != "from") {
            found = tokens.is_word(at, name).then_some("default");
            at += 1;
            at += usize::from(tokens.is(at, ","));
        }
        if tokens.is(at, "*") {
            if tokens.is_word(at + 2, name) {
                return None;
            }
            at += 3;
        } else if tokens.is(at, "{") {
            found = found.or(imported_as(tokens, at, name));
            at = tokens.partner(at) + 1;
        }
        if let Some(exported) = found {
            return tokens.is_word(at, "from").then(|| tokens.string(at + 1).map(|from| (from, exported)));
        }
    }
    Some(None)
}

/// The name in the other module that `{ there as name }` imports.
fn imported_as<'a>(tokens: &Tokens<'a>, open: usize, name: &str) -> Option<&'a str> {
    let mut at = open + 1;
    while at < tokens.partner(open) {
        let there = tokens.word(at)?;
        let (local, next) = if tokens.is_word(at + 1, "as") { (tokens.word(at + 2)?, at + 3) } else { (there, at + 1) };
        if local == name {
            return Some(there);
        }
        at = next + usize::from(tokens.is(next, ","));
    }
    None
}
