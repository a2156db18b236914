//! Stopping code from another thread, without hitting code that was not meant.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often the code is stopped again until it has.
const REPEAT: Duration = Duration::from_millis(20);

/// Stops what the session runs at the moment of the call.
#[derive(Clone)]
pub struct Interrupter(Arc<Inner>);

struct Inner {
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
        Self(Arc::new(Inner { isolate, phase: Mutex::new(Phase::Idle) }))
    }

    /// Stops the JavaScript that runs. Nothing happens when none does.
    pub fn interrupt(&self) -> Interruption {
        let mut phase = self.0.phase();
        match *phase {
            Phase::Idle => Interruption::Nothing,
            Phase::Running => {
                *phase = Phase::Interrupted;
                self.0.isolate.terminate_execution();
                let inner = Arc::clone(&self.0);
                thread::spawn(move || inner.repeat());
                Interruption::Begun
            }
            Phase::Interrupted => Interruption::Stuck,
        }
    }

    /// Runs `body`, which may be interrupted. The caller clears V8's termination when the second result is true.
    pub(crate) fn while_running<R>(&self, body: impl FnOnce() -> R) -> (R, bool) {
        *self.0.phase() = Phase::Running;
        let result = body();
        let interrupted = std::mem::replace(&mut *self.0.phase(), Phase::Idle) == Phase::Interrupted;
        (result, interrupted)
    }
}

impl Inner {
    /// V8 forgets a termination once it is out of JavaScript; the next microtask, timer or getter of the same turn must
    /// stop as well.
    fn repeat(&self) {
        loop {
            #[expect(clippy::disallowed_methods, reason = "a thread of its own")]
            thread::sleep(REPEAT);
            let phase = self.phase();
            if *phase != Phase::Interrupted {
                return;
            }
            self.isolate.terminate_execution();
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
