//! Promises that were rejected while nobody listened, by HTML's HostPromiseRejectionTracker: a handler that comes
//! before the end of the microtask checkpoint saves them from being reported.

use crate::state::State;

/// A rejected promise that may turn out to be unhandled.
pub(crate) struct Rejection {
    promise: v8::Global<v8::Promise>,
    pub(crate) reason: v8::Global<v8::Value>,
    /// What V8 kept for the promise's code: the request whose code rejected it.
    pub(crate) context: v8::Global<v8::Value>,
}

/// V8 calls this as promises are rejected and handled.
pub(crate) extern "C" fn track(message: v8::PromiseRejectMessage) {
    use v8::PromiseRejectEvent::{PromiseHandlerAddedAfterReject, PromiseRejectWithNoHandler};
    // SAFETY: V8 calls this on the isolate's thread, in the context of the promise.
    v8::callback_scope!(unsafe scope, &message);
    let Some(state) = State::get(scope) else { return };
    let promise = message.get_promise();
    match message.get_event() {
        PromiseRejectWithNoHandler => {
            let reason = message.get_value().unwrap_or_else(|| v8::undefined(scope).into());
            let context = scope.get_continuation_preserved_embedder_data();
            state.rejections.borrow_mut().push(Rejection {
                promise: v8::Global::new(scope, promise),
                reason: v8::Global::new(scope, reason),
                context: v8::Global::new(scope, context),
            });
        }
        PromiseHandlerAddedAfterReject => {
            let promise = v8::Global::new(scope, promise);
            state.rejections.borrow_mut().retain(|rejection| rejection.promise != promise);
        }
        // A promise settled twice is no error.
        _ => {}
    }
}
