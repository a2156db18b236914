//! Errors that no code of the program handled.

use crate::engine::exception;
use crate::engine::isolate_state::IsolateState;
use crate::engine::log_sink::LogLevel;

/// Logs one, and ends the program where that is what it leads to.
pub(crate) fn report(scope: &mut v8::PinScope, state: &IsolateState, prefix: &str, exception: v8::Local<v8::Value>) {
    let text = exception::describe(scope, exception);
    state.write_log(scope, LogLevel::Error, &format!("{prefix}{text}"));
    state.uncaught.set(true);
    if state.exit_on_uncaught {
        state.exit.set(Some(1));
    }
}

/// V8 calls this for errors that no TryCatch sees; the builtins leave none.
pub(crate) extern "C" fn on_message(message: v8::Local<v8::Message>, exception: v8::Local<v8::Value>) {
    // SAFETY: V8 calls this on the isolate's thread, with a context entered.
    v8::callback_scope!(unsafe scope, message);
    if let Some(state) = IsolateState::get(scope) {
        report(scope, &state, "Uncaught ", exception);
    }
}
