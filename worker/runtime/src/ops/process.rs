//! The log, microtasks, the end of the program.

use super::{ops, throw_type_error};
use crate::engine::isolate_state::IsolateState;
use crate::engine::log_sink::LogLevel;
use crate::engine::uncaught;

ops! {
    "getAsyncContext" => get_async_context,
    "log" => log,
    "queueMicrotask" => queue_microtask,
    "reportError" => report_error,
    "setAsyncContext" => set_async_context,
    "setTicks" => set_ticks,
    "afterMicrotasks" => after_microtasks,
}

/// `log(level, text)`: writes a message to the app's log. `level`: "debug" | "info" | "warn" | "error".
fn log(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(state) = IsolateState::get(scope) else { return };
    let level = match args.get(0).to_rust_string_lossy(scope).as_str() {
        "debug" => LogLevel::Debug,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        _ => LogLevel::Info,
    };
    let longest = state.log.borrow().longest();
    let text = match v8::Local::<v8::String>::try_from(args.get(1)) {
        Ok(text) if text.length() > longest => beginning(scope, text, longest),
        _ => args.get(1).to_rust_string_lossy(scope),
    };
    state.write_log(scope, level, &text);
}

/// The first `longest` units of a text, and how many more there are.
fn beginning(scope: &mut v8::PinScope, text: v8::Local<v8::String>, longest: usize) -> String {
    let mut units = vec![0; longest];
    text.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
    format!("{}... {} more characters", String::from_utf16_lossy(&units), text.length() - longest)
}

/// `reportError(error)`: treats it as an uncaught error.
fn report_error(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    if let Some(state) = IsolateState::get(scope) {
        uncaught::report(scope, &state, "Uncaught ", args.get(0));
    }
}

/// `queueMicrotask(function)`.
fn queue_microtask(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    match v8::Local::<v8::Function>::try_from(args.get(0)) {
        Ok(function) => scope.enqueue_microtask(function),
        Err(_) => throw_type_error(scope, "The callback is not a function"),
    }
}

/// `getAsyncContext() → value`: what travels with promises from the code that runs now.
fn get_async_context(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    rv.set(scope.get_continuation_preserved_embedder_data());
}

/// `setAsyncContext(value)`: replaces it for the code that runs now and the promises it makes.
fn set_async_context(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    scope.set_continuation_preserved_embedder_data(args.get(0));
}

/// `afterMicrotasks(run)`: a function to be called once, when neither ticks nor microtasks are left of this turn. The one before it is
/// forgotten.
fn after_microtasks(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Ok(run) = v8::Local::<v8::Function>::try_from(args.get(0)) else { return };
    if let Some(state) = IsolateState::get(scope) {
        let run = v8::Global::new(scope, run);
        state.after_microtasks.replace(Some(run));
    }
}

/// `setTicks(run)`: a function to be called once, when the code that runs now has returned, before the microtasks; or when
/// they are done, where it is one of them that runs.
fn set_ticks(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Ok(run) = v8::Local::<v8::Function>::try_from(args.get(0)) else { return };
    if let Some(state) = IsolateState::get(scope) {
        let run = v8::Global::new(scope, run);
        state.ticks.replace(Some(run));
    }
}
