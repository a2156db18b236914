//! The native operations ("ops") that the built-in JavaScript calls as `ops.name(…)`.
//!
//! To add some: write a file under `ops/` with plain V8 callbacks and an `ops! { "jsName" => rust_name, }` list, and
//! add one line to [`GROUPS`]. The list doubles as V8's table of external references, so snapshot and process must be
//! of one build, which embedding guarantees. Callbacks must not panic; on an exception they return at once.

use crate::engine::extension::{Extension, OpDecl, ops};

mod body;
mod buffer_text;
mod builtin_modules;
mod byte_search;
mod bytes;
mod clock;
mod compression;
mod crypto;
#[cfg(test)]
mod declarations;
mod encoding;
pub(crate) mod fetch;
mod html_rewriter;
mod inspect;
mod multipart;
mod native_memory;
mod node_crypto;
mod numbered;
mod process;
pub(crate) mod request;
mod response;
mod scheduled;
mod sources;
mod streams;
mod structured_clone;
mod subtle;
mod timers;
mod url;
mod url_pattern;
mod wasm;
mod websocket;

pub use builtin_modules::listed_modules;

/// The web platform, as far as nano has it.
pub(crate) const WEB_PLATFORM: Extension = Extension {
    ops: GROUPS,
    sources: sources::SOURCES,
    lazy: sources::LAZY,
    modules: builtin_modules::MODULES,
    on_close,
};

fn on_close(isolate: &mut v8::Isolate) {
    compression::close_all(isolate);
    html_rewriter::close_all(isolate);
    node_crypto::close_all(isolate);
    subtle::keys::close_all(isolate);
    subtle::running_digest::close_all(isolate);
    websocket::close_all(isolate);
}

/// All operations. One line per file.
const GROUPS: &[&[OpDecl]] = &[
    body::OPS,
    buffer_text::OPS,
    builtin_modules::OPS,
    byte_search::OPS,
    clock::OPS,
    compression::OPS,
    crypto::OPS,
    encoding::OPS,
    fetch::OPS,
    html_rewriter::OPS,
    html_rewriter::tokens::OPS,
    inspect::OPS,
    multipart::OPS,
    node_crypto::agreement::OPS,
    node_crypto::ciphers::OPS,
    node_crypto::derivation::OPS,
    node_crypto::hashing::OPS,
    node_crypto::keys::OPS,
    node_crypto::new_keys::OPS,
    node_crypto::primes::OPS,
    node_crypto::scrypt::OPS,
    node_crypto::signing::OPS,
    process::OPS,
    request::OPS,
    response::OPS,
    scheduled::OPS,
    streams::OPS,
    structured_clone::OPS,
    subtle::OPS,
    subtle::aes::OPS,
    subtle::derivation::OPS,
    subtle::ec::OPS,
    subtle::jwk::OPS,
    subtle::keys::OPS,
    subtle::octet_keys::OPS,
    subtle::rsa::OPS,
    subtle::running_digest::OPS,
    timers::OPS,
    url::OPS,
    url_pattern::OPS,
    wasm::OPS,
    websocket::OPS,
];

/// Throws a `RangeError` with `message` from within a callback.
pub(crate) fn throw_range_error(scope: &v8::PinScope, message: &str) {
    if let Some(message) = v8::String::new(scope, message) {
        let error = v8::Exception::range_error(scope, message);
        scope.throw_exception(error);
    }
}

/// Throws a `TypeError` with `message` from within a callback.
pub(crate) fn throw_type_error(scope: &v8::PinScope, message: &str) {
    if let Some(message) = v8::String::new(scope, message) {
        let error = v8::Exception::type_error(scope, message);
        scope.throw_exception(error);
    }
}
