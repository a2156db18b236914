//! Time.

use std::time::{SystemTime, UNIX_EPOCH};

use super::ops;
use crate::state::State;

ops! {
    "now" => now,
    "timeOrigin" => time_origin,
}

/// `now() → number`: milliseconds since the runtime started, monotonic, with fractions.
fn now(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(state) = State::get(scope) {
        rv.set_double(state.started.elapsed().as_secs_f64() * 1e3);
    }
}

/// `timeOrigin() → number`: the wall-clock time at which `now()` was 0, in milliseconds since 1970.
fn time_origin(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(state) = State::get(scope) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        rv.set_double((now.as_secs_f64() - state.started.elapsed().as_secs_f64()) * 1e3);
    }
}
