//! Classic scripts, for `run FILE.cjs`.

use crate::engine::exception::{Location, ScriptError, caught};

/// Compiles and runs `text` in the realm's global scope. `name`: the script's URL, for stacks and messages.
pub(crate) fn run(scope: &mut v8::PinScope, name: &str, text: &str) -> Result<(), ScriptError> {
    v8::tc_scope!(let scope, scope);
    let too_long = || ScriptError::new(format!("{name} is too long for V8"), Location::default());
    let text = v8::String::new(scope, text).ok_or_else(too_long)?;
    let name = v8::String::new(scope, name).ok_or_else(too_long)?;
    let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, 0, None, false, false, false, None);
    let Some(script) = v8::Script::compile(scope, text, Some(&origin)) else {
        return Err(caught(scope));
    };
    match script.run(scope) {
        Some(_) => Ok(()),
        None => Err(caught(scope)),
    }
}
