//! The JavaScript files that are built in, and their evaluation into a fresh context.

use crate::exception;
use crate::ops;

/// Lists the files under `js/` that are built in. A new file is one new line; the order does not matter, imports do.
macro_rules! builtin_sources {
    ($($path:literal,)*) => {
        /// Path beneath `js/` and text of each built-in module.
        const SOURCES: &[(&str, &str)] = &[$(($path, include_str!(concat!("js/", $path))),)*];
    };
}

builtin_sources! {
    "bootstrap.js",
    "dom/abort.js",
    "dom/dom_exception.js",
    "dom/event.js",
    "html/timers.js",
    "ops.js",
    "performance/clock.js",
    "primordials.js",
    "streams/budget.js",
    "streams/byte_length_queuing_strategy.js",
    "streams/count_queuing_strategy.js",
    "streams/inspection.js",
    "streams/lazy_promise.js",
    "streams/promises.js",
    "streams/queue_with_sizes.js",
    "streams/queuing_strategy.js",
    "streams/queuing_strategy_init.js",
    "streams/writable/controller_interface.js",
    "streams/writable/controller_operations.js",
    "streams/writable/slots.js",
    "streams/writable/stream_operations.js",
    "streams/writable/writer_operations.js",
    "streams/writable_stream.js",
    "streams/writable_stream_default_controller.js",
    "streams/writable_stream_default_writer.js",
    "webidl.js",
}

/// The module that imports all others, defines the globals, and exports `entry`: the functions that Rust calls.
const BOOTSTRAP: &str = "bootstrap.js";

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
}

/// Evaluates all builtins in the current context and returns bootstrap.js's `entry`.
pub(crate) fn evaluate<'s>(scope: &mut v8::PinScope<'s, '_>) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
    let failed = |message: &str| BuiltinError::new(BOOTSTRAP, message);
    install_nano_object(scope).ok_or_else(|| failed("globalThis.__nano could not be made"))?;
    scope.set_slot(Compiled::default());
    let namespace = {
        v8::tc_scope!(let scope, scope);
        let namespace = instantiate_and_evaluate(scope);
        match (namespace, scope.exception()) {
            (Some(namespace), None) => namespace,
            (_, Some(exception)) => {
                let message = exception::describe(scope, exception);
                return Err(failed(&message));
            }
            (None, None) => return Err(failed("it is not in the list of built-in files")),
        }
    };
    scope.remove_slot::<Compiled>();
    get(scope, namespace, "entry")
        .and_then(|entry| v8::Local::<v8::Object>::try_from(entry).ok())
        .ok_or_else(|| failed("it does not export `entry`"))
}

/// `globalThis.__nano = { ops, version }`; bootstrap.js deletes it.
fn install_nano_object(scope: &mut v8::PinScope) -> Option<()> {
    let nano = v8::Object::new(scope);
    let table = ops::table(scope)?;
    set(scope, nano, "ops", table.into())?;
    let version = v8::String::new(scope, env!("CARGO_PKG_VERSION"))?;
    set(scope, nano, "version", version.into())?;
    let global = scope.get_current_context().global(scope);
    set(scope, global, "__nano", nano.into())
}

fn instantiate_and_evaluate<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
    let module = compile(scope, BOOTSTRAP)?;
    module.instantiate_module(scope, resolve)?;
    module.evaluate(scope)?;
    scope.perform_microtask_checkpoint();
    if module.get_status() == v8::ModuleStatus::Errored {
        let exception = module.get_exception();
        scope.throw_exception(exception);
        return None;
    }
    v8::Local::<v8::Object>::try_from(module.get_module_namespace()).ok()
}

/// The modules compiled so far. Lives in an isolate slot while the builtins are evaluated.
#[derive(Default)]
struct Compiled {
    modules: Vec<(&'static str, v8::Global<v8::Module>)>,
}

/// The module of the file `path` beneath `js/`. `None`: an exception is pending, or there is no such file.
fn compile<'s>(scope: &mut v8::PinScope<'s, '_>, path: &str) -> Option<v8::Local<'s, v8::Module>> {
    let known = scope.get_slot::<Compiled>()?.modules.iter().find(|(known, _)| *known == path);
    if let Some((_, module)) = known.cloned() {
        return Some(v8::Local::new(scope, module));
    }
    let Some((path, text)) = SOURCES.iter().find(|(known, _)| *known == path) else {
        let message = v8::String::new(scope, &format!("{path} is not in the list of built-in files (builtins.rs)"))?;
        let error = v8::Exception::error(scope, message);
        scope.throw_exception(error);
        return None;
    };
    let name = v8::String::new(scope, &format!("nano:{path}"))?;
    let text = v8::String::new(scope, text)?;
    let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, 0, None, false, false, true, None);
    let mut source = v8::script_compiler::Source::new(text, Some(&origin));
    let module = v8::script_compiler::compile_module(scope, &mut source)?;
    let handle = v8::Global::new(scope, module);
    scope.get_slot_mut::<Compiled>()?.modules.push((path, handle));
    Some(module)
}

fn resolve<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    _attributes: v8::Local<'s, v8::FixedArray>,
    referrer: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    // SAFETY: V8 calls this on the isolate's thread with `context` entered.
    v8::callback_scope!(unsafe scope, context);
    let specifier = specifier.to_rust_string_lossy(scope);
    let hash = referrer.get_identity_hash();
    let referrer = {
        let compiled = &scope.get_slot::<Compiled>()?.modules;
        let found = compiled.iter().find(|(_, module)| {
            let module = v8::Local::new(scope, module);
            module.get_identity_hash() == hash && module == referrer
        });
        found.map(|(path, _)| *path)?
    };
    let path = join(referrer, &specifier);
    compile(scope, &path)
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
mod tests {
    use super::*;

    #[test]
    fn joins_relative_specifiers() {
        assert_eq!(join("bootstrap.js", "./ops.js"), "ops.js");
        assert_eq!(join("html/timers.js", "../ops.js"), "ops.js");
        assert_eq!(join("streams/a.js", "./b/c.js"), "streams/b/c.js");
    }
}
