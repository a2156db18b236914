//! Promises that were rejected while nobody listened, by HTML's HostPromiseRejectionTracker: a handler that comes
//! before the end of the microtask checkpoint saves them from being reported.

use std::mem;
use std::rc::Rc;

use crate::event_loop::report;
use crate::runtime::Entry;
use crate::state::State;

/// A rejected promise.
pub(crate) struct Rejection {
    promise: v8::Global<v8::Promise>,
    /// What travelled with the code that rejected it or that handles it now: the request.
    context: v8::Global<v8::Value>,
}

/// The functions of html/unhandled_rejections.js.
#[derive(Clone)]
pub(crate) struct RejectionEntries {
    pub(crate) unhandled: Entry,
    pub(crate) handled: Entry,
}

/// V8 calls this as promises are rejected and handled.
pub(crate) extern "C" fn track(message: v8::PromiseRejectMessage) {
    use v8::PromiseRejectEvent::{PromiseHandlerAddedAfterReject, PromiseRejectWithNoHandler};
    // SAFETY: V8 calls this on the isolate's thread, in the context of the promise.
    v8::callback_scope!(unsafe scope, &message);
    let Some(state) = State::get(scope) else { return };
    let promise = v8::Global::new(scope, message.get_promise());
    let context = scope.get_continuation_preserved_embedder_data();
    let context = v8::Global::new(scope, context);
    match message.get_event() {
        PromiseRejectWithNoHandler => state.rejections.borrow_mut().push(Rejection { promise, context }),
        PromiseHandlerAddedAfterReject => {
            let mut pending = state.rejections.borrow_mut();
            match pending.iter().position(|rejection| rejection.promise == promise) {
                Some(index) => drop(pending.remove(index)),
                None => state.late_handled.borrow_mut().push(Rejection { promise, context }),
            }
        }
        // A promise settled twice is no error.
        _ => {}
    }
}

/// Tells the program of promises that are unhandled or late handled, and logs what it takes no care of. Returns whether
/// there was something; then microtasks may have come up.
pub(crate) fn notify(scope: &mut v8::PinScope, state: &Rc<State>) -> bool {
    let unhandled = mem::take(&mut *state.rejections.borrow_mut());
    let handled = mem::take(&mut *state.late_handled.borrow_mut());
    let Some(entries) = state.rejection_entries.get() else { return false };
    let some = !(unhandled.is_empty() && handled.is_empty());
    for rejection in unhandled {
        if !call_entry(scope, &entries.unhandled, &rejection) && !scope.is_execution_terminating() {
            let reason = v8::Local::new(scope, &rejection.promise).result(scope);
            report(scope, state, "Uncaught (in promise) ", reason);
        }
    }
    for rejection in handled {
        call_entry(scope, &entries.handled, &rejection);
    }
    some
}

/// Calls a listener function with a promise and its reason. Returns whether it says that it took care.
fn call_entry(scope: &mut v8::PinScope, entry: &Entry, rejection: &Rejection) -> bool {
    let context = v8::Local::new(scope, &rejection.context);
    scope.set_continuation_preserved_embedder_data(context);
    let promise = v8::Local::new(scope, &rejection.promise);
    let reason = promise.result(scope);
    let function = v8::Local::new(scope, entry);
    let undefined = v8::undefined(scope).into();
    v8::tc_scope!(let scope, scope);
    function.call(scope, undefined, &[promise.into(), reason]).is_some_and(|handled| handled.is_true())
}
