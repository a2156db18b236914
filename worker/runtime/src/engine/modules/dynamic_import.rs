//! `import()` and `import.meta`.

use super::link::Evaluation;
use super::{ModuleMap, Purpose, begin, is_typed_json, refused};
use crate::engine::exception::{Location, ScriptError};

/// HostLoadImportedModule for `import()`: returns the expression's promise.
pub(crate) fn import_dynamically<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    _options: v8::Local<'s, v8::Data>,
    referrer: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    attributes: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    let modules = ModuleMap::of(scope)?;
    let resolver = v8::PromiseResolver::new(scope)?;
    let promise = resolver.get_promise(scope);
    let resolver = v8::Global::new(scope, resolver);
    let place = calling_place(scope, &referrer.to_rust_string_lossy(scope));
    let specifier = specifier.to_rust_string_lossy(scope);
    let key = {
        // Code without a file (the REPL, a compiled string) imports from the app's directory.
        let map = modules.borrow();
        let referrer = map.path_of(&place.script).unwrap_or_default();
        is_typed_json(scope, attributes, 2).and_then(|typed| map.resolve(&referrer, &specifier, typed))
    };
    match key {
        Ok(key) => begin(scope, &modules, key, Purpose::Import(resolver), place),
        Err(refusal) => settle(scope, &resolver, Err(refused(&specifier, place, &refusal))),
    }
    Some(promise)
}

/// Where the `import()` stands in the module `script`.
fn calling_place(scope: &mut v8::PinScope, script: &str) -> Location {
    let frame = v8::StackTrace::current_stack_trace(scope, 1).and_then(|stack| stack.get_frame(scope, 0));
    let (line, column) = frame.map_or((0, 0), |frame| (frame.get_line_number(), frame.get_column()));
    // An entry of the REPL has no name of its own, but a `sourceURL`.
    let named = frame.filter(|_| script.is_empty()).and_then(|frame| frame.get_script_name_or_source_url(scope));
    let script = named.map_or_else(|| script.into(), |name| name.to_rust_string_lossy(scope));
    Location {
        script,
        line: u32::try_from(line).unwrap_or(0),
        column: u32::try_from(column).unwrap_or(0),
        source_line: String::new(),
    }
}

/// Settles the promise of an `import()` whose graph is evaluated or failed.
pub(super) fn settle(
    scope: &mut v8::PinScope,
    resolver: &v8::Global<v8::PromiseResolver>,
    result: Result<Evaluation<'_>, ScriptError>,
) {
    let resolver = v8::Local::new(scope, resolver);
    match result {
        Err(error) => {
            let exception = match &error.exception {
                Some(exception) => {
                    let exception = v8::Local::new(scope, exception);
                    add_place(scope, exception, &error.location);
                    exception
                }
                None => type_error(scope, &error.message),
            };
            resolver.reject(scope, exception);
        }
        Ok((evaluation, module)) => {
            let namespace = module.get_module_namespace();
            let yield_namespace = v8::Function::builder(yield_data).data(namespace).build(scope);
            // The promise of `then` takes over where the evaluation rejects.
            if let Some(loaded) = yield_namespace.and_then(|function| evaluation.then(scope, function)) {
                resolver.resolve(scope, loaded.into());
            }
        }
    }
}

/// A syntax error's stack begins at the `import()`: puts the place that is wrong above it.
fn add_place(scope: &mut v8::PinScope, exception: v8::Local<v8::Value>, place: &Location) {
    let Ok(error) = v8::Local::<v8::Object>::try_from(exception) else { return };
    let Some(key) = v8::String::new(scope, "stack").filter(|_| exception.is_native_error()) else { return };
    v8::tc_scope!(let scope, scope);
    let Some(stack) = error.get(scope, key.into()).filter(|stack| stack.is_string()) else { return };
    let stack = stack.to_rust_string_lossy(scope);
    if place.line == 0 || stack.contains(&place.script) {
        return;
    }
    let (message, frames) = stack.split_at(stack.find("\n    at ").unwrap_or(stack.len()));
    let stack = format!("{message}\n    at {}:{}:{}{frames}", place.script, place.line, place.column);
    if let Some(stack) = v8::String::new(scope, &stack) {
        error.set(scope, key.into(), stack.into());
    }
}

/// Returns what the function was made with.
fn yield_data(_: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    rv.set(args.data());
}

fn type_error<'s>(scope: &mut v8::PinScope<'s, '_>, message: &str) -> v8::Local<'s, v8::Value> {
    match v8::String::new(scope, message) {
        Some(message) => v8::Exception::type_error(scope, message),
        None => v8::undefined(scope).into(),
    }
}

/// `import.meta.url`.
pub(crate) extern "C" fn initialize_import_meta(
    context: v8::Local<v8::Context>,
    module: v8::Local<v8::Module>,
    meta: v8::Local<v8::Object>,
) {
    // SAFETY: V8 calls this on the isolate's thread with `context` entered.
    v8::callback_scope!(unsafe scope, context);
    let url = ModuleMap::of(scope).and_then(|modules| {
        let map = modules.borrow();
        map.key_of(scope, module).map(|key| super::url_of(&map.base, &key.0))
    });
    let key = v8::String::new(scope, "url");
    let url = url.and_then(|url| v8::String::new(scope, &url));
    if let (Some(key), Some(url)) = (key, url) {
        meta.create_data_property(scope, key.into(), url.into());
    }
}
