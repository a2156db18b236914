//! The evaluating half of the REPL: one [`ReplSession`] takes entries, runs the event loop while they are awaited, and
//! gives results as text. The terminal half is `nano-worker`'s.
//!
//! Entries go through V8's inspector in its REPL mode, which is where top-level `await` and declaring a `let` or
//! `const` again come from.

use std::os::fd::BorrowedFd;
use std::rc::Rc;

use nix::poll::{PollFd, PollFlags};

use super::Program;
use super::broker::Broker;
use crate::engine::event_loop;
use crate::engine::event_source::EventSource;
use crate::program::repl::console::{Console, Reply};
use crate::program::repl::last_value::LastValue;

mod completion;
mod console;
mod interrupt;
mod last_value;
mod syntax;
mod text;

pub use completion::Completions;
pub use interrupt::{Interrupter, Interruption};

/// What came of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its value as text.
    Value {
        /// As Node's REPL prints it.
        text: String,
        /// Whether it is `undefined`, which is not always worth a line.
        is_undefined: bool,
    },
    /// It threw: `Uncaught TypeError: …`.
    Uncaught(String),
    /// [`Interrupter::interrupt`] ended it.
    Interrupted,
}

/// A program and what a REPL needs of it.
pub struct ReplSession {
    console: Console,
    /// The number of the entry whose end is awaited.
    pending: Option<i32>,
    entries: u32,
    last: LastValue,
    last_error: LastValue,
    colors: bool,
    /// The pending entry was interrupted.
    interrupted: bool,
    interrupter: Interrupter,
    // Last: the inspector must go before the isolate.
    program: Program,
}

/// The descriptors of a program, and where entries come from.
struct WithInput<'i> {
    broker: &'i mut Broker,
    input: Option<BorrowedFd<'i>>,
}

impl EventSource for WithInput<'_> {
    fn interest<'a>(&'a mut self, fds: &mut Vec<PollFd<'a>>) {
        self.broker.interest(fds);
        fds.extend(self.input.map(|input| PollFd::new(input, PollFlags::POLLIN)));
    }
}

impl ReplSession {
    /// A session of `program`. `colors`: whether values are printed with terminal colours.
    #[must_use]
    pub fn new(mut program: Program, colors: bool) -> Self {
        let console = Console::connect(&mut program.runtime);
        let interrupter = Interrupter::new(program.runtime.isolate.thread_safe_handle());
        Self {
            console,
            pending: None,
            entries: 0,
            last: LastValue::new("_"),
            last_error: LastValue::new("_error"),
            colors,
            interrupted: false,
            interrupter,
            program,
        }
    }

    /// What stops running code, from any thread.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }

    /// Whether `entry` is a whole program, rather than the beginning of one. What can never be one counts as whole: its
    /// evaluation tells the error.
    pub fn is_whole(&mut self, entry: &str) -> bool {
        self.program.runtime.with_scope(|scope| syntax::is_whole(scope, entry))
    }

    /// Begins to evaluate `entry`; [`ReplSession::outcome`] tells how it ended. Call it only when nothing is pending.
    pub fn evaluate(&mut self, entry: &str) {
        self.entries += 1;
        self.interrupted = false;
        let name = format!("{}{}", text::ENTRY_NAME, self.entries);
        let (console, runtime) = (&mut self.console, &mut self.program.runtime);
        let (id, interrupted) = self.interrupter.while_running(|| {
            let source = runtime.with_scope(|scope| syntax::as_program(scope, entry));
            let id = console.evaluate(runtime, &source, &name);
            runtime.checkpoint();
            id
        });
        self.pending = Some(id);
        self.after_running(interrupted);
    }

    /// How the entry ended, once.
    pub fn outcome(&mut self) -> Option<Outcome> {
        if std::mem::take(&mut self.interrupted) && self.abandon() {
            return Some(Outcome::Interrupted);
        }
        let id = self.pending?;
        let reply = self.console.take_reply(id)?;
        self.pending = None;
        let Self { console, program: Program { runtime, .. }, last, last_error, colors, .. } = self;
        let state = Rc::clone(&runtime.state);
        let (outcome, interrupted) = self.interrupter.while_running(|| {
            let outcome = runtime.with_scope(|scope| {
                let outcome = match console.read(scope, &reply) {
                    Some(Reply::Value(value)) => {
                        last.set(scope, value);
                        let text = text::of_value(scope, value, *colors);
                        Outcome::Value { text, is_undefined: value.is_undefined() }
                    }
                    Some(Reply::Thrown(exception)) => {
                        last_error.set(scope, exception);
                        Outcome::Uncaught(text::of_exception(scope, exception, *colors))
                    }
                    // The inspector's own errors: all but those of a termination would be mistakes of ours.
                    Some(Reply::Failed(message)) => Outcome::Uncaught(format!("Uncaught Error: {message}")),
                    None => Outcome::Uncaught("Uncaught Error: the result cannot be read".into()),
                };
                // A getter or an inspect function may have queued something.
                event_loop::checkpoint(scope, &state);
                outcome
            });
            console.release(runtime);
            outcome
        });
        self.after_running(interrupted);
        // Printing it was: of a getter that loops, for one.
        Some(if std::mem::take(&mut self.interrupted) { Outcome::Interrupted } else { outcome })
    }

    /// Whether an entry has not ended.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Stops waiting for the entry; what it still does goes on. Returns whether there was one.
    pub fn abandon(&mut self) -> bool {
        let abandoned = self.pending.take();
        if let Some(id) = abandoned {
            self.console.ignore(id);
        }
        abandoned.is_some()
    }

    /// One turn of the event loop. Returns whether it was interrupted.
    pub fn turn(&mut self) -> bool {
        let program = &mut self.program;
        let ((), interrupted) = self.interrupter.while_running(|| program.turn());
        self.after_running(interrupted);
        interrupted
    }

    /// Whether anything is left that could still happen by itself: a timer, a module on its way, a compilation.
    pub fn has_work(&mut self) -> bool {
        self.program.has_work()
    }

    /// Sleeps until a timer is due, V8 has a task, or `input` is readable.
    pub fn wait(&mut self, input: Option<BorrowedFd<'_>>) {
        let Program { runtime, broker, .. } = &mut self.program;
        runtime.sleep(runtime.next_deadline(), &mut WithInput { broker, input });
    }

    /// Whether an error went uncaught since the last call: in a timer, or as a promise without a handler. (Those of
    /// entries are outcomes.)
    pub fn take_uncaught(&self) -> bool {
        self.program.runtime.state.uncaught.take()
    }

    /// What the program asked for with `exit(code)`.
    #[must_use]
    pub fn exit_requested(&self) -> Option<i32> {
        self.program.exit_requested()
    }

    /// What the identifier or property that ends at byte `position` of `line` may become.
    pub fn complete(&mut self, line: &str, position: usize) -> Completions {
        let (console, runtime) = (&mut self.console, &mut self.program.runtime);
        let (completions, interrupted) =
            self.interrupter.while_running(|| completion::complete(console, runtime, line, position));
        self.after_running(interrupted);
        completions
    }

    fn after_running(&mut self, interrupted: bool) {
        if interrupted {
            self.interrupted = true;
            self.program.runtime.isolate.cancel_terminate_execution();
        }
    }
}

#[cfg(test)]
mod tests;
