//! Time.

use std::time::{SystemTime, UNIX_EPOCH};

use super::ops;
use crate::engine::isolate_state::IsolateState;

ops! {
    "performanceNow" => performance_now,
    "performanceTimeOrigin" => performance_time_origin,
}

/// `performanceNow() → number`: milliseconds since the runtime started, monotonic, with fractions.
fn performance_now(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(state) = IsolateState::get(scope) {
        rv.set_double(state.started.get().elapsed().as_secs_f64() * 1e3);
    }
}

/// `performanceTimeOrigin() → number`: the wall-clock time at which `performanceNow()` was 0, in milliseconds since 1970.
fn performance_time_origin(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(state) = IsolateState::get(scope) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        rv.set_double((now.as_secs_f64() - state.started.get().elapsed().as_secs_f64()) * 1e3);
    }
}
