//! On whose behalf JavaScript runs: a number that travels with promises and timers (V8's continuation-preserved data), or an
//! array of the builtins whose first element is that number (js/worker/request_context.js). The floors above know what it is the
//! number of.

use std::cell::Ref;

/// The number; 0: none.
pub(crate) type ContextNumber = u32;

/// The names in log lines of what the numbers stand for. An isolate has them in a slot, as `Rc<dyn ContextNames>`.
pub(crate) trait ContextNames {
    /// Empty where it is not known.
    fn name(&self, number: ContextNumber) -> Ref<'_, str>;
}

/// The number of the code that runs now, also after an `await` or in a timer.
pub(crate) fn current(scope: &v8::PinScope) -> Option<ContextNumber> {
    let context = scope.get_continuation_preserved_embedder_data();
    let context = match v8::Local::<v8::Array>::try_from(context) {
        Ok(frame) => frame.get_index(scope, 0)?,
        Err(_) => context,
    };
    let number = v8::Local::<v8::Uint32>::try_from(context).ok()?.value();
    (number != 0).then_some(number)
}

/// What runs next runs under `number`. Returns it as JavaScript has it.
pub(crate) fn enter<'s>(scope: &mut v8::PinScope<'s, '_>, number: ContextNumber) -> v8::Local<'s, v8::Value> {
    let number = v8::Integer::new_from_unsigned(scope, number).into();
    scope.set_continuation_preserved_embedder_data(number);
    number
}

/// What runs next runs under no number.
pub(crate) fn leave(scope: &mut v8::PinScope) {
    let undefined = v8::undefined(scope).into();
    scope.set_continuation_preserved_embedder_data(undefined);
}
