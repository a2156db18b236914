//! The JavaScript files that are built in, and their evaluation into a fresh context.

use std::borrow::Cow;
use std::collections::HashMap;
#[cfg(debug_assertions)]
use std::fs;

use crate::engine::exception;
use crate::ops;

#[cfg(test)]
mod declarations;
mod module_function;

use module_function::ModuleFunction;

/// Lists the files under `js/` that are built in. A new file is one new line; the order does not matter, imports do.
///
/// A debug build reads them when it evaluates them, so that an edit of one compiles neither this crate nor the build script
/// that links it: that script runs once more, and its snapshot goes into `nano-worker`, which is linked again. No worker
/// reads them: it has the snapshot.
macro_rules! builtin_sources {
    ($($path:literal,)*) => {
        /// Paths beneath `js/` of the built-in modules.
        #[cfg(any(debug_assertions, test))]
        const PATHS: &[&str] = &[$($path,)*];

        /// The text of a built-in module.
        #[cfg(not(debug_assertions))]
        fn source(path: &str) -> Result<Cow<'static, str>, BuiltinError> {
            match path {
                $($path => Ok(Cow::Borrowed(include_str!(concat!("../js/", $path)))),)*
                _ => Err(unlisted(path)),
            }
        }
    };
}

/// The text of a built-in module.
#[cfg(debug_assertions)]
fn source(path: &str) -> Result<Cow<'static, str>, BuiltinError> {
    if !PATHS.contains(&path) {
        return Err(unlisted(path));
    }
    let text = fs::read_to_string(format!("{}/src/js/{path}", env!("CARGO_MANIFEST_DIR")));
    text.map(Cow::Owned).map_err(|error| BuiltinError::new(path, format!("it cannot be read: {error}")))
}

fn unlisted(path: &str) -> BuiltinError {
    BuiltinError::new(path, "it is not in the list of built-in files (builtins.rs)")
}

builtin_sources! {
    "bootstrap.js",
    "compression/coding.js",
    "compression/compression_stream.js",
    "compression/decompression_stream.js",
    "console/console.js",
    "console/format.js",
    "console/inspect.js",
    "console/inspect/collections.js",
    "console/inspect/errors.js",
    "console/inspect/kinds.js",
    "console/inspect/layout.js",
    "console/inspect/names.js",
    "console/inspect/objects.js",
    "console/inspect/properties.js",
    "console/inspect/strings.js",
    "console/inspectors.js",
    "console/table.js",
    "crypto/algorithms/aes.js",
    "crypto/algorithms/derivation.js",
    "crypto/algorithms/ec.js",
    "crypto/algorithms/hash.js",
    "crypto/algorithms/hmac.js",
    "crypto/algorithms/okp.js",
    "crypto/algorithms/pair.js",
    "crypto/algorithms/rsa.js",
    "crypto/algorithms/secret.js",
    "crypto/crypto.js",
    "crypto/crypto_key.js",
    "crypto/errors.js",
    "crypto/jwk.js",
    "crypto/key_usages.js",
    "crypto/normalize.js",
    "crypto/subtle_crypto.js",
    "dom/abort.js",
    "dom/dom_exception.js",
    "dom/event.js",
    "dom/event_target.js",
    "dom/listener_list.js",
    "encoding/base64.js",
    "encoding/coding_transform.js",
    "encoding/text_decoder.js",
    "encoding/text_decoder_stream.js",
    "encoding/text_encoder.js",
    "encoding/text_encoder_stream.js",
    "fetch/body.js",
    "fetch/body_sender.js",
    "fetch/body_source.js",
    "fetch/collect.js",
    "fetch/content_coding.js",
    "fetch/data_url.js",
    "fetch/fetch.js",
    "fetch/form_body.js",
    "fetch/form_data.js",
    "fetch/headers.js",
    "fetch/iterable_source.js",
    "fetch/method_accessors.js",
    "fetch/mime_type.js",
    "fetch/multipart.js",
    "fetch/request.js",
    "fetch/response.js",
    "file/blob.js",
    "file/file.js",
    "html/error_reporting.js",
    "html/structured_clone.js",
    "html/timers.js",
    "html/unhandled_rejections.js",
    "ops.js",
    "performance/clock.js",
    "performance/performance.js",
    "primordials.js",
    "streams/array_buffers.js",
    "streams/budget.js",
    "streams/byte_length_queuing_strategy.js",
    "streams/count_queuing_strategy.js",
    "streams/inspection.js",
    "streams/lazy_promise.js",
    "streams/promises.js",
    "streams/queue_with_sizes.js",
    "streams/queuing_strategy.js",
    "streams/queuing_strategy_init.js",
    "streams/readable/byte_controller_operations.js",
    "streams/readable/byte_tee.js",
    "streams/readable/controller_interface.js",
    "streams/readable/default_controller_operations.js",
    "streams/readable/from_iterable.js",
    "streams/readable/pipe_to.js",
    "streams/readable/reader_operations.js",
    "streams/readable/slots.js",
    "streams/readable/stream_operations.js",
    "streams/readable/tee.js",
    "streams/readable/tee_branches.js",
    "streams/readable_byte_stream_controller.js",
    "streams/readable_stream.js",
    "streams/readable_stream_async_iterator.js",
    "streams/readable_stream_byob_reader.js",
    "streams/readable_stream_byob_request.js",
    "streams/readable_stream_default_controller.js",
    "streams/readable_stream_default_reader.js",
    "streams/sealed_class.js",
    "streams/transform/controller_operations.js",
    "streams/transform/sink_operations.js",
    "streams/transform/slots.js",
    "streams/transform/source_operations.js",
    "streams/transform/stream_operations.js",
    "streams/transform_stream.js",
    "streams/transform_stream_default_controller.js",
    "streams/writable/controller_interface.js",
    "streams/writable/controller_operations.js",
    "streams/writable/slots.js",
    "streams/writable/stream_operations.js",
    "streams/writable/writer_operations.js",
    "streams/writable_stream.js",
    "streams/writable_stream_default_controller.js",
    "streams/writable_stream_default_writer.js",
    "streams/young_slot.js",
    "url/search_params.js",
    "url/url.js",
    "url/urlencoded.js",
    "webidl.js",
    "webidl/iterable.js",
    "webidl/pair_list.js",
    "worker/dispatch.js",
    "worker/execution_context.js",
    "worker/shared_memory.js",
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

    /// The exception that a TryCatch holds.
    fn caught(scope: &mut v8::PinnedRef<v8::TryCatch<v8::HandleScope>>, path: &str) -> Self {
        Self::new(path, exception::caught(scope).message)
    }
}

/// Evaluates all builtins in the current context and returns bootstrap.js's `entry`.
pub(crate) fn evaluate<'s>(scope: &mut v8::PinScope<'s, '_>) -> Result<v8::Local<'s, v8::Object>, BuiltinError> {
    install_nano_object(scope).ok_or_else(|| BuiltinError::new(BOOTSTRAP, "globalThis.__nano could not be made"))?;
    let mut graph = Graph::default();
    graph.load(scope, BOOTSTRAP)?;
    graph.check_imports()?;
    graph.link(scope)?;
    for path in graph.order.clone() {
        graph.link_one(scope, &path)?;
        graph.module(&path)?.step(scope)?;
    }
    // Once more, for imports that a cycle left open.
    graph.link(scope)?;
    let exports = graph.module(BOOTSTRAP)?.exports(scope)?;
    get(scope, exports, "entry")
        .and_then(|entry| v8::Local::<v8::Object>::try_from(entry).ok())
        .ok_or_else(|| BuiltinError::new(BOOTSTRAP, "it does not export `entry`"))
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

/// The built-in modules, as far as bootstrap.js needs them.
#[derive(Default)]
struct Graph<'s> {
    modules: HashMap<String, Module<'s>>,
    /// Paths in the order of evaluation: a module after its imports, except within cycles.
    order: Vec<String>,
}

struct Module<'s> {
    path: String,
    function: ModuleFunction,
    /// Paths of the modules imported from, in the order of `function.imports`.
    imports: Vec<String>,
    /// What the generator fills with `exports` and `link`.
    object: v8::Local<'s, v8::Object>,
    generator: v8::Local<'s, v8::Object>,
}

impl<'s> Graph<'s> {
    fn module(&self, path: &str) -> Result<&Module<'s>, BuiltinError> {
        self.modules.get(path).ok_or_else(|| BuiltinError::new(path, "it is not loaded"))
    }

    /// Loads a module and what it imports, and runs their first steps.
    fn load(&mut self, scope: &mut v8::PinScope<'s, '_>, path: &str) -> Result<(), BuiltinError> {
        if self.modules.contains_key(path) {
            return Ok(());
        }
        let module = Module::load(scope, path)?;
        module.step(scope)?;
        let imports = module.imports.clone();
        self.modules.insert(path.to_owned(), module);
        for import in imports {
            self.load(scope, &import)?;
        }
        self.order.push(path.to_owned());
        Ok(())
    }

    /// Refuses imports of what is not exported, as the linking of ES modules does.
    fn check_imports(&self) -> Result<(), BuiltinError> {
        for module in self.modules.values() {
            for (import, from) in module.function.imports.iter().zip(&module.imports) {
                let exports = &self.module(from)?.function.exports;
                if let Some((name, _)) = import.names.iter().find(|(name, _)| !exports.contains(name)) {
                    return Err(BuiltinError::new(&module.path, format!("{from} does not export `{name}`")));
                }
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
        let from = module.imports.iter().map(|import| Ok(self.module(import)?.exports(scope)?.into()));
        let from: Vec<v8::Local<v8::Value>> = from.collect::<Result<_, BuiltinError>>()?;
        let from = v8::Array::new_with_elements(scope, &from).into();
        call_method(scope, path, module.object, "link", &[from])?;
        Ok(())
    }
}

impl<'s> Module<'s> {
    /// Compiles the file `path` beneath `js/` and makes its generator.
    fn load(scope: &mut v8::PinScope<'s, '_>, path: &str) -> Result<Self, BuiltinError> {
        let text = source(path)?;
        let function = module_function::rewrite(&text).map_err(|unknown| {
            let line = unknown.line;
            let message = "import and export must have one of the forms that builtins/module_function.rs knows \
                           (no default, no `export let`: export a function that returns the value)";
            BuiltinError::new(path, format!("line {line}: {message}"))
        })?;
        let imports = function.imports.iter().map(|import| join(path, &import.specifier)).collect();
        let object = v8::Object::new(scope);
        let generator = {
            v8::tc_scope!(let scope, scope);
            match make_generator(scope, path, &function.body, object) {
                Some(generator) => generator,
                None => return Err(BuiltinError::caught(scope, path)),
            }
        };
        Ok(Self { path: path.to_owned(), function, imports, object, generator })
    }

    /// Runs the generator's next step: the first makes the exports, the second runs the module.
    fn step(&self, scope: &mut v8::PinScope<'s, '_>) -> Result<(), BuiltinError> {
        call_method(scope, &self.path, self.generator, "next", &[]).map(drop)
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
    body: &str,
    object: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Object>> {
    let name = v8::String::new(scope, &format!("nano:{path}"))?;
    let body = v8::String::new(scope, body)?;
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
