//! Built-in modules that apps import: `node:events`. Each has the default export that the same module has elsewhere, and that
//! one's properties as further exports, as they are when it is first imported.

use super::ModuleMap;
use super::value::Exports;
use crate::engine::builtins;
use crate::engine::extension::{BuiltinModule, Extension};

/// What a lazy builtin exports for apps.
const EXPORTS: &str = "moduleExports";

/// The module that `specifier` means. `node:` may be left out.
pub(super) fn named(extensions: &'static [Extension], specifier: &str) -> Option<&'static BuiltinModule> {
    let is_meant = |module: &&BuiltinModule| {
        module.specifier == specifier || module.specifier.strip_prefix("node:") == Some(specifier)
    };
    extensions.iter().flat_map(|extension| extension.modules).find(is_meant)
}

/// The word of a flag that allows it, as the configuration has it.
pub(super) fn flag_for(module: &BuiltinModule) -> &'static str {
    module.flags.words().next().unwrap_or_default()
}

/// The default export of a built-in module that the program may import; `None`: there is no such one.
pub(crate) fn default_export<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    specifier: &str,
) -> Option<Result<v8::Local<'s, v8::Object>, String>> {
    let modules = ModuleMap::of(scope)?;
    let (extensions, flags) = (modules.borrow().extensions, modules.borrow().flags);
    let module = named(extensions, specifier).filter(|module| module.is_allowed(flags))?;
    Some(value(scope, module))
}

/// All its exports. It is evaluated if it was not yet; the error is for people.
pub(super) fn exports(scope: &mut v8::PinScope, module: &BuiltinModule) -> Result<Exports, String> {
    let value = value(scope, module)?;
    let default = v8::String::new(scope, "default").ok_or("out of memory")?;
    let whole = v8::Local::<v8::Value>::from(value);
    let mut exports = vec![(v8::Global::new(scope, default), v8::Global::new(scope, whole))];
    for name in property_names(scope, value) {
        if name == default {
            continue;
        }
        let export = value.get(scope, name.into()).ok_or("a property cannot be read")?;
        exports.push((v8::Global::new(scope, name), v8::Global::new(scope, export)));
    }
    Ok(exports)
}

fn value<'s>(scope: &mut v8::PinScope<'s, '_>, module: &BuiltinModule) -> Result<v8::Local<'s, v8::Object>, String> {
    lazy_exports(scope, module.path)
}

/// What a lazy builtin exports for apps. It is evaluated if it was not yet; the error is for people.
pub(crate) fn lazy_exports<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    path: &str,
) -> Result<v8::Local<'s, v8::Object>, String> {
    let exports = builtins::load(scope, path).map_err(|error| error.to_string())?;
    let key = v8::String::new(scope, EXPORTS).ok_or("out of memory")?;
    let value = exports.get(scope, key.into()).and_then(|value| v8::Local::<v8::Object>::try_from(value).ok());
    value.ok_or_else(|| format!("{path} does not export `{EXPORTS}`"))
}

/// Its own enumerable properties that are no symbols.
fn property_names<'s>(scope: &v8::PinScope<'s, '_>, value: v8::Local<v8::Object>) -> Vec<v8::Local<'s, v8::String>> {
    let filter = v8::PropertyFilter::ONLY_ENUMERABLE | v8::PropertyFilter::SKIP_SYMBOLS;
    let arguments = v8::GetPropertyNamesArgs {
        mode: v8::KeyCollectionMode::OwnOnly,
        property_filter: filter,
        index_filter: v8::IndexFilter::SkipIndices,
        key_conversion: v8::KeyConversionMode::ConvertToString,
    };
    let names = value.get_own_property_names(scope, arguments);
    let names = names.iter().flat_map(|names| (0..names.length()).filter_map(|at| names.get_index(scope, at)));
    names.filter_map(|name| v8::Local::<v8::String>::try_from(name).ok()).collect()
}
