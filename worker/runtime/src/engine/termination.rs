//! The forced end of an isolate, from any thread: why, whose code it was, and stopping that code.
//!
//! A terminated isolate has lost its microtasks, so it is never used again: the event loop sees [`Termination::reason`],
//! tells the supervisor, and the process ends.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use nano_protocol::ExitReason;

use crate::engine::async_context::{self, ContextNumber};
use crate::engine::isolate_state::IsolateState;

/// Shared by the JavaScript thread, the watchdog and V8's callbacks.
#[derive(Default)]
pub(crate) struct Termination {
    /// 0: none, else 1 + the place in [`ExitReason::ALL`].
    reason: AtomicU8,
    culprit: AtomicU32,
}

impl Termination {
    /// Stops the JavaScript that runs. Only the first reason counts.
    ///
    /// It takes effect where V8 looks for interrupts: at loops and calls, not within long-running builtins.
    /// Returns whether it did not end already.
    pub(crate) fn begin(self: &Arc<Self>, isolate: &v8::IsolateHandle, reason: ExitReason) -> bool {
        let place =
            ExitReason::ALL.iter().position(|known| *known == reason).and_then(|place| u8::try_from(place).ok());
        let code = place.map_or(u8::MAX, |place| place + 1);
        if self.reason.compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return false;
        }
        // An interrupt first: only on its own thread does the isolate tell whose code it runs.
        let data = Arc::into_raw(Arc::clone(self)).cast_mut().cast();
        if !isolate.request_interrupt(find_culprit_and_terminate, data) {
            drop(take(data)); // The isolate is gone.
        }
        true
    }

    /// Why the isolate ends; `None` while it does not.
    pub(crate) fn reason(&self) -> Option<ExitReason> {
        let place = usize::from(self.reason.load(Ordering::SeqCst)).checked_sub(1)?;
        Some(ExitReason::ALL.get(place).copied().unwrap_or(ExitReason::Crash))
    }

    /// On whose behalf the code ran that was stopped.
    pub(crate) fn culprit(&self) -> Option<ContextNumber> {
        Some(self.culprit.load(Ordering::SeqCst)).filter(|key| *key != 0)
    }
}

/// Takes back what was handed to V8 as an interrupt's data.
fn take(data: *mut c_void) -> Arc<Termination> {
    // SAFETY: `data` is from `Arc::into_raw` in `Termination::begin`, and each interrupt is taken back once.
    #[expect(unsafe_code, reason = "V8 carries the interrupt's data as a bare pointer")]
    unsafe {
        Arc::from_raw(data.cast_const().cast())
    }
}

/// Runs on the JavaScript thread in the middle of the code to be stopped.
extern "C" fn find_culprit_and_terminate(isolate: v8::UnsafeRawIsolatePtr, data: *mut c_void) {
    let termination = take(data);
    // SAFETY: V8 passes the isolate that it interrupts, on its thread.
    #[expect(unsafe_code, reason = "V8 passes the isolate as a bare pointer")]
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    if let Some(state) = IsolateState::get(&isolate) {
        v8::scope!(let scope, &mut isolate);
        if let Some(context) = state.context.get() {
            let context = v8::Local::new(scope, context);
            let scope = &mut v8::ContextScope::new(scope, context);
            termination.culprit.store(async_context::current(scope).unwrap_or(0), Ordering::SeqCst);
        }
    }
    isolate.terminate_execution();
}
