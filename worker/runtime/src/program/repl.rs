//! The evaluating half of the REPL: one [`ReplSession`] takes entries, runs the event loop while they are awaited, and
//! gives results as text. The terminal half is `nano-worker`'s.
//!
//! Entries go through V8's inspector in its REPL mode, which is where top-level `await` and declaring a `let` or
//! `const` again come from.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::rc::Rc;
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, ppoll};

use crate::engine::event_loop;
use crate::engine::runtime::Runtime;
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

/// An isolate and what a REPL needs of it.
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
    runtime: Runtime,
}

impl ReplSession {
    /// A session in `runtime`. `colors`: whether values are printed with terminal colours.
    #[must_use]
    pub fn new(mut runtime: Runtime, colors: bool) -> Self {
        let console = Console::connect(&mut runtime);
        let interrupter = Interrupter::new(runtime.isolate.thread_safe_handle());
        Self {
            console,
            pending: None,
            entries: 0,
            last: LastValue::new("_"),
            last_error: LastValue::new("_error"),
            colors,
            interrupted: false,
            interrupter,
            runtime,
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
        self.runtime.with_scope(|scope| syntax::is_whole(scope, entry))
    }

    /// Begins to evaluate `entry`; [`ReplSession::outcome`] tells how it ended. Call it only when nothing is pending.
    pub fn evaluate(&mut self, entry: &str) {
        self.entries += 1;
        self.interrupted = false;
        let name = format!("{}{}", text::ENTRY_NAME, self.entries);
        let (console, runtime) = (&mut self.console, &mut self.runtime);
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
        let Self { console, runtime, last, last_error, colors, .. } = self;
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
        let runtime = &mut self.runtime;
        let ((), interrupted) = self.interrupter.while_running(|| runtime.turn());
        self.after_running(interrupted);
        interrupted
    }

    /// Whether anything is left that could still happen by itself: a timer, a module on its way, a compilation.
    pub fn has_work(&mut self) -> bool {
        self.runtime.has_work()
    }

    /// Sleeps until a timer is due, V8 has a task, or `input` is readable.
    pub fn wait(&mut self, input: Option<BorrowedFd<'_>>) {
        let deadline = self.runtime.next_deadline();
        let tasks = Arc::clone(&self.runtime.tasks);
        let unsent = self.runtime.state.unsent_to_broker();
        let broker = self.runtime.state.broker.borrow();
        tasks.sleep(deadline, |timeout| {
            let fds = [Some(tasks.wake_fd().as_fd()), input];
            let mut fds: Vec<_> = fds.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
            fds.extend(broker.interest(unsent).map(|(fd, flags)| PollFd::new(fd, flags)));
            // An interrupted sleep is a short one.
            let _ = ppoll(&mut fds, timeout, None);
        });
    }

    /// Whether an error went uncaught since the last call: in a timer, or as a promise without a handler. (Those of
    /// entries are outcomes.)
    pub fn take_uncaught(&self) -> bool {
        self.runtime.state.uncaught.take()
    }

    /// What the program asked for with `exit(code)`.
    #[must_use]
    pub fn exit_requested(&self) -> Option<i32> {
        self.runtime.exit_requested()
    }

    /// What the identifier or property that ends at byte `position` of `line` may become.
    pub fn complete(&mut self, line: &str, position: usize) -> Completions {
        let (console, runtime) = (&mut self.console, &mut self.runtime);
        let (completions, interrupted) =
            self.interrupter.while_running(|| completion::complete(console, runtime, line, position));
        self.after_running(interrupted);
        completions
    }

    fn after_running(&mut self, interrupted: bool) {
        if interrupted {
            self.interrupted = true;
            self.runtime.isolate.cancel_terminate_execution();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::cell::RefCell;
    use std::thread;
    use std::time::{Duration, Instant};

    use url::Url;

    use super::*;
    use crate::engine::modules::{ModuleSource, SourceError};
    use crate::engine::runtime::{LogLevel, LogSink, RuntimeOptions, StreamBudget};

    #[derive(Clone, Default)]
    struct Lines(Rc<RefCell<Vec<String>>>);

    impl LogSink for Lines {
        fn write(&mut self, _: LogLevel, _: &str, text: &str) {
            self.0.borrow_mut().push(text.to_owned());
        }
    }

    struct NoModules;

    impl ModuleSource for NoModules {
        fn fetch(&mut self, path: &str) -> Option<Result<Vec<u8>, SourceError>> {
            Some(Err(SourceError(format!("no {path}"))))
        }
    }

    fn session() -> (ReplSession, Lines) {
        let lines = Lines::default();
        let options = RuntimeOptions {
            snapshot: None,
            base: Url::parse("file:///session/").unwrap(),
            modules: Box::new(NoModules),
            log: Box::new(lines.clone()),
            code_generation: true,
            exit_on_uncaught: false,
            memory: None,
            stream_budget: StreamBudget::default(),
        };
        (ReplSession::new(Runtime::new(options).unwrap(), false), lines)
    }

    fn finish(session: &mut ReplSession, entry: &str) -> Outcome {
        session.evaluate(entry);
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            if let Some(outcome) = session.outcome() {
                return outcome;
            }
            assert!(Instant::now() < deadline, "no outcome of {entry}");
            session.wait(None);
            session.turn();
        }
    }

    fn value(session: &mut ReplSession, entry: &str) -> String {
        match finish(session, entry) {
            Outcome::Value { text, .. } => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn entries_share_their_declarations() {
        let (mut session, lines) = session();
        assert_eq!(finish(&mut session, "let a = 1"), Outcome::Value { text: "undefined".into(), is_undefined: true });
        assert_eq!(value(&mut session, "let a = await Promise.resolve(2); a"), "2");
        assert_eq!(value(&mut session, "_ + a"), "4");
        assert_eq!(value(&mut session, "await new Promise((resolve) => setTimeout(resolve, 1, { a }))"), "{ a: 2 }");
        assert_eq!(finish(&mut session, "throw new TypeError('t')"), Outcome::Uncaught("Uncaught TypeError: t".into()));
        assert_eq!(value(&mut session, "_error.message"), "'t'");
        assert_eq!(value(&mut session, "Object.prototype.error = {}; Object.prototype.objectId = 'x'; [1]"), "[ 1 ]");
        assert!(!session.take_uncaught() && lines.0.borrow().is_empty());
        assert_eq!(value(&mut session, "Promise.reject(7); 1"), "1");
        session.turn();
        assert!(session.take_uncaught());
        assert_eq!(*lines.0.borrow(), ["Uncaught (in promise) 7"]);
    }

    #[test]
    fn running_code_is_interrupted_and_the_session_goes_on() {
        let (mut session, _) = session();
        let interrupter = session.interrupter();
        assert_eq!(interrupter.interrupt(), Interruption::Nothing);
        for entry in [
            "for (;;);",
            "await null; for (;;);",
            "while (true) await null;",
            "({ get a() { return 1 }, [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } })",
        ] {
            let interrupter = interrupter.clone();
            let presses = thread::spawn(move || {
                let deadline = Instant::now() + Duration::from_secs(90);
                while interrupter.interrupt() != Interruption::Begun {
                    assert!(Instant::now() < deadline, "there was never anything to interrupt");
                    thread::sleep(Duration::from_millis(1));
                }
            });
            let outcome = finish(&mut session, entry);
            presses.join().unwrap();
            // The press may come before the loop does: then it stops what is before it.
            assert_eq!(outcome, Outcome::Interrupted, "{entry}");
            assert_eq!(value(&mut session, "6 * 7"), "42");
        }
    }

    #[test]
    fn an_abandoned_entry_says_nothing_later() {
        let (mut session, lines) = session();
        session.evaluate("await new Promise((resolve) => globalThis.end = resolve); throw 1");
        assert_eq!(session.outcome(), None);
        assert!(session.abandon() && !session.abandon());
        assert_eq!(value(&mut session, "end(); 2"), "2");
        session.turn();
        assert_eq!(session.outcome(), None);
        assert!(lines.0.borrow().is_empty());
    }

    #[test]
    fn names_are_completed_without_running_anything() {
        let (mut session, _) = session();
        value(&mut session, "let looked = 0; const underTheSea = { octopus: 1, get trap() { looked++; return {} } }");
        let mut names = |line: &str| session.complete(line, line.len());
        assert_eq!(names("x + underT"), Completions { start: 4, names: vec!["underTheSea".into()] });
        assert_eq!(names("underTheSea.oct").names, ["octopus"]);
        assert_eq!(names("underTheSea.trap.a").names, Vec::<String>::new());
        assert_eq!(names("'é' + WritableStreamDefaultW").names, ["WritableStreamDefaultWriter"]);
        assert_eq!(names("f().a").names, Vec::<String>::new());
        assert!(names("console.").names.contains(&"log".to_owned()));
        assert_eq!(value(&mut session, "looked"), "0");
    }
}
