//! The app's ES modules: loading a graph, linking and evaluating it; modules that are no code; `import()`; `import.meta.url`.
//!
//! All texts of a graph are there before it is linked, since some may come later (the worker asks the supervisor).
//! What wants a graph is a [`Load`]; when the last text of its graph is there, the load is finished: linked,
//! evaluated, and its promise settled.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use url::Url;

use nano_protocol::CompatibilityFlags;

use crate::engine::entry::Entry as Function;
use crate::engine::exception::{Location, ScriptError, caught};
use crate::engine::extension::Extension;

mod builtin;
mod bundle_files;
mod dynamic_import;
mod hint;
mod link;
mod requests;
mod source;
mod specifier;
mod value;

pub(crate) use builtin::{default_export, lazy_exports};
pub(crate) use dynamic_import::{import_dynamically, initialize_import_meta};
pub(crate) use hint::{adds_listener, for_exports_of, with_hint};
pub(crate) use source::NoModules;
pub use source::{FileModules, ModuleSource, SourceError};

use bundle_files::BundleFiles;
pub(crate) use bundle_files::{bundle_file, bundle_file_names};
use link::{before_main, evaluate, evaluate_values, link};
use requests::{Refusals, absent, is_typed_json, refused, requests};
pub(crate) use specifier::{BUILT_IN, NODES};
use specifier::{ModuleKind, Refusal, resolve, url_of};
use value::Exports;

/// A module's identity: its path and what it is.
type Key = (String, ModuleKind);

/// What a load leads to.
enum Purpose {
    /// The program itself.
    Main,
    /// To know whether the program's modules compile and link.
    Check,
    /// `import()`: the promise of the expression.
    Import(v8::Global<v8::PromiseResolver>),
}

struct Load {
    root: Key,
    purpose: Purpose,
    /// Modules of its graph that were looked at.
    seen: HashSet<Key>,
    /// Texts that are still to come.
    missing: usize,
    /// Imports that no module may have, and modules that are not there. The rest of the graph is loaded all the same, to
    /// name those of all.
    refusals: Refusals,
    failed: Option<ScriptError>,
}

enum Entry {
    /// Asked for; these loads wait for it, each with the place of the `import` that asked.
    Requested(Vec<(usize, Location)>),
    Compiled(v8::Global<v8::Module>),
    Failed(ScriptError),
}

/// How far the main module is.
#[derive(Clone, Default)]
pub(crate) enum MainModule {
    /// Not begun, or texts are missing.
    #[default]
    Loading,
    /// Its evaluation's promise, and the module.
    Evaluating(v8::Global<v8::Promise>, v8::Global<v8::Module>),
    /// Linked, and not to be evaluated.
    Linked(v8::Global<v8::Module>),
    Failed(ScriptError),
}

/// All modules of one isolate. In a slot of it, as `Rc<RefCell<ModuleMap>>`.
pub(crate) struct ModuleMap {
    base: Url,
    /// What scripts' names begin with where that is not `base`.
    shown: Option<String>,
    source: Box<dyn ModuleSource>,
    extensions: &'static [Extension],
    /// Which built-in modules may be imported.
    flags: CompatibilityFlags,
    entries: HashMap<Key, Entry>,
    by_hash: HashMap<i32, Vec<(v8::Global<v8::Module>, Key)>>,
    /// What modules that are not evaluated yet export, where they are no code of the app.
    values: HashMap<Key, Exports>,
    /// For programs that have files.
    files: BundleFiles,
    /// bootstrap.js's `builtInModule`.
    built_in: Option<Function>,
    /// bootstrap.js's `beforeMain`.
    before_main: Option<Function>,
    loads: BTreeMap<usize, Load>,
    next_load: usize,
    main: MainModule,
}

impl ModuleMap {
    /// `base`: the URL of the app's directory as scripts see it; ends in `/`.
    pub(crate) fn new(base: Url, extensions: &'static [Extension], source: Box<dyn ModuleSource>) -> Self {
        Self {
            base,
            shown: None,
            source,
            extensions,
            flags: CompatibilityFlags::default(),
            entries: HashMap::new(),
            by_hash: HashMap::new(),
            values: HashMap::new(),
            files: BundleFiles::default(),
            built_in: None,
            before_main: None,
            loads: BTreeMap::new(),
            next_load: 0,
            main: MainModule::Loading,
        }
    }

    /// An empty one with the same base.
    pub(crate) fn anew(&self, source: Box<dyn ModuleSource>) -> Self {
        let (built_in, before_main) = (self.built_in.clone(), self.before_main.clone());
        Self { built_in, before_main, ..Self::new(self.base.clone(), self.extensions, source) }
    }

    /// Says which built-in modules may be imported.
    pub(crate) fn allow(&mut self, flags: CompatibilityFlags) {
        self.flags = flags;
    }

    /// Which module `specifier` means in the module `referrer`. `typed`: with `{ type: "json" }`.
    fn resolve(&self, referrer: &str, specifier: &str, typed: bool) -> Result<Key, Refusal> {
        match builtin::named(self.extensions, specifier).filter(|_| !typed) {
            Some(module) if module.is_allowed(self.flags) => Ok((module.specifier.into(), ModuleKind::BuiltIn)),
            Some(module) => Err(Refusal::NeedsFlag(builtin::flag_for(module))),
            None => resolve(referrer, specifier, typed),
        }
    }

    /// `built_in(name)` has the exports of a module that is no file, `before_main(namespace)` is called before the program's
    /// first module is evaluated.
    pub(crate) fn set_functions(&mut self, built_in: Function, before_main: Function) {
        (self.built_in, self.before_main) = (Some(built_in), Some(before_main));
    }

    /// Modules come from there from now on.
    pub(crate) fn set_source(&mut self, source: Box<dyn ModuleSource>) {
        self.source = source;
    }

    /// Those of an isolate.
    fn of(isolate: &v8::Isolate) -> Option<Rc<RefCell<Self>>> {
        isolate.get_slot::<Rc<RefCell<Self>>>().cloned()
    }

    /// Scripts are named by their path behind `prefix` from now on, not by their URL. `import.meta.url` stays one.
    pub(crate) fn show_as(&mut self, prefix: &str) {
        self.shown = Some(prefix.into());
    }

    /// A module's name in stacks and messages.
    fn name_of(&self, path: &str) -> String {
        match &self.shown {
            Some(prefix) => format!("{prefix}{path}"),
            None => url_of(&self.base, path),
        }
    }

    /// The path of the module with this name.
    pub(crate) fn path_of(&self, name: &str) -> Option<String> {
        match &self.shown {
            Some(prefix) => name.strip_prefix(prefix.as_str()).map(str::to_owned),
            None => specifier::path_of(&self.base, name),
        }
    }

    pub(crate) fn main(&self) -> MainModule {
        self.main.clone()
    }

    /// Whether texts are still to come.
    pub(crate) fn is_loading(&self) -> bool {
        !self.loads.is_empty()
    }

    /// Which module this is.
    fn key_of(&self, scope: &v8::PinScope, module: v8::Local<v8::Module>) -> Option<&Key> {
        let candidates = self.by_hash.get(&module.get_identity_hash().get())?;
        candidates.iter().find(|(known, _)| v8::Local::new(scope, known) == module).map(|(_, key)| key)
    }
}

/// The path of the JavaScript module that `specifier` means in the module `importer`, if it may be imported.
pub(crate) fn javascript_path(importer: &str, specifier: &str) -> Option<String> {
    let (path, kind) = resolve(importer, specifier, false).ok()?;
    (kind == ModuleKind::JavaScript).then_some(path)
}

/// Whether the module at `path` is JavaScript.
pub(crate) fn is_javascript(path: &str) -> bool {
    ModuleKind::of_path(path) == Some(ModuleKind::JavaScript)
}

/// Begins to load the program.
pub(crate) fn load_main(scope: &mut v8::PinScope, modules: &RefCell<ModuleMap>, path: &str) {
    begin(scope, modules, (path.into(), ModuleKind::JavaScript), Purpose::Main, Location::default());
}

/// Begins to load the program's modules without evaluating any.
pub(crate) fn check_main(scope: &mut v8::PinScope, modules: &RefCell<ModuleMap>, path: &str) {
    begin(scope, modules, (path.into(), ModuleKind::JavaScript), Purpose::Check, Location::default());
}

fn begin(scope: &mut v8::PinScope, modules: &RefCell<ModuleMap>, root: Key, purpose: Purpose, asked_at: Location) {
    let id = {
        let mut map = modules.borrow_mut();
        let id = map.next_load;
        map.next_load += 1;
        map.loads.insert(
            id,
            Load {
                root: root.clone(),
                purpose,
                seen: HashSet::new(),
                missing: 0,
                refusals: Refusals::default(),
                failed: None,
            },
        );
        id
    };
    want(scope, modules, id, vec![(root, asked_at)]);
    finish_if_complete(scope, modules, id);
}

/// Adds modules and what they import to a load.
fn want(scope: &mut v8::PinScope, modules: &RefCell<ModuleMap>, load: usize, wanted: Vec<(Key, Location)>) {
    let mut wanted = wanted;
    while let Some((key, asked_at)) = wanted.pop() {
        let new = match modules.borrow_mut().loads.get_mut(&load) {
            Some(load) => load.seen.insert(key.clone()),
            None => return,
        };
        if !new {
            continue;
        }
        let compiled = {
            let map = &mut *modules.borrow_mut();
            match map.entries.get_mut(&key) {
                Some(Entry::Compiled(module)) => Some(module.clone()),
                Some(Entry::Requested(waiting)) => {
                    waiting.push((load, asked_at));
                    if let Some(load) = map.loads.get_mut(&load) {
                        load.missing += 1;
                    }
                    continue;
                }
                Some(Entry::Failed(error)) => {
                    let error = error.clone();
                    fail(map, load, error);
                    continue;
                }
                None => None,
            }
        };
        let module = match compiled {
            Some(module) => v8::Local::new(scope, module),
            None if key.1 == ModuleKind::BuiltIn => match built_in(scope, modules, &key) {
                Ok(module) => module,
                Err(error) => {
                    fail(&mut modules.borrow_mut(), load, error);
                    continue;
                }
            },
            None => {
                let answer = modules.borrow_mut().source.request(&key.0);
                let map = &mut *modules.borrow_mut();
                let Some(text) = answer else {
                    if let Some(load) = map.loads.get_mut(&load) {
                        load.missing += 1;
                    }
                    map.entries.insert(key, Entry::Requested(vec![(load, asked_at)]));
                    continue;
                };
                let text = match text {
                    Ok(text) => text,
                    Err(error) => {
                        let absent = absent(map, &key, &error, &asked_at);
                        if let Some(load) = map.loads.get_mut(&load) {
                            load.refusals.add(&[absent]);
                        }
                        continue;
                    }
                };
                match compile(scope, map, &key, &text) {
                    Ok(module) => module,
                    Err(error) => {
                        fail(map, load, error);
                        continue;
                    }
                }
            }
        };
        let (requests, refusals) = requests(scope, &modules.borrow(), &key, module);
        wanted.extend(requests);
        if let Some(load) = modules.borrow_mut().loads.get_mut(&load) {
            load.refusals.add(&refusals);
        }
    }
}

fn fail(map: &mut ModuleMap, load: usize, error: ScriptError) {
    if let Some(load) = map.loads.get_mut(&load) {
        // The first failure is what its reader can do something about.
        load.failed.get_or_insert(error);
    }
}

/// A text that was to come later is there.
pub(crate) fn arrived(
    scope: &mut v8::PinScope,
    modules: &RefCell<ModuleMap>,
    path: &str,
    text: Result<Vec<u8>, SourceError>,
) {
    let Some(kind) = ModuleKind::of_path(path) else { return };
    let key = (path.to_owned(), kind);
    let waiting = match modules.borrow_mut().entries.remove(&key) {
        Some(Entry::Requested(waiting)) => waiting,
        Some(other) => {
            modules.borrow_mut().entries.insert(key, other);
            return;
        }
        None => return,
    };
    let asked_at = waiting.first().map(|(_, place)| place.clone()).unwrap_or_default();
    let found = {
        let map = &mut *modules.borrow_mut();
        match text {
            Ok(text) => compile(scope, map, &key, &text).map(|module| requests(scope, map, &key, module)),
            Err(error) => Ok((Vec::new(), vec![absent(map, &key, &error, &asked_at)])),
        }
    };
    for (load, _) in waiting {
        if let Some(load) = modules.borrow_mut().loads.get_mut(&load) {
            load.missing -= 1;
        }
        match &found {
            Ok((requests, refusals)) => {
                if let Some(load) = modules.borrow_mut().loads.get_mut(&load) {
                    load.refusals.add(refusals);
                }
                want(scope, modules, load, requests.clone());
            }
            Err(error) => fail(&mut modules.borrow_mut(), load, error.clone()),
        }
        finish_if_complete(scope, modules, load);
    }
}

/// Compiles one text and enters it into the map.
fn compile<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    map: &mut ModuleMap,
    key: &Key,
    text: &[u8],
) -> Result<v8::Local<'s, v8::Module>, ScriptError> {
    match compile_text(scope, map, key, text) {
        Ok(module) => {
            enter(scope, map, key, module);
            Ok(module)
        }
        Err(error) => {
            map.entries.insert(key.clone(), Entry::Failed(error.clone()));
            Err(error)
        }
    }
}

fn enter<'s>(scope: &v8::PinScope<'s, '_>, map: &mut ModuleMap, key: &Key, module: v8::Local<'s, v8::Module>) {
    let handle = v8::Global::new(scope, module);
    map.by_hash.entry(module.get_identity_hash().get()).or_default().push((handle.clone(), key.clone()));
    map.entries.insert(key.clone(), Entry::Compiled(handle));
}

/// A module that exports values.
fn synthetic<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    map: &mut ModuleMap,
    key: &Key,
    exports: Exports,
) -> Option<v8::Local<'s, v8::Module>> {
    let name = v8::String::new(scope, &map.name_of(&key.0))?;
    let names: Vec<_> = exports.iter().map(|(name, _)| v8::Local::new(scope, name)).collect();
    map.values.insert(key.clone(), exports);
    Some(v8::Module::create_synthetic_module(scope, name, &names, evaluate_values))
}

/// A module that is no file.
fn built_in<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    modules: &RefCell<ModuleMap>,
    key: &Key,
) -> Result<v8::Local<'s, v8::Module>, ScriptError> {
    let (function, extensions) = (modules.borrow().built_in.clone(), modules.borrow().extensions);
    let failed =
        |why: &str| ScriptError::new(format!("The module {} cannot be loaded: {why}", key.0), Location::default());
    let exports = match builtin::named(extensions, &key.0) {
        Some(module) => Some(builtin::exports(scope, module).map_err(|why| failed(&why))?),
        None => function.and_then(|function| value::built_in(scope, &function, &key.0)),
    };
    let map = &mut *modules.borrow_mut();
    let module = exports.and_then(|exports| synthetic(scope, map, key, exports));
    let module = module.ok_or_else(|| failed("it is not there"))?;
    enter(scope, map, key, module);
    Ok(module)
}

fn compile_text<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    map: &mut ModuleMap,
    key: &Key,
    text: &[u8],
) -> Result<v8::Local<'s, v8::Module>, ScriptError> {
    let shown = map.name_of(&key.0);
    let too_long = || ScriptError::new(format!("{shown} is too long for V8"), value::place(&shown));
    if key.1 != ModuleKind::JavaScript {
        let exports = value::of_file(scope, key.1, &shown, text)?;
        map.files.keep_exports(scope, map.flags, key, text, &exports);
        return synthetic(scope, map, key, exports).ok_or_else(too_long);
    }
    let text = value::utf8(&shown, text.strip_prefix(value::BYTE_ORDER_MARK).unwrap_or(text))?;
    v8::tc_scope!(let scope, scope);
    let source_text = v8::String::new(scope, text).ok_or_else(too_long)?;
    map.files.keep_text(scope, map.flags, key, source_text);
    let name = v8::String::new(scope, &shown).ok_or_else(too_long)?;
    let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, 0, None, false, false, true, None);
    let mut source = v8::script_compiler::Source::new(source_text, Some(&origin));
    v8::script_compiler::compile_module(scope, &mut source).ok_or_else(|| caught(scope))
}

/// Links a load whose graph is complete, and evaluates it unless it is only checked.
fn finish_if_complete(scope: &mut v8::PinScope, modules: &RefCell<ModuleMap>, id: usize) {
    let load = {
        let map = &mut *modules.borrow_mut();
        match map.loads.get(&id) {
            // After a failure nothing more of the graph is waited for.
            Some(load) if load.missing == 0 || load.failed.is_some() => map.loads.remove(&id),
            _ => None,
        }
    };
    let Some(mut load) = load else { return };
    let linked = match load.refusals.all_faults(load.failed.take()) {
        Some(error) => Err(error),
        None => link(scope, modules, &load.root),
    };
    match load.purpose {
        Purpose::Check => {
            modules.borrow_mut().main = match linked {
                Ok(module) => MainModule::Linked(v8::Global::new(scope, module)),
                Err(error) => MainModule::Failed(error),
            };
        }
        Purpose::Main => {
            if let Ok(module) = &linked {
                before_main(scope, modules, *module);
            }
            let main = match linked.and_then(|module| evaluate(scope, &load.root, module)) {
                Ok((promise, module)) => {
                    // Whether it rejects is looked at by the event loop, which reports it better.
                    promise.mark_as_handled();
                    MainModule::Evaluating(v8::Global::new(scope, promise), v8::Global::new(scope, module))
                }
                Err(error) => MainModule::Failed(error),
            };
            modules.borrow_mut().main = main;
        }
        Purpose::Import(resolver) => {
            let evaluated = linked.and_then(|module| evaluate(scope, &load.root, module));
            dynamic_import::settle(scope, &resolver, evaluated);
        }
    }
}
