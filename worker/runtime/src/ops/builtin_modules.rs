//! The built-in modules that apps may import, and `process.getBuiltinModule`.

use nano_protocol::CompatibilityFlags;
use nano_protocol::bundle::ListedModule;

use super::subtle::answer;
use super::{ops, throw_type_error};
use crate::engine::extension::BuiltinModule;
use crate::engine::modules;

ops! {
    "bundleFile" => bundle_file,
    "bundleFileNames" => bundle_file_names,
    "builtinModule" => builtin_module,
    "builtinModules" => builtin_modules,
    "lazyBuiltin" => lazy_builtin,
}

const NODE: CompatibilityFlags = CompatibilityFlags::NODEJS_COMPAT;

const fn node(specifier: &'static str, path: &'static str) -> BuiltinModule {
    BuiltinModule { specifier, path, flags: NODE }
}

/// One that needs no flag.
const fn always(specifier: &'static str, path: &'static str) -> BuiltinModule {
    BuiltinModule { specifier, path, flags: CompatibilityFlags::NONE }
}

/// One line for each.
pub(super) const MODULES: &[BuiltinModule] = &[
    BuiltinModule {
        specifier: "node:async_hooks",
        path: "node/async_hooks.js",
        flags: NODE.with(CompatibilityFlags::NODEJS_ALS),
    },
    always("cloudflare:email", "cloudflare/email.js"),
    node("cloudflare:node", "cloudflare/node.js"),
    always("cloudflare:sockets", "cloudflare/sockets.js"),
    always("cloudflare:workflows", "cloudflare/workflows.js"),
    node("node:_http_agent", "node/older/http_agent.js"),
    node("node:_http_client", "node/older/http_client.js"),
    node("node:_http_common", "node/older/http_methods.js"),
    node("node:_http_incoming", "node/older/http_incoming.js"),
    node("node:_http_outgoing", "node/older/http_outgoing.js"),
    node("node:_http_server", "node/older/http_server.js"),
    node("node:_stream_duplex", "node/older/stream_duplex.js"),
    node("node:_stream_passthrough", "node/older/stream_passthrough.js"),
    node("node:_stream_readable", "node/older/stream_readable.js"),
    node("node:_stream_transform", "node/older/stream_transform.js"),
    node("node:_stream_writable", "node/older/stream_writable.js"),
    node("node:_tls_common", "node/missing/tls_contexts.js"),
    node("node:_tls_wrap", "node/missing/tls_wrap.js"),
    node("node:assert", "node/assert.js"),
    node("node:assert/strict", "node/assert/strict.js"),
    node("node:buffer", "node/buffer.js"),
    node("node:child_process", "node/missing/child_process.js"),
    node("node:cluster", "node/missing/cluster.js"),
    node("node:console", "node/console.js"),
    node("node:constants", "node/constants.js"),
    node("node:crypto", "node/crypto.js"),
    node("node:dgram", "node/missing/dgram.js"),
    node("node:diagnostics_channel", "node/diagnostics_channel.js"),
    node("node:dns", "node/dns.js"),
    node("node:dns/promises", "node/dns/promises.js"),
    node("node:domain", "node/missing/domain.js"),
    node("node:events", "node/events.js"),
    node("node:fs", "node/fs.js"),
    node("node:fs/promises", "node/fs/promises.js"),
    node("node:http", "node/http.js"),
    node("node:http2", "node/missing/http2.js"),
    node("node:https", "node/https.js"),
    node("node:inspector", "node/missing/inspector.js"),
    node("node:inspector/promises", "node/missing/inspector.js"),
    node("node:module", "node/module.js"),
    node("node:net", "node/net.js"),
    node("node:os", "node/os.js"),
    node("node:path", "node/path.js"),
    node("node:path/posix", "node/path.js"),
    node("node:path/win32", "node/path/win32_module.js"),
    node("node:perf_hooks", "node/perf_hooks.js"),
    node("node:process", "node/process.js"),
    node("node:punycode", "node/punycode.js"),
    node("node:querystring", "node/querystring.js"),
    node("node:readline", "node/missing/readline.js"),
    node("node:readline/promises", "node/missing/readline_promises.js"),
    node("node:repl", "node/missing/repl.js"),
    node("node:sqlite", "node/missing/sqlite.js"),
    node("node:stream", "node/stream.js"),
    node("node:stream/consumers", "node/stream/consumers.js"),
    node("node:stream/promises", "node/stream/promises.js"),
    node("node:stream/web", "node/stream/web.js"),
    node("node:string_decoder", "node/string_decoder.js"),
    node("node:sys", "node/older/sys.js"),
    node("node:test", "node/missing/test.js"),
    node("node:timers", "node/timers.js"),
    node("node:timers/promises", "node/timers/promises.js"),
    node("node:tls", "node/missing/tls.js"),
    node("node:trace_events", "node/missing/trace_events.js"),
    node("node:tty", "node/tty.js"),
    node("node:url", "node/url.js"),
    node("node:util", "node/util.js"),
    node("node:util/types", "node/util/types.js"),
    node("node:v8", "node/missing/v8.js"),
    node("node:vm", "node/missing/vm.js"),
    node("node:wasi", "node/missing/wasi.js"),
    node("node:worker_threads", "node/missing/worker_threads.js"),
    node("node:zlib", "node/zlib.js"),
];

/// Every module that is no file, and those of Node.js that nano does not have: for those who resolve imports elsewhere.
#[must_use]
pub fn listed_modules() -> Vec<ListedModule> {
    let words = |flags: CompatibilityFlags| flags.words().map(str::to_owned).collect();
    let lazy = MODULES.iter().map(|module| (module.specifier.to_owned(), words(module.flags)));
    let always = modules::BUILT_IN.iter().map(|specifier| ((*specifier).to_owned(), Vec::new()));
    let mut all: Vec<_> =
        lazy.chain(always).map(|(specifier, flags)| ListedModule { specifier, flags, missing: false }).collect();
    for name in modules::NODES {
        let specifier = format!("node:{name}");
        if !all.iter().any(|module| module.specifier == specifier) {
            all.push(ListedModule { specifier, flags: Vec::new(), missing: true });
        }
    }
    all
}

/// `builtinModule(specifier) -> object | undefined`: the default export of a module that the app may import.
fn builtin_module(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let specifier = args.get(0).to_rust_string_lossy(scope);
    match modules::default_export(scope, &specifier) {
        Some(Ok(exports)) => rv.set(exports.into()),
        Some(Err(message)) => throw_type_error(scope, &message),
        None => {}
    }
}

/// `lazyBuiltin(path) -> object`: what a lazy builtin exports for apps.
fn lazy_builtin(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let path = args.get(0).to_rust_string_lossy(scope);
    match modules::lazy_exports(scope, &path) {
        Ok(exports) => rv.set(exports.into()),
        Err(message) => throw_type_error(scope, &message),
    }
}

/// `builtinModules() → string[]`: the names of those of Node.js, without `node:`.
fn builtin_modules(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let names = MODULES.iter().filter_map(|module| module.specifier.strip_prefix("node:"));
    let names: Vec<_> = names.filter_map(|name| v8::String::new(scope, name)).map(Into::into).collect();
    rv.set(v8::Array::new_with_elements(scope, &names).into());
}

/// `bundleFileNames(from) → string[]`: the paths of the program's files, from the one with that number on.
fn bundle_file_names(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let from = args.get(0).uint32_value(scope).and_then(|from| usize::try_from(from).ok()).unwrap_or_default();
    let names = modules::bundle_file_names(scope, from);
    let names: Vec<_> = names.iter().filter_map(|name| v8::String::new(scope, name)).map(Into::into).collect();
    rv.set(v8::Array::new_with_elements(scope, &names).into());
}

/// `bundleFile(number) → string | ArrayBuffer | undefined`: what a file has; a text is not encoded yet. That of WebAssembly is a copy.
fn bundle_file(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(number) = args.get(0).uint32_value(scope).and_then(|number| usize::try_from(number).ok()) else { return };
    let Some(value) = modules::bundle_file(scope, number) else { return };
    match v8::Local::<v8::WasmModuleObject>::try_from(value) {
        Ok(module) => answer(scope, module.get_compiled_module().get_wire_bytes_ref(), &mut rv),
        Err(_) => rv.set(value),
    }
}
