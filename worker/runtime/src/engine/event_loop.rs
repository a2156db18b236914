//! What a turn of the event loop is made of: V8's own tasks, then due timers; after each call into JavaScript the microtasks,
//! then the promises that are still unhandled. Between turns it sleeps.

use std::os::fd::AsFd as _;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, ppoll};

use crate::engine::async_context::{self, ContextNumber};
use crate::engine::entry::call;
use crate::engine::event_source::EventSource;
use crate::engine::isolate_state::IsolateState;
use crate::engine::memory;
use crate::engine::rejections;
use crate::engine::runtime::Runtime;
use crate::engine::timers::Timers;

impl Runtime {
    /// Whether anything is left that the program waits for: a timer, a module on its way, a compilation.
    pub(crate) fn has_work(&mut self) -> bool {
        // V8's delayed tasks are upkeep (a collection in half a minute, if idle): nothing waits for them.
        self.timers().is_some_and(|timers| timers.any_awaited())
            || self.tasks.next_deadline().is_some_and(|due| due <= Instant::now())
            || self.isolate.has_pending_background_tasks()
            || self.modules.borrow().is_loading()
    }

    /// V8's tasks and the timers that are due now; after the first one of each that is over later than `until`, the others
    /// stay for the next time.
    pub(crate) fn run_due(&mut self, until: Option<Instant>) {
        let is_late = || until.is_some_and(|until| Instant::now() >= until);
        while let Some(task) = self.tasks.pop_due() {
            let _turn = self.turns.begin();
            task.run();
            self.checkpoint();
            if is_late() {
                // A timer has its turn all the same: there may be such a task each time.
                break;
            }
        }
        let now = Instant::now();
        let Some(horizon) = self.timers().map(|timers| timers.horizon()) else { return };
        while let Some(id) = self.timers().and_then(|timers| timers.pop_due(now, horizon)) {
            self.fire_timer(id);
            if self.state.exit.get().is_some() || self.state.termination.reason().is_some() || is_late() {
                return;
            }
        }
    }

    fn fire_timer(&mut self, id: u32) {
        let _turn = self.turns.begin();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let argument = v8::Integer::new_from_unsigned(scope, id).into();
        call(scope, &self.state, &self.entry.fire_timer, &[argument]);
        checkpoint(scope, &self.state);
    }

    /// Runs `body` under a number (0: none), then the microtasks. It gets the number as JavaScript has it.
    pub(crate) fn run_as(
        &mut self,
        number: ContextNumber,
        body: impl for<'s> FnOnce(&mut v8::PinScope<'s, '_>, v8::Local<'s, v8::Value>),
    ) {
        let _turn = self.turns.begin();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let number = async_context::enter(scope, number);
        body(scope, number);
        checkpoint(scope, &self.state);
    }

    /// Runs the microtasks and reports what is not handled.
    pub(crate) fn checkpoint(&mut self) {
        let _turn = self.turns.begin();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        checkpoint(scope, &self.state);
    }

    /// Whether nothing of the program can run before something comes from outside.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.timers().is_none_or(|timers| timers.next_deadline().is_none())
            && !self.modules.borrow().is_loading()
            && !self.isolate.has_pending_background_tasks()
    }

    /// When a timer or a task of V8 is due next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let timer = self.isolate.get_slot::<Timers>().and_then(Timers::next_deadline);
        timer.into_iter().chain(self.tasks.next_deadline()).min()
    }

    /// Sleeps until `deadline`, or V8 has a task, or one of the source's descriptors is ready. Says of each whether it has
    /// something to be read, in their order.
    pub(crate) fn sleep(&self, deadline: Option<Instant>, source: &mut dyn EventSource) -> Vec<bool> {
        let mut fds = Vec::with_capacity(16);
        fds.push(PollFd::new(self.tasks.wake_fd().as_fd(), PollFlags::POLLIN));
        source.interest(&mut fds);
        self.tasks.sleep(deadline, |timeout| {
            // An interrupted sleep is a short one.
            let _ = ppoll(&mut fds, timeout, None);
        });
        let readable = PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR;
        fds.iter().skip(1).map(|fd| fd.revents().is_some_and(|events| events.intersects(readable))).collect()
    }

    fn timers(&mut self) -> Option<&mut Timers> {
        self.isolate.get_slot_mut()
    }
}

/// Runs what `process.nextTick()` was given, then the microtasks, and so on until neither is left; then reports promises that
/// are still unhandled, which may queue more; and then calls what was to be called behind all of that.
pub(crate) fn checkpoint(scope: &mut v8::PinScope, state: &IsolateState) {
    loop {
        run_ticks(scope, state);
        scope.perform_microtask_checkpoint();
        if scope.is_execution_terminating() {
            break;
        }
        if state.ticks.borrow().is_none() && !rejections::notify(scope, state) && !run_after_microtasks(scope, state) {
            break;
        }
    }
    async_context::leave(scope);
    memory::check(scope, &state.budget, &state.termination);
}

/// The same where modules may have been evaluated: to their code, microtasks come first, as in Node.js.
pub(crate) fn checkpoint_of_modules(scope: &mut v8::PinScope, state: &IsolateState) {
    scope.perform_microtask_checkpoint();
    checkpoint(scope, state);
}

/// False where there is nothing to call.
fn run_after_microtasks(scope: &mut v8::PinScope, state: &IsolateState) -> bool {
    // The borrow ends first: what is called may ask for more.
    let after = state.after_microtasks.take();
    let Some(run) = after else { return false };
    call(scope, state, &run, &[]);
    true
}

fn run_ticks(scope: &mut v8::PinScope, state: &IsolateState) {
    loop {
        // The borrow ends first: a tick may ask for more.
        let ticks = state.ticks.take();
        let Some(run) = ticks else { break };
        call(scope, state, &run, &[]);
        if scope.is_execution_terminating() {
            break;
        }
    }
}
