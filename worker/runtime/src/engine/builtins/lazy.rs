//! Builtins that are evaluated when something first imports them, so that an app without them pays nothing. What they import
//! of those in the snapshot is what is there: one `primordials`, captured before any code of an app.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::{BuiltinError, Graph, StaticTexts, check_import, function_of, get, join, set};
use crate::engine::extension::Extension;

/// The property of bootstrap.js's `entry` that has the exports of evaluated modules, by path.
const EVALUATED: &str = "evaluated";

/// The property of it that advances a generator, whatever an app made of generators.
const NEXT: &str = "generatorNext";

/// Those of one isolate. In a slot of it, as `Rc<LazyBuiltins>`.
pub(crate) struct LazyBuiltins {
    extensions: &'static [Extension],
    texts: Option<StaticTexts>,
    /// The exports of the modules of the snapshot that lazy ones import.
    evaluated: v8::Global<v8::Object>,
    /// bootstrap.js's `generatorNext`.
    next: v8::Global<v8::Function>,
    loaded: RefCell<HashMap<String, v8::Global<v8::Object>>>,
}

impl LazyBuiltins {
    /// `entry`: that of bootstrap.js. `texts`: those of the snapshot, if there is one.
    pub(crate) fn new(
        scope: &v8::PinScope,
        extensions: &'static [Extension],
        texts: Option<StaticTexts>,
        entry: v8::Local<v8::Object>,
    ) -> Option<Rc<Self>> {
        let evaluated = v8::Local::<v8::Object>::try_from(get(scope, entry, EVALUATED)?).ok()?;
        let evaluated = v8::Global::new(scope, evaluated);
        let next = v8::Local::<v8::Function>::try_from(get(scope, entry, NEXT)?).ok()?;
        let next = v8::Global::new(scope, next);
        Some(Rc::new(Self { extensions, texts, evaluated, next, loaded: RefCell::default() }))
    }
}

/// The exports of a lazy builtin, which is evaluated if it was not yet.
pub(crate) fn load<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    path: &str,
) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
    let isolate: &v8::Isolate = scope;
    let lazy = isolate.get_slot::<Rc<LazyBuiltins>>().cloned();
    let lazy = lazy.ok_or_else(|| BuiltinError::new(path, "there are no such modules here"))?;
    if let Some(exports) = lazy.loaded.borrow().get(path) {
        return Ok(v8::Local::new(scope, exports));
    }
    let mut graph = Graph::new(lazy.extensions, lazy.texts.as_ref());
    graph.is_built = lazy.texts.is_some();
    graph.known = known(scope, &lazy);
    graph.next = Some(v8::Local::new(scope, &lazy.next));
    let exports = graph.evaluate(scope, path)?;
    for path in &graph.order {
        let exports = graph.exports(scope, path)?;
        lazy.loaded.borrow_mut().insert(path.clone(), v8::Global::new(scope, exports));
    }
    Ok(exports)
}

fn known<'s>(scope: &v8::PinScope<'s, '_>, lazy: &LazyBuiltins) -> HashMap<String, v8::Local<'s, v8::Object>> {
    let loaded = lazy.loaded.borrow();
    let loaded = loaded.iter().map(|(path, exports)| (path.clone(), v8::Local::new(scope, exports)));
    let mut known: HashMap<_, _> = loaded.collect();
    let evaluated = v8::Local::new(scope, &lazy.evaluated);
    let names = evaluated.get_own_property_names(scope, v8::GetPropertyNamesArgs::default());
    for name in names.iter().flat_map(|names| (0..names.length()).filter_map(|at| names.get_index(scope, at))) {
        let exports = evaluated.get(scope, name).and_then(|exports| v8::Local::<v8::Object>::try_from(exports).ok());
        known.extend(exports.map(|exports| (name.to_rust_string_lossy(scope), exports)));
    }
    known
}

/// Keeps what lazy builtins will import of those in `graph`, which are evaluated; and checks their imports.
pub(super) fn keep_imports<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    graph: &Graph<'s, '_>,
    entry: v8::Local<v8::Object>,
) -> Result<(), BuiltinError> {
    let lazy = graph.extensions.iter().flat_map(|extension| extension.lazy).map(|source| source.path);
    let lazy = lazy.map(|path| Ok((path.to_owned(), function_of(graph.extensions, path)?)));
    let lazy: HashMap<_, _> = lazy.collect::<Result<_, BuiltinError>>()?;
    let mut wanted: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (path, function) in &lazy {
        for import in &function.imports {
            let from = join(path, &import.specifier);
            let exporting = match lazy.get(&from) {
                Some(exporting) => exporting,
                None => {
                    let exporting = graph.module(&from)?.function.as_ref();
                    let names = import.names.iter().map(|(name, _)| name.as_str());
                    wanted.entry(from.clone()).or_default().extend(names);
                    exporting.ok_or_else(|| BuiltinError::new(&from, "its exports are not known"))?
                }
            };
            check_import(path, import, &from, exporting)?;
        }
    }
    let null = v8::null(scope).into();
    let evaluated = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    for (path, names) in &wanted {
        let exports = graph.exports(scope, path)?;
        // The values alone, which do not change any more: the object that a module has for them is much larger.
        let kept = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
        let values = names.iter().try_for_each(|name| set(scope, kept, name, get(scope, exports, name)?));
        let values = values.and_then(|()| set(scope, evaluated, path, kept.into()));
        values.ok_or_else(|| BuiltinError::new(path, "its exports cannot be kept"))?;
    }
    set(scope, entry, EVALUATED, evaluated.into())
        .ok_or_else(|| BuiltinError::new(super::BOOTSTRAP, "its `entry` cannot be added to"))
}
