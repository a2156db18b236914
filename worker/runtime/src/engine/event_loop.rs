//! What a turn of the event loop is made of.
//!
//! A turn: V8's own tasks, then due timers; after each call into JavaScript the microtasks, then the promises that
//! are still unhandled.

use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, ppoll};

use crate::engine::async_context;
use crate::engine::entry::call;
use crate::engine::memory;
use crate::engine::rejections;
use crate::engine::runtime::Runtime;
use crate::engine::state::State;

impl Runtime {
    /// Whether anything is left that the program waits for: a timer, a module on its way, a compilation.
    pub(crate) fn has_work(&mut self) -> bool {
        // V8's delayed tasks are upkeep (a collection in half a minute, if idle): nothing waits for them.
        self.state.timers.borrow().any_awaited()
            || self.tasks.next_deadline().is_some_and(|due| due <= Instant::now())
            || self.isolate.has_pending_background_tasks()
            || self.state.modules.borrow().is_loading()
            || self.state.fetches.borrow().is_awaited()
    }

    /// V8's tasks and the timers that are due now; after the first one that is over later than `until`, the others stay
    /// for the next time.
    pub(crate) fn run_due(&mut self, until: Option<Instant>) {
        let is_late = || until.is_some_and(|until| Instant::now() >= until);
        while let Some(task) = self.tasks.pop_due() {
            let _turn = self.state.turn();
            task.run();
            self.checkpoint();
            if is_late() {
                return;
            }
        }
        let now = Instant::now();
        let horizon = self.state.timers.borrow().horizon();
        loop {
            let due = self.state.timers.borrow_mut().pop_due(now, horizon);
            let Some(id) = due else { break };
            self.fire_timer(id);
            if self.state.exit.get().is_some() || self.state.termination.reason().is_some() {
                return;
            }
            if is_late() {
                break;
            }
        }
        self.after_fetch();
    }

    fn fire_timer(&mut self, id: u32) {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let argument = v8::Integer::new_from_unsigned(scope, id).into();
        call(scope, &self.state, &self.entry.fire_timer, &[argument]);
        checkpoint(scope, &self.state);
    }

    /// Runs the microtasks and reports what is not handled.
    pub(crate) fn checkpoint(&mut self) {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        checkpoint(scope, &self.state);
    }

    /// Whether nothing of the program can run before something comes from outside.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.state.requests.borrow().in_flight() == 0
            && self.state.waiting.get() == 0
            && !self.state.fetches.borrow().any_open()
            && self.state.timers.borrow().next_deadline().is_none()
            && !self.state.modules.borrow().is_loading()
            && !self.isolate.has_pending_background_tasks()
    }

    /// When a timer or a task of V8 is due next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let timer = self.state.timers.borrow().next_deadline();
        timer.into_iter().chain(self.tasks.next_deadline()).min()
    }

    pub(crate) fn sleep_until(&mut self, deadline: Option<Instant>) {
        let tasks = Arc::clone(&self.tasks);
        let unsent = self.state.unsent_to_broker();
        let broker = self.state.broker.borrow();
        tasks.sleep(deadline, |timeout| {
            let mut fds = vec![PollFd::new(tasks.wake_fd().as_fd(), PollFlags::POLLIN)];
            fds.extend(broker.interest(unsent).map(|(fd, flags)| PollFd::new(fd, flags)));
            // An interrupted sleep is a short one.
            let _ = ppoll(&mut fds, timeout, None);
        });
    }
}

/// Runs the microtasks, then tells of promises that are still unhandled, which may queue more.
pub(crate) fn checkpoint(scope: &mut v8::PinScope, state: &Rc<State>) {
    loop {
        scope.perform_microtask_checkpoint();
        if scope.is_execution_terminating() || !rejections::notify(scope, state) {
            break;
        }
    }
    async_context::leave(scope);
    memory::check(scope, &state.budget, &state.termination);
}
