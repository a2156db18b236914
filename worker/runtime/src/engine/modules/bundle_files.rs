//! The files of a program as it can read them (`/bundle` of node:fs). Nothing is kept for that but what V8 has of a module anyway: its
//! text, or what it exports. Of JSON the text is kept, for programs with the modules of Node.js.

use nano_protocol::CompatibilityFlags;

use super::value::Exports;
use super::{Key, ModuleKind, ModuleMap};

/// In the order in which they came.
#[derive(Default)]
pub(super) struct BundleFiles(Vec<(String, v8::Global<v8::Value>)>);

impl BundleFiles {
    /// The text of a module.
    pub(super) fn keep_text(
        &mut self,
        scope: &v8::PinScope,
        flags: CompatibilityFlags,
        key: &Key,
        text: v8::Local<v8::String>,
    ) {
        if flags.has_any_of(CompatibilityFlags::NODEJS_COMPAT) {
            self.0.push((key.0.clone(), v8::Global::new(scope, v8::Local::<v8::Value>::from(text))));
        }
    }

    /// What was made of a file that is no code, or the text of JSON.
    pub(super) fn keep_exports(
        &mut self,
        scope: &mut v8::PinScope,
        flags: CompatibilityFlags,
        key: &Key,
        bytes: &[u8],
        exports: &Exports,
    ) {
        if !flags.has_any_of(CompatibilityFlags::NODEJS_COMPAT) {
            return;
        }
        if key.1 == ModuleKind::Json {
            let text = std::str::from_utf8(bytes).ok().and_then(|text| v8::String::new(scope, text));
            if let Some(text) = text {
                self.keep_text(scope, flags, key, text);
            }
            return;
        }
        if let Some((_, value)) = exports.first() {
            self.0.push((key.0.clone(), value.clone()));
        }
    }
}

/// The paths of files from the one with number `from` on.
pub(crate) fn bundle_file_names(isolate: &v8::Isolate, from: usize) -> Vec<String> {
    let Some(modules) = ModuleMap::of(isolate) else { return Vec::new() };
    modules.borrow().files.0.iter().skip(from).map(|(path, _)| path.clone()).collect()
}

/// What the file with a number has: a string, an ArrayBuffer, or the object of a WebAssembly module.
pub(crate) fn bundle_file<'s>(scope: &v8::PinScope<'s, '_>, number: usize) -> Option<v8::Local<'s, v8::Value>> {
    let modules = ModuleMap::of(scope)?;
    let value = modules.borrow().files.0.get(number).map(|(_, value)| value.clone())?;
    Some(v8::Local::new(scope, value))
}
