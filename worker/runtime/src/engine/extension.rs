//! What a runtime has beside the language: native operations, and the JavaScript that calls them. The engine takes them as they
//! come; which there are, the floors above say.

use std::borrow::Cow;
use std::io;

use nano_protocol::CompatibilityFlags;

use crate::engine::builtins::StaticTexts;
use crate::engine::counters;
use crate::engine::fast_form::FastForm;

/// Operations and JavaScript that belong together.
pub(crate) struct Extension {
    /// The operations, by the files that they are in.
    pub(crate) ops: &'static [&'static [OpDecl]],
    /// The modules that are evaluated into each context, or into the snapshot.
    pub(crate) sources: &'static [Source],
    /// The modules that are evaluated when an app first imports one, or another of them does.
    pub(crate) lazy: &'static [Source],
    /// Which of the lazy ones apps may import.
    pub(crate) modules: &'static [BuiltinModule],
    /// Called before the isolate is disposed of.
    pub(crate) on_close: fn(&mut v8::Isolate),
}

/// One operation.
pub(crate) struct OpDecl {
    /// Its name in JavaScript.
    pub(crate) name: &'static str,
    /// Yields the C function that V8 calls. (A function because V8's adapter cannot be named in a constant.)
    pub(crate) callback: fn() -> v8::FunctionCallback,
    /// What optimized code may call in its place.
    pub(crate) fast: Option<&'static FastForm>,
}

/// One JavaScript file that is built in.
pub(crate) struct Source {
    /// Beneath `js/`; what imports of other files mean it by.
    pub(crate) path: &'static str,
    /// Reads it.
    pub(crate) text: fn() -> io::Result<Cow<'static, str>>,
}

impl Extension {
    /// Both kinds of sources.
    pub(crate) fn all_sources(&self) -> impl Iterator<Item = &'static Source> + use<> {
        self.sources.iter().chain(self.lazy)
    }
}

/// A built-in module that apps may import.
pub(crate) struct BuiltinModule {
    /// What it is imported as: `node:events`.
    pub(crate) specifier: &'static str,
    /// Among the lazy sources. Its export `moduleExports` is the default export; that one's properties are the others.
    pub(crate) path: &'static str,
    /// Whoever has one of these flags may import it; everyone, where there is none.
    pub(crate) flags: CompatibilityFlags,
}

impl BuiltinModule {
    /// Whether a program with these flags may import it.
    pub(crate) fn is_allowed(&self, flags: CompatibilityFlags) -> bool {
        self.flags == CompatibilityFlags::NONE || flags.has_any_of(self.flags)
    }
}

/// Declares `OPS`, a file's operations: `ops! { "jsName" => rust_function, }`, and `"jsName" => rust_function | FAST,`
/// where the static FAST is its fast form.
macro_rules! ops {
    ($($name:literal => $callback:path $(| $fast:path)?,)*) => {
        pub(crate) const OPS: &[$crate::engine::extension::OpDecl] = &[
            $($crate::engine::extension::OpDecl {
                name: $name,
                callback: || v8::MapFnTo::map_fn_to($callback),
                fast: $crate::engine::extension::ops!(@fast $($fast)?),
            },)*
        ];
    };
    (@fast) => { None };
    (@fast $fast:path) => { Some(&$fast) };
}
pub(crate) use ops;

/// All operations of some extensions.
pub(crate) fn all_ops(extensions: &'static [Extension]) -> impl Iterator<Item = &'static OpDecl> {
    extensions.iter().flat_map(|extension| extension.ops.iter().copied().flatten())
}

/// What V8 needs to find the operations, and the texts of the builtins, again when it loads a snapshot.
pub(crate) fn external_references(
    extensions: &'static [Extension],
    texts: Option<&StaticTexts>,
) -> Cow<'static, [v8::ExternalReference]> {
    let callbacks = all_ops(extensions).map(|op| v8::ExternalReference { function: (op.callback)() });
    let fast_forms = all_ops(extensions).filter_map(|op| op.fast).map(FastForm::external_reference);
    let texts = texts.into_iter().flat_map(StaticTexts::external_references);
    callbacks.chain(fast_forms).chain(texts).collect::<Vec<_>>().into()
}

/// The object that JavaScript knows as `ops`; it has no prototype. `counterPlaces` is no operation: the places of the counters in
/// their array.
pub(crate) fn op_table<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    extensions: &'static [Extension],
) -> Option<v8::Local<'s, v8::Object>> {
    let null = v8::null(scope).into();
    let table = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    for op in all_ops(extensions) {
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

#[cfg(test)]
mod tests;
