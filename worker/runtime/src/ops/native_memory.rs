//! Memory that the builtins keep natively for JavaScript's objects. It is taken from `memory_mb` as that of array buffers
//! is, and reported to V8, so that objects that were given up bring about their collection.

use nano_protocol::ExitReason;

use crate::engine::isolate_state::IsolateState;

/// Takes `bytes` of the app's memory and reports them to V8. Collects garbage where there are too few. False, and nothing taken, when
/// there still are; too often in a row, and the isolate ends, as it does for array buffers.
pub(super) fn take_memory(isolate: &mut v8::Isolate, bytes: usize) -> bool {
    let fits = try_take_memory(isolate, bytes);
    if !fits {
        count_refusal(isolate);
    }
    fits
}

/// The same for what peers make the app hold: a refusal ends nothing, or they could end workers.
pub(super) fn try_take_memory(isolate: &mut v8::Isolate, bytes: usize) -> bool {
    let Some(state) = IsolateState::get(isolate) else { return false };
    if !state.budget.reserve(bytes) {
        isolate.low_memory_notification();
        if !state.budget.reserve(bytes) {
            return false;
        }
    }
    isolate.adjust_amount_of_external_allocated_memory(i64::try_from(bytes).unwrap_or(i64::MAX));
    true
}

/// The same, if something is left then for everything else that the worker does.
pub(super) fn take_memory_for_peer(isolate: &mut v8::Isolate, bytes: usize) -> bool {
    let wanted = bytes.saturating_add(margin(isolate));
    could_have_room(isolate, wanted) && try_take_memory(isolate, bytes)
}

fn count_refusal(isolate: &mut v8::Isolate) {
    if let Some(state) = IsolateState::get(isolate)
        && state.budget.refuse()
    {
        state.termination.begin(&isolate.thread_safe_handle(), ExitReason::Heap);
    }
}

/// What is left, by all that peers make the app keep, for everything else that the worker does: a sixteenth.
pub(super) fn margin(isolate: &v8::Isolate) -> usize {
    memory_limit(isolate) / 16
}

/// Gives back what [`take_memory`] took.
pub(super) fn return_memory(isolate: &mut v8::Isolate, bytes: usize) {
    if let Some(state) = IsolateState::get(isolate) {
        state.budget.release(bytes);
    }
    isolate.adjust_amount_of_external_allocated_memory(i64::try_from(bytes).map_or(i64::MIN, |bytes| -bytes));
}

/// From so many bytes on, V8 is asked how large its heap is now. For fewer the size after its last collection will do.
const LARGE: usize = 64 << 10;

/// Whether there is room for an array buffer of so many bytes, or a string; collects garbage where there is not. Refusals count as
/// those of [`take_memory`] do.
pub(super) fn has_room(isolate: &mut v8::Isolate, bytes: usize) -> bool {
    let fits = could_have_room(isolate, bytes);
    if !fits {
        count_refusal(isolate);
    }
    fits
}

/// The same for what peers send.
pub(super) fn could_have_room(isolate: &mut v8::Isolate, bytes: usize) -> bool {
    let Some(state) = IsolateState::get(isolate) else { return false };
    let fits = |isolate: &mut v8::Isolate| {
        let heap = if bytes < LARGE { 0 } else { isolate.get_heap_statistics().used_heap_size() };
        state.budget.room(heap) >= bytes
    };
    fits(isolate) || {
        isolate.low_memory_notification();
        fits(isolate)
    }
}

/// Bytes of the heap and of array buffers that the app may have.
pub(super) fn memory_limit(isolate: &v8::Isolate) -> usize {
    IsolateState::get(isolate).map_or(0, |state| state.budget.limit())
}
