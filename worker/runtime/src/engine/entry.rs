//! JavaScript functions that Rust calls: those of bootstrap.js's `entry`.

use crate::engine::isolate_state::IsolateState;
use crate::engine::uncaught;

/// One of them.
pub(crate) type Entry = v8::Global<v8::Function>;

/// A function of bootstrap.js's `entry`.
pub(crate) fn entry_function(scope: &v8::PinScope, entry: v8::Local<v8::Object>, name: &str) -> Option<Entry> {
    let key = v8::String::new(scope, name)?;
    let function = v8::Local::<v8::Function>::try_from(entry.get(scope, key.into())?).ok()?;
    Some(v8::Global::new(scope, function))
}

/// Calls one; what it throws is reported.
pub(crate) fn call(
    scope: &mut v8::PinScope,
    state: &IsolateState,
    function: &Entry,
    arguments: &[v8::Local<v8::Value>],
) {
    v8::tc_scope!(let scope, scope);
    let function = v8::Local::new(scope, function);
    let receiver = v8::undefined(scope).into();
    function.call(scope, receiver, arguments);
    if scope.has_terminated() {
        return;
    }
    if let Some(exception) = scope.exception() {
        scope.reset();
        uncaught::report(scope, state, "Uncaught ", exception);
    }
}
