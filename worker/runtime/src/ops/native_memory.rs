//! Memory that the builtins keep natively for JavaScript's objects. It is taken from `memory_mb` as that of array buffers
//! is, and told to V8, so that objects that were given up bring about their collection.

use crate::state::State;

/// Takes `bytes` of the app's memory and tells V8. Collects garbage where there are too few. False, and nothing taken, when
/// there still are.
pub(super) fn take_memory(isolate: &mut v8::Isolate, bytes: usize) -> bool {
    let Some(state) = State::get(isolate) else { return false };
    if !state.budget.reserve(bytes) {
        isolate.low_memory_notification();
        if !state.budget.reserve(bytes) {
            return false;
        }
    }
    isolate.adjust_amount_of_external_allocated_memory(i64::try_from(bytes).unwrap_or(i64::MAX));
    true
}

/// Gives back what [`take_memory`] took.
pub(super) fn return_memory(isolate: &mut v8::Isolate, bytes: usize) {
    if let Some(state) = State::get(isolate) {
        state.budget.release(bytes);
    }
    isolate.adjust_amount_of_external_allocated_memory(i64::try_from(bytes).map_or(i64::MIN, |bytes| -bytes));
}

/// Whether there is room for an array buffer of so many bytes; collects garbage where there is not.
pub(super) fn has_room(isolate: &mut v8::Isolate, bytes: usize) -> bool {
    let Some(state) = State::get(isolate) else { return false };
    if !state.budget.reserve(bytes) {
        isolate.low_memory_notification();
        if !state.budget.reserve(bytes) {
            return false;
        }
    }
    state.budget.release(bytes);
    true
}
