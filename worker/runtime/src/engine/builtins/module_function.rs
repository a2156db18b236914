//! Rewrites a built-in ES module as a function, because the tables that V8 keeps for ES modules cannot get a new hash
//! seed when a snapshot is loaded: with them in it, every process of every installation would share one seed, and with
//! it the keys that collide.
//!
//! The result is a generator function in which nothing but the imports and the word `export` changed, and no line
//! moved. Its first step makes the exports, with the functions that are hoisted, and ends; its second runs the module and adds the
//! other exports. Between the two, `link` fills in the imports, and at the end once more. So cycles work as they do between
//! ES modules. There are no getters, and nothing is read before it is there: each name that V8 makes of such stays in the heap.
//!
//! Statements are recognized by how nano's own files are written: `import` and `export` begin a line, with one of the
//! forms below; everything else at the start of a line is refused, at build time.

/// What one `import` or `export … from` takes from another module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// As written: `../ops.js`.
    pub(super) specifier: String,
    /// Exported name → local name.
    pub(super) names: Vec<(String, String)>,
    /// The local name of `* as name`.
    pub(super) namespace: Option<String>,
}

/// One export.
struct Export {
    name: String,
    local: String,
    /// It is there before the module runs.
    is_hoisted: bool,
}

/// A rewritten module.
#[derive(Debug)]
pub(super) struct ModuleFunction {
    /// The body of a function that returns the generator function.
    pub(super) body: String,
    pub(super) imports: Vec<Import>,
    /// Exported names.
    pub(super) exports: Vec<String>,
}

/// A statement that is not written in one of the known forms.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownForm {
    /// From 1.
    pub(super) line: usize,
}

/// Rewrites a module's text.
pub(super) fn rewrite(text: &str) -> Result<ModuleFunction, UnknownForm> {
    let mut imports = Vec::new();
    let mut exports: Vec<Export> = Vec::new();
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let unknown = UnknownForm { line };
        let taken = if rest.starts_with("import ") || rest.starts_with("export {") {
            let Some(statement) = statement(rest) else { return Err(unknown) };
            if let Some(list) = statement.strip_prefix("export") {
                let names = parse_names(list.trim_end_matches(';')).ok_or(unknown)?;
                exports.extend(names.into_iter().map(|(local, name)| Export { name, local, is_hoisted: false }));
            } else {
                imports.push(parse_import(statement).ok_or(unknown)?);
            }
            let breaks = statement.matches('\n').count();
            code.push_str(&"\n".repeat(breaks));
            line += breaks;
            statement.len()
        } else {
            let mut whole = rest.find('\n').map_or(rest, |end| rest.get(..=end).unwrap_or(rest));
            let length = whole.len();
            if let Some(declaration) = whole.strip_prefix("export ") {
                let name = declared_name(declaration).ok_or(unknown)?;
                let is_hoisted = declaration.starts_with("function") || declaration.starts_with("async ");
                exports.push(Export { name: name.clone(), local: name, is_hoisted });
                code.push_str("       "); // Columns stay as they are.
                whole = declaration;
            }
            code.push_str(whole);
            line += 1;
            length
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    let body = format!("{}{code}\n{}}});", prologue(&imports, &exports), epilogue(&exports));
    Ok(ModuleFunction { body, imports, exports: exports.into_iter().map(|export| export.name).collect() })
}

/// What comes before the module's code, on its first line: the imports' variables, `exports`, `link`, the pause.
fn prologue(imports: &[Import], exports: &[Export]) -> String {
    let mut text = String::from("\"use strict\"; return (function* (nano$module) { ");
    let mut links = String::new();
    for (index, import) in imports.iter().enumerate() {
        for (name, local) in &import.names {
            text.push_str(&format!("let {local}; "));
            // A `const` or class of a module in a cycle may not be there yet; `link` is called again.
            links.push_str(&format!("{local} = nano$from[{index}].{name}; "));
        }
        if let Some(local) = &import.namespace {
            text.push_str(&format!("let {local}; "));
            links.push_str(&format!("{local} = nano$from[{index}]; "));
        }
    }
    let specifiers: Vec<_> = imports.iter().map(|import| format!("\"{}\"", import.specifier)).collect();
    text.push_str(&format!("nano$module.imports = [{}]; ", specifiers.join(", ")));
    text.push_str("nano$module.exports = { __proto__: null, ");
    for Export { name, local, .. } in exports.iter().filter(|export| export.is_hoisted) {
        text.push_str(&format!("{name}: {local}, "));
    }
    text.push_str(&format!("}}; nano$module.link = (nano$from) => {{ {links}}}; yield; "));
    text
}

/// What comes behind it: the exports that were not there before it ran.
fn epilogue(exports: &[Export]) -> String {
    let others = exports.iter().filter(|export| !export.is_hoisted);
    others.map(|Export { name, local, .. }| format!("nano$module.exports.{name} = {local}; ")).collect()
}

/// The statement at the start of `rest`, with its semicolon.
fn statement(rest: &str) -> Option<&str> {
    rest.get(..=rest.find(';')?)
}

/// `import { a, b as c } from "x";`, `import * as a from "x";`, `import "x";`
fn parse_import(statement: &str) -> Option<Import> {
    let inner = statement.strip_prefix("import ")?.strip_suffix(';')?.trim();
    let (what, specifier) = match inner.rsplit_once(" from ") {
        Some((what, specifier)) => (what.trim(), specifier.trim()),
        None => ("{}", inner),
    };
    let specifier = specifier.strip_prefix('"')?.strip_suffix('"')?.to_owned();
    let (names, namespace) = match what.strip_prefix("* as ") {
        Some(local) => (Vec::new(), Some(identifier(local)?)),
        None => (parse_names(what)?, None),
    };
    Some(Import { specifier, names, namespace })
}

/// `{ a, b as c }`, as pairs of what stands left and right of `as`.
fn parse_names(list: &str) -> Option<Vec<(String, String)>> {
    let inner = list.trim().strip_prefix('{')?.strip_suffix('}')?;
    let entries = inner.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| match entry.split_once(" as ") {
            Some((left, right)) => Some((identifier(left.trim())?, identifier(right.trim())?)),
            None => Some((identifier(entry)?, identifier(entry)?)),
        })
        .collect()
}

/// The name that a declaration after `export` declares.
fn declared_name(declaration: &str) -> Option<String> {
    // Not `let`: importers hold the value that they were linked with.
    const FORMS: [&str; 6] = ["async function* ", "async function ", "function* ", "function ", "class ", "const "];
    let rest = FORMS.iter().find_map(|form| declaration.strip_prefix(form))?;
    let end = rest.find(|c: char| !is_identifier(c)).unwrap_or(rest.len());
    identifier(rest.get(..end)?)
}

fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

fn identifier(name: &str) -> Option<String> {
    let valid = !name.is_empty() && name.chars().all(is_identifier) && name != "default";
    valid.then(|| name.to_owned())
}

#[cfg(test)]
mod tests;
