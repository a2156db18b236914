//! The native operations ("ops") that the built-in JavaScript calls as `ops.name(…)`.
//!
//! To add some: write a file under `ops/` with plain V8 callbacks and an `ops! { "jsName" => rust_name, }` list, and
//! add one line to [`GROUPS`]. The list doubles as V8's table of external references, so snapshot and process must be
//! of one build, which embedding guarantees. Callbacks must not panic; on an exception they return at once.

use std::borrow::Cow;

use fast::FastForm;

use crate::engine::counters;

mod body;
mod bytes;
mod clock;
pub(crate) mod compression;
mod crypto;
mod encoding;
mod fast;
pub(crate) mod fetch;
mod inspect;
mod multipart;
mod native_memory;
mod process;
pub(crate) mod request;
mod response;
mod streams;
mod structured_clone;
pub(crate) mod subtle;
mod timers;
mod url;
mod wasm;

/// One operation.
pub(crate) struct OpDecl {
    /// Its name in JavaScript.
    pub(crate) name: &'static str,
    /// Yields the C function that V8 calls. (A function because V8's adapter cannot be named in a constant.)
    pub(crate) callback: fn() -> v8::FunctionCallback,
    /// What optimized code may call in its place.
    pub(crate) fast: Option<&'static FastForm>,
}

/// Declares `OPS`, a file's operations: `ops! { "jsName" => rust_function, }`, and `"jsName" => rust_function | FAST,`
/// where the static FAST is its fast form.
macro_rules! ops {
    ($($name:literal => $callback:path $(| $fast:path)?,)*) => {
        pub(crate) const OPS: &[$crate::ops::OpDecl] = &[
            $($crate::ops::OpDecl {
                name: $name,
                callback: || v8::MapFnTo::map_fn_to($callback),
                fast: $crate::ops::ops!(@fast $($fast)?),
            },)*
        ];
    };
    (@fast) => { None };
    (@fast $fast:path) => { Some(&$fast) };
}
pub(crate) use ops;

/// All operations. One line per file.
const GROUPS: &[&[OpDecl]] = &[
    body::OPS,
    clock::OPS,
    compression::OPS,
    crypto::OPS,
    encoding::OPS,
    fetch::OPS,
    inspect::OPS,
    multipart::OPS,
    process::OPS,
    request::OPS,
    response::OPS,
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
    timers::OPS,
    url::OPS,
    wasm::OPS,
];

pub(crate) fn all() -> impl Iterator<Item = &'static OpDecl> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// What V8 needs to find the operations again when it loads a snapshot.
pub(crate) fn external_references() -> Cow<'static, [v8::ExternalReference]> {
    let callbacks = all().map(|op| v8::ExternalReference { function: (op.callback)() });
    let fast_forms = all().filter_map(|op| op.fast).map(FastForm::external_reference);
    callbacks.chain(fast_forms).collect::<Vec<_>>().into()
}

/// The object that JavaScript knows as `ops`; it has no prototype. `counterPlaces` is no operation: the places of the counters in
/// their array.
pub(crate) fn table<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
    let null = v8::null(scope).into();
    let table = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    for op in all() {
        let name = v8::String::new(scope, op.name)?;
        let function = match op.fast {
            None => v8::Function::builder_raw((op.callback)())
                .constructor_behavior(v8::ConstructorBehavior::Throw)
                .build(scope)?,
            Some(fast) => v8::FunctionTemplate::builder_raw((op.callback)())
                .build_fast(scope, fast.overloads())
                .get_function(scope)?,
        };
        function.set_name(name);
        table.create_data_property(scope, name.into(), function.into())?;
    }
    let places = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    for (name, place) in counters::places() {
        let (name, place) = (v8::String::new(scope, name)?, v8::Integer::new_from_unsigned(scope, place));
        places.create_data_property(scope, name.into(), place.into())?;
    }
    let name = v8::String::new(scope, "counterPlaces")?;
    table.create_data_property(scope, name.into(), places.into())?;
    Some(table)
}

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
