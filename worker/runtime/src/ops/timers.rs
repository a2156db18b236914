//! Natives of html/timers.js.

use std::time::{Duration, Instant};

use super::ops;
use crate::engine::timers::Timers;

ops! {
    "timerAllocate" => timer_allocate,
    "timerCancel" => timer_cancel,
    "timerStart" => timer_start,
}

/// `AbortSignal.timeout()` takes more milliseconds than the clock can tell.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// `timerAllocate() → id | undefined`: a number for a new timer; undefined if the maximum is pending.
fn timer_allocate(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let allocated = scope.get_slot_mut::<Timers>().and_then(Timers::allocate);
    if let Some(id) = allocated {
        rv.set_uint32(id);
    }
}

/// `timerStart(id, milliseconds, awaited)`: `entry.fireTimer(id)` is called once, after that time. `awaited`: whether a
/// program that has nothing else to do waits for it.
fn timer_start(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(id) = args.get(0).uint32_value(scope) else { return };
    let milliseconds = args.get(1).integer_value(scope).and_then(|delay| u64::try_from(delay).ok()).unwrap_or(0);
    let delay = Duration::from_millis(milliseconds).min(LONGEST);
    if let Some(timers) = scope.get_slot_mut::<Timers>() {
        timers.start(id, Instant::now(), delay, args.get(2).is_true());
    }
}

/// `timerCancel(id)`: `entry.fireTimer(id)` will not be called.
fn timer_cancel(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(id) = args.get(0).uint32_value(scope) else { return };
    if let Some(timers) = scope.get_slot_mut::<Timers>() {
        timers.cancel(id);
    }
}
