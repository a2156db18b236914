//! The evaluation of the JavaScript that is built in, in a fresh context or into the snapshot.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use crate::engine::exception;
use crate::engine::extension::{self, Extension};

mod ascii;
mod lazy;
mod module_function;
mod static_texts;

pub(crate) use lazy::{LazyBuiltins, load};
use module_function::{Import, ModuleFunction};
pub(crate) use static_texts::StaticTexts;

/// The module that imports all others, defines the globals, and exports `entry`: the functions that Rust calls.
const BOOTSTRAP: &str = "bootstrap.js";

/// The module that captures intrinsics: of all that there are, those that the others name.
const CAPTURES: &str = "primordials.js";

/// Why the builtins could not be evaluated. Only a mistake in nano itself leads here.
#[derive(Debug, thiserror::Error)]
#[error("the built-in module {path} cannot be evaluated: {message}")]
pub struct BuiltinError {
    /// Path beneath `js/`.
    pub path: String,
    /// The exception, with its stack where it has one.
    pub message: String,
}

impl BuiltinError {
    fn new(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The exception that a TryCatch holds.
    fn caught(scope: &mut v8::PinnedRef<v8::TryCatch<v8::HandleScope>>, path: &str) -> Self {
        Self::new(path, exception::caught(scope).message)
    }
}

/// Index of bootstrap.js's `entry` among the context's data in the snapshot.
const ENTRY_INDEX: usize = 0;

/// Evaluates all builtins in the current context, of which a snapshot is made then.
pub(crate) fn evaluate_into_snapshot(
    scope: &mut v8::PinScope,
    extensions: &'static [Extension],
    texts: &StaticTexts,
) -> Result<(), BuiltinError> {
    let entry = evaluate_with(scope, extensions, Some(texts))?;
    let context = scope.get_current_context();
    let index = scope.add_context_data(context, entry);
    debug_assert_eq!(index, ENTRY_INDEX, "the entry is the only data");
    Ok(())
}

/// bootstrap.js's `entry` in a context that was restored from a snapshot.
pub(crate) fn entry_from_snapshot<'s>(scope: &v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
    scope.get_context_data_from_snapshot_once::<v8::Object>(ENTRY_INDEX).ok()
}

/// Evaluates all builtins in the current context and returns bootstrap.js's `entry`.
pub(crate) fn evaluate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    extensions: &'static [Extension],
) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
    evaluate_with(scope, extensions, None)
}

fn evaluate_with<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    extensions: &'static [Extension],
    texts: Option<&StaticTexts>,
) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
    install_nano_object(scope, extensions)
        .ok_or_else(|| BuiltinError::new(BOOTSTRAP, "globalThis.__nano could not be made"))?;
    let mut graph = Graph::new(extensions, texts);
    let exports = graph.evaluate(scope, BOOTSTRAP)?;
    let entry = get(scope, exports, "entry")
        .and_then(|entry| v8::Local::<v8::Object>::try_from(entry).ok())
        .ok_or_else(|| BuiltinError::new(BOOTSTRAP, "it does not export `entry`"))?;
    lazy::keep_imports(scope, &graph, entry)?;
    Ok(entry)
}

/// Evaluates one builtin and all that it imports. Returns its exports.
#[cfg(test)]
pub(crate) fn evaluate_module<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    extensions: &'static [Extension],
    path: &str,
) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
    Graph::new(extensions, None).evaluate(scope, path)
}

/// The text of a builtin.
fn source(extensions: &[Extension], path: &str) -> Result<Cow<'static, str>, BuiltinError> {
    let source = extensions.iter().flat_map(Extension::all_sources).find(|source| source.path == path);
    let source = source.ok_or_else(|| BuiltinError::new(path, "it is not in the list of built-in files"))?;
    (source.text)().map_err(|error| BuiltinError::new(path, format!("it cannot be read: {error}")))
}

/// A builtin as the function that is compiled of it.
fn function_of(extensions: &[Extension], path: &str) -> Result<ModuleFunction, BuiltinError> {
    let text = source(extensions, path)?;
    let text = ascii::without_others_in_comments(&text).map_err(|line| {
        let message = "a character that is not ASCII stands outside of a comment: write it as \\u and four digits";
        BuiltinError::new(path, format!("line {line}: {message}"))
    })?;
    module_function::rewrite(&text).map_err(|unknown| {
        let line = unknown.line;
        let message = "import and export must have one of the forms that builtins/module_function.rs knows \
                       (no default, no `export let`: export a function that returns the value)";
        BuiltinError::new(path, format!("line {line}: {message}"))
    })
}

/// Every word of the builtins that may name something captured, each between spaces. One text: names would stay in the heap.
fn words(extensions: &[Extension]) -> Option<String> {
    let mut words = BTreeSet::new();
    for source in extensions.iter().flat_map(Extension::all_sources).filter(|source| source.path != CAPTURES) {
        let text = (source.text)().ok()?;
        words.extend(text.split(|char: char| !char.is_ascii_alphanumeric()).map(str::to_owned));
    }
    Some(words.iter().map(|word| format!("{word} ")).collect())
}

/// `globalThis.__nano = { ops, version, words }`; bootstrap.js deletes it.
fn install_nano_object(scope: &mut v8::PinScope, extensions: &'static [Extension]) -> Option<()> {
    let nano = v8::Object::new(scope);
    let table = extension::op_table(scope, extensions)?;
    set(scope, nano, "ops", table.into())?;
    let version = v8::String::new(scope, env!("CARGO_PKG_VERSION"))?;
    set(scope, nano, "version", version.into())?;
    let words = v8::String::new(scope, &words(extensions)?)?;
    set(scope, nano, "words", words.into())?;
    let global = scope.get_current_context().global(scope);
    set(scope, global, "__nano", nano.into())
}

/// Built-in modules that are being evaluated.
struct Graph<'s, 't> {
    extensions: &'static [Extension],
    texts: Option<&'t StaticTexts>,
    /// The exports of those that are evaluated already.
    known: HashMap<String, v8::Local<'s, v8::Object>>,
    /// They were looked at when the program was built: their texts are complete as they are.
    is_built: bool,
    /// `next(generator)`, for what is evaluated when an app may have replaced that of generators.
    next: Option<v8::Local<'s, v8::Function>>,
    modules: HashMap<String, Module<'s>>,
    /// Paths in the order of evaluation: a module after its imports, except within cycles.
    order: Vec<String>,
}

struct Module<'s> {
    path: String,
    /// `None`: not looked at again.
    function: Option<ModuleFunction>,
    /// Paths of the modules imported from, in the order of the imports; empty before the first step.
    imports: Vec<String>,
    /// What the generator fills with `exports` and `link`.
    object: v8::Local<'s, v8::Object>,
    generator: v8::Local<'s, v8::Object>,
}

impl<'s, 't> Graph<'s, 't> {
    fn new(extensions: &'static [Extension], texts: Option<&'t StaticTexts>) -> Self {
        Self {
            extensions,
            texts,
            known: HashMap::new(),
            is_built: false,
            next: None,
            modules: HashMap::new(),
            order: Vec::new(),
        }
    }

    /// Evaluates a module and all that it imports. Returns its exports.
    fn evaluate(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        path: &str,
    ) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
        self.load(scope, path)?;
        self.check_imports()?;
        self.link(scope)?;
        for path in self.order.clone() {
            self.link_one(scope, &path)?;
            self.module(&path)?.step(scope, self.next)?;
        }
        // Once more, for imports that a cycle left open.
        self.link(scope)?;
        self.exports(scope, path)
    }

    fn exports(&self, scope: &v8::PinScope<'s, '_>, path: &str) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
        match self.known.get(path) {
            Some(exports) => Ok(*exports),
            None => self.module(path)?.exports(scope),
        }
    }

    fn module(&self, path: &str) -> Result<&Module<'s>, BuiltinError> {
        self.modules.get(path).ok_or_else(|| BuiltinError::new(path, "it is not loaded"))
    }

    /// Loads a module and what it imports, and runs their first steps.
    fn load(&mut self, scope: &mut v8::PinScope<'s, '_>, path: &str) -> Result<(), BuiltinError> {
        if self.modules.contains_key(path) || self.known.contains_key(path) {
            return Ok(());
        }
        let mut module = Module::load(scope, self, path)?;
        module.step(scope, self.next)?;
        module.imports = module.imports(scope)?;
        let imports = module.imports.clone();
        self.modules.insert(path.to_owned(), module);
        for import in imports {
            self.load(scope, &import)?;
        }
        self.order.push(path.to_owned());
        Ok(())
    }

    /// Refuses imports of what is not exported.
    fn check_imports(&self) -> Result<(), BuiltinError> {
        for module in self.modules.values() {
            let Some(function) = &module.function else { continue };
            for (import, from) in function.imports.iter().zip(&module.imports) {
                let Some(exporting) = self.modules.get(from).and_then(|module| module.function.as_ref()) else {
                    continue;
                };
                check_import(&module.path, import, from, exporting)?;
            }
        }
        Ok(())
    }

    fn link(&self, scope: &mut v8::PinScope<'s, '_>) -> Result<(), BuiltinError> {
        self.order.iter().try_for_each(|path| self.link_one(scope, path))
    }

    /// Fills in a module's imports, as far as they are there.
    fn link_one(&self, scope: &mut v8::PinScope<'s, '_>, path: &str) -> Result<(), BuiltinError> {
        let module = self.module(path)?;
        let from = module.imports.iter().map(|import| Ok(self.exports(scope, import)?.into()));
        let from: Vec<v8::Local<v8::Value>> = from.collect::<Result<_, BuiltinError>>()?;
        let from = v8::Array::new_with_elements(scope, &from).into();
        call_method(scope, path, module.object, "link", &[from])?;
        Ok(())
    }
}

impl<'s> Module<'s> {
    /// Compiles the file `path` beneath `js/` and makes its generator.
    fn load(scope: &mut v8::PinScope<'s, '_>, graph: &Graph<'s, '_>, path: &str) -> Result<Self, BuiltinError> {
        let text = graph.texts.and_then(|texts| texts.get(path));
        let function = match text {
            Some(_) if graph.is_built => None,
            _ => Some(function_of(graph.extensions, path)?),
        };
        // Without a prototype: an app may have put setters there.
        let null = v8::null(scope).into();
        let object = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
        let generator = {
            v8::tc_scope!(let scope, scope);
            let body = match (text, &function) {
                (Some(text), _) => v8::String::new_from_onebyte_const(scope, text),
                (None, Some(function)) => v8::String::new(scope, &function.body),
                (None, None) => None,
            };
            match body.and_then(|body| make_generator(scope, path, body, object)) {
                Some(generator) => generator,
                None => return Err(BuiltinError::caught(scope, path)),
            }
        };
        Ok(Self { path: path.to_owned(), function, imports: Vec::new(), object, generator })
    }

    /// What the first step said.
    fn imports(&self, scope: &v8::PinScope<'s, '_>) -> Result<Vec<String>, BuiltinError> {
        let list = get(scope, self.object, "imports").and_then(|list| v8::Local::<v8::Array>::try_from(list).ok());
        let list = list.ok_or_else(|| BuiltinError::new(&self.path, "it has no list of imports"))?;
        let specifiers = (0..list.length()).filter_map(|index| list.get_index(scope, index));
        Ok(specifiers.map(|specifier| join(&self.path, &specifier.to_rust_string_lossy(scope))).collect())
    }

    /// Runs the generator's next step: the first makes the exports, the second runs the module.
    fn step(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        next: Option<v8::Local<v8::Function>>,
    ) -> Result<(), BuiltinError> {
        let Some(next) = next else {
            return call_method(scope, &self.path, self.generator, "next", &[]).map(drop);
        };
        v8::tc_scope!(let scope, scope);
        let undefined = v8::undefined(scope).into();
        match next.call(scope, undefined, &[self.generator.into()]) {
            Some(_) => Ok(()),
            None => Err(BuiltinError::caught(scope, &self.path)),
        }
    }

    fn exports(&self, scope: &v8::PinScope<'s, '_>) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
        get(scope, self.object, "exports")
            .and_then(|exports| v8::Local::<v8::Object>::try_from(exports).ok())
            .ok_or_else(|| BuiltinError::new(&self.path, "it has no exports object"))
    }
}

fn make_generator<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    path: &str,
    body: v8::Local<'s, v8::String>,
    object: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Object>> {
    let name = v8::String::new(scope, &format!("nano:{path}"))?;
    let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, 0, None, false, false, false, None);
    let mut source = v8::script_compiler::Source::new(body, Some(&origin));
    let options = v8::script_compiler::CompileOptions::NoCompileOptions;
    let reason = v8::script_compiler::NoCacheReason::NoReason;
    let outer = v8::script_compiler::compile_function(scope, &mut source, &[], &[], options, reason)?;
    let undefined = v8::undefined(scope).into();
    let function = v8::Local::<v8::Function>::try_from(outer.call(scope, undefined, &[])?).ok()?;
    v8::Local::<v8::Object>::try_from(function.call(scope, undefined, &[object.into()])?).ok()
}

/// Calls `object[method](…arguments)`.
fn call_method<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    path: &str,
    object: v8::Local<'s, v8::Object>,
    method: &str,
    arguments: &[v8::Local<v8::Value>],
) -> Result<v8::Local<'s, v8::Value>, BuiltinError> {
    v8::tc_scope!(let scope, scope);
    let function = get(scope, object, method).and_then(|function| v8::Local::<v8::Function>::try_from(function).ok());
    match function.and_then(|function| function.call(scope, object.into(), arguments)) {
        Some(value) => Ok(value),
        None => Err(BuiltinError::caught(scope, path)),
    }
}

/// Refuses an import of what the other module does not export, as the linking of ES modules does.
fn check_import(path: &str, import: &Import, from: &str, exporting: &ModuleFunction) -> Result<(), BuiltinError> {
    match import.names.iter().find(|(name, _)| !exporting.exports.contains(name)) {
        Some((name, _)) => Err(BuiltinError::new(path, format!("{from} does not export `{name}`"))),
        None => Ok(()),
    }
}

/// `specifier` as seen from the file `referrer`, both `/`-separated and beneath `js/`.
fn join(referrer: &str, specifier: &str) -> String {
    let mut parts: Vec<&str> = referrer.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn get<'s>(scope: &v8::PinScope<'s, '_>, object: v8::Local<v8::Object>, key: &str) -> Option<v8::Local<'s, v8::Value>> {
    let key = v8::String::new(scope, key)?;
    object.get(scope, key.into())
}

fn set(scope: &v8::PinScope, object: v8::Local<v8::Object>, key: &str, value: v8::Local<v8::Value>) -> Option<()> {
    let key = v8::String::new(scope, key)?;
    object.create_data_property(scope, key.into(), value)?.then_some(())
}

#[cfg(test)]
mod tests;
