//! The built-in modules that apps may import, and `process.getBuiltinModule`.

use nano_protocol::CompatibilityFlags;
use nano_protocol::bundle::ListedModule;

use super::{ops, throw_type_error};
use crate::engine::extension::BuiltinModule;
use crate::engine::modules;

ops! {
    "builtinModule" => builtin_module,
    "builtinModules" => builtin_modules,
    "lazyBuiltin" => lazy_builtin,
}

const NODE: CompatibilityFlags = CompatibilityFlags::NODEJS_COMPAT;

const fn node(specifier: &'static str, path: &'static str) -> BuiltinModule {
    BuiltinModule { specifier, path, flags: NODE }
}

/// One line for each.
pub(super) const MODULES: &[BuiltinModule] = &[
    BuiltinModule {
        specifier: "node:async_hooks",
        path: "node/async_hooks.js",
        flags: NODE.with(CompatibilityFlags::NODEJS_ALS),
    },
    node("cloudflare:node", "cloudflare/node.js"),
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
    node("node:events", "node/events.js"),
    node("node:fs", "node/fs.js"),
    node("node:fs/promises", "node/fs/promises.js"),
    node("node:http", "node/http.js"),
    node("node:http2", "node/missing/http2.js"),
    node("node:https", "node/https.js"),
    node("node:inspector", "node/missing/inspector.js"),
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
    node("node:stream", "node/stream.js"),
    node("node:stream/consumers", "node/stream/consumers.js"),
    node("node:stream/promises", "node/stream/promises.js"),
    node("node:stream/web", "node/stream/web.js"),
    node("node:string_decoder", "node/string_decoder.js"),
    node("node:timers", "node/timers.js"),
    node("node:timers/promises", "node/timers/promises.js"),
    node("node:tls", "node/missing/tls.js"),
    node("node:tty", "node/tty.js"),
    node("node:url", "node/url.js"),
    node("node:util", "node/util.js"),
    node("node:util/types", "node/util/types.js"),
    node("node:v8", "node/missing/v8.js"),
    node("node:vm", "node/missing/vm.js"),
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
