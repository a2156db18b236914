//! Promises that were rejected without a handler, by HTML's HostPromiseRejectionTracker: a handler that comes
//! before the end of the microtask checkpoint saves them from being reported.

use std::collections::HashMap;
use std::mem;
use std::num::NonZeroI32;

use crate::engine::entry;
use crate::engine::isolate_state::IsolateState;
use crate::engine::uncaught::report;

/// A rejected promise.
struct Rejection {
    promise: v8::Global<v8::Promise>,
    /// What travelled with the code that rejected it or that handles it now: the request.
    context: v8::Global<v8::Value>,
}

/// Rejected promises without a handler, in the order of their rejection. Finding one takes the same time however many
/// there are: code may reject thousands before it handles the first.
#[derive(Default)]
struct Unhandled {
    list: Vec<Entry>,
    /// Identity hash of a promise → the newest entry with that hash.
    newest: HashMap<NonZeroI32, usize>,
    live: usize,
}

/// All that are to be reported. In a slot of the isolate.
#[derive(Default)]
pub(crate) struct Rejections {
    unhandled: Unhandled,
    /// Promises that got a handler after they were reported.
    late_handled: Vec<Rejection>,
}

impl Rejections {
    fn is_empty(&self) -> bool {
        self.unhandled.live == 0 && self.late_handled.is_empty()
    }

    /// A promise got a handler: in time, or after it was reported.
    fn handled(&mut self, hash: NonZeroI32, rejection: Rejection) {
        if !self.unhandled.remove(hash, &rejection.promise) {
            self.late_handled.push(rejection);
        }
    }
}

struct Entry {
    /// `None` once it is handled.
    rejection: Option<Rejection>,
    /// The next older entry whose promise has the same hash.
    older: Option<usize>,
}

impl Unhandled {
    fn push(&mut self, hash: NonZeroI32, rejection: Rejection) {
        let older = self.newest.insert(hash, self.list.len());
        self.list.push(Entry { rejection: Some(rejection), older });
        self.live += 1;
    }

    /// Takes a promise off the list. Returns whether it was there.
    fn remove(&mut self, hash: NonZeroI32, promise: &v8::Global<v8::Promise>) -> bool {
        let mut place = self.newest.get(&hash).copied();
        while let Some(entry) = place.and_then(|index| self.list.get_mut(index)) {
            if entry.rejection.as_ref().is_some_and(|rejection| rejection.promise == *promise) {
                entry.rejection = None;
                self.live -= 1;
                if self.live == 0 {
                    *self = Self::default();
                }
                return true;
            }
            place = entry.older;
        }
        false
    }

    fn into_rejections(self) -> impl Iterator<Item = Rejection> {
        self.list.into_iter().filter_map(|entry| entry.rejection)
    }
}

/// The functions of html/unhandled_rejections.js. In a slot of the isolate.
#[derive(Clone)]
pub(crate) struct RejectionEntries {
    pub(crate) unhandled: entry::Entry,
    pub(crate) handled: entry::Entry,
}

/// V8 calls this as promises are rejected and handled.
pub(crate) extern "C" fn track(message: v8::PromiseRejectMessage) {
    use v8::PromiseRejectEvent::{PromiseHandlerAddedAfterReject, PromiseRejectWithNoHandler};
    // SAFETY: V8 calls this on the isolate's thread, in the context of the promise.
    v8::callback_scope!(unsafe scope, &message);
    let hash = message.get_promise().get_identity_hash();
    let promise = v8::Global::new(scope, message.get_promise());
    let context = scope.get_continuation_preserved_embedder_data();
    let context = v8::Global::new(scope, context);
    let Some(rejections) = scope.get_slot_mut::<Rejections>() else { return };
    match message.get_event() {
        PromiseRejectWithNoHandler => rejections.unhandled.push(hash, Rejection { promise, context }),
        PromiseHandlerAddedAfterReject => rejections.handled(hash, Rejection { promise, context }),
        // A promise settled twice is no error.
        _ => {}
    }
}

/// Reports promises that are unhandled or late handled to the program, and logs those that it does not handle. Returns
/// whether there were any; then there may be microtasks.
pub(crate) fn notify(scope: &mut v8::PinScope, state: &IsolateState) -> bool {
    let Some(rejections) = scope.get_slot_mut::<Rejections>().filter(|rejections| !rejections.is_empty()) else {
        return false;
    };
    let Rejections { unhandled, late_handled } = mem::take(rejections);
    let Some(entries) = scope.get_slot::<RejectionEntries>().cloned() else { return false };
    for rejection in unhandled.into_rejections() {
        if !call_entry(scope, &entries.unhandled, &rejection) && !scope.is_execution_terminating() {
            let reason = v8::Local::new(scope, &rejection.promise).result(scope);
            report(scope, state, "Uncaught (in promise) ", reason);
        }
    }
    for rejection in late_handled {
        call_entry(scope, &entries.handled, &rejection);
    }
    true
}

/// Calls a listener function with a promise and its reason. Returns whether it says that it took care.
fn call_entry(scope: &mut v8::PinScope, entry: &entry::Entry, rejection: &Rejection) -> bool {
    let context = v8::Local::new(scope, &rejection.context);
    scope.set_continuation_preserved_embedder_data(context);
    let promise = v8::Local::new(scope, &rejection.promise);
    let reason = promise.result(scope);
    let function = v8::Local::new(scope, entry);
    let undefined = v8::undefined(scope).into();
    v8::tc_scope!(let scope, scope);
    function.call(scope, undefined, &[promise.into(), reason]).is_some_and(|handled| handled.is_true())
}
