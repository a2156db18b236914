//! Values as text, by the runtime's own `inspect` (js/console/inspect.js).

use crate::engine::isolate_state::IsolateState;

/// The text of `value` as `console.log` prints it; `None` where it cannot be had: while the builtins are evaluated, or
/// when execution is being terminated. Runs JavaScript. Never leaves an exception pending.
pub(crate) fn inspect(scope: &mut v8::PinScope, value: v8::Local<v8::Value>, colors: bool) -> Option<String> {
    let inspect = IsolateState::get(scope)?.inspect.get()?.clone();
    v8::tc_scope!(let scope, scope);
    let null = v8::null(scope).into();
    let options = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    for (name, on) in [("colors", colors), ("showProxy", true)] {
        let name = v8::String::new(scope, name)?;
        let on = v8::Boolean::new(scope, on);
        options.create_data_property(scope, name.into(), on.into())?;
    }
    let receiver = v8::undefined(scope).into();
    let text = v8::Local::new(scope, inspect).call(scope, receiver, &[value, options.into()])?;
    Some(text.to_rust_string_lossy(scope))
}
