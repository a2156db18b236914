//! Stopping code from another thread, without hitting code that was not meant.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Stops what the session runs at the moment of the call. Nothing happens when it runs nothing.
pub struct Interrupter {
    isolate: v8::IsolateHandle,
    phase: Mutex<Phase>,
}

/// What came of [`Interrupter::interrupt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Nothing runs.
    Nothing,
    /// The code that runs is being stopped.
    Begun,
    /// It was being stopped already, and has not: V8 looks for interrupts at loops and calls, not within long-running
    /// builtins.
    Stuck,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Running,
    Interrupted,
}

impl Interrupter {
    pub(crate) fn new(isolate: v8::IsolateHandle) -> Self {
        Self { isolate, phase: Mutex::new(Phase::Idle) }
    }

    /// Stops the JavaScript that runs.
    pub fn interrupt(&self) -> Interruption {
        let mut phase = self.phase();
        match *phase {
            Phase::Idle => Interruption::Nothing,
            Phase::Running => {
                *phase = Phase::Interrupted;
                self.isolate.terminate_execution();
                Interruption::Begun
            }
            Phase::Interrupted => {
                // What ran has ended perhaps, and the next piece of the same turn loops.
                self.isolate.terminate_execution();
                Interruption::Stuck
            }
        }
    }

    /// Runs `body`, which may be interrupted. The caller clears V8's termination when the second result is true.
    pub(crate) fn while_running<R>(&self, body: impl FnOnce() -> R) -> (R, bool) {
        *self.phase() = Phase::Running;
        let result = body();
        let interrupted = std::mem::replace(&mut *self.phase(), Phase::Idle) == Phase::Interrupted;
        (result, interrupted)
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
