//! Programs that no supervisor runs: scripts (`nano run`) and the REPL.

pub(crate) mod broker;
mod collector;
mod command_line;
pub(crate) mod repl;

use std::rc::Rc;

use crate::app::fetch_events::FetchEvents;
use crate::engine::exception::{self, ScriptError};
use crate::engine::log_sink::LogLevel;
use crate::engine::modules::MainModule;
use crate::engine::runtime::{Runtime, RuntimeError, RuntimeOptions};
use crate::exchange::Exchanges;
use crate::ops::WEB_PLATFORM;

use broker::Broker;

/// One program and its isolate. Everything it does happens on the thread that made it.
pub struct Program {
    broker: Broker,
    fetch_events: FetchEvents,
    exchanges: Rc<Exchanges>,
    runtime: Runtime,
}

impl Program {
    /// Makes an isolate, from the snapshot or by evaluating the builtins.
    ///
    /// # Errors
    ///
    /// See [`RuntimeError`]: mistakes of the build, or a process without file descriptors.
    pub fn new(options: RuntimeOptions) -> Result<Self, RuntimeError> {
        let mut runtime = Runtime::new(options, &[WEB_PLATFORM])?;
        let exchanges = Exchanges::open(&mut runtime);
        let fetch_events = FetchEvents::new(&mut runtime, &exchanges, None)?;
        Ok(Self { broker: Broker::new(Rc::clone(&exchanges)), fetch_events, exchanges, runtime })
    }

    /// Begins to load and run an ES module. `path`: relative to the program's directory.
    pub fn load_main(&mut self, path: &str) {
        self.runtime.load_main(path);
    }

    /// Runs a classic script. An exception is returned as text, with the place.
    ///
    /// # Errors
    ///
    /// The script does not compile or throws.
    pub fn run_script(&mut self, name: &str, text: &str) -> Result<(), ScriptError> {
        self.runtime.run_script(name, text)
    }

    /// What the program asked for with `exit(code)`.
    #[must_use]
    pub fn exit_requested(&self) -> Option<i32> {
        self.runtime.state.exit.get()
    }

    /// Runs until nothing is left to do, or the program ended itself, or an error was not caught. The result is the
    /// exit status.
    pub fn run_to_completion(&mut self) -> i32 {
        loop {
            self.turn();
            if let Some(code) = self.exit_requested() {
                return code;
            }
            if let Some(Err(error)) = self.runtime.main_outcome() {
                self.runtime.state.log.borrow_mut().write(LogLevel::Error, "", &error.message);
                return 1;
            }
            if !self.has_work() {
                return self.unfinished_main();
            }
            let deadline = self.runtime.next_deadline();
            self.runtime.sleep(deadline, &mut self.broker);
        }
    }

    /// What has come, V8's tasks, timers, microtasks.
    fn turn(&mut self) {
        self.broker.turn(&mut self.runtime, &self.fetch_events);
        self.runtime.run_due(None);
        if self.exit_requested().is_none() {
            self.fetch_events.after_fetch(&mut self.runtime);
        }
    }

    /// Whether anything is left that the program waits for: a timer, a module on its way, a compilation, a response.
    fn has_work(&mut self) -> bool {
        self.runtime.has_work() || self.exchanges.fetches.borrow().is_awaited()
    }

    /// Nothing is left to do: a module that still awaits something will wait for ever.
    fn unfinished_main(&mut self) -> i32 {
        let MainModule::Evaluating(promise, module) = self.runtime.modules.borrow().main() else { return 0 };
        let state = Rc::clone(&self.runtime.state);
        self.runtime.with_scope(|scope| {
            if v8::Local::new(scope, promise).state() != v8::PromiseState::Pending {
                return 0;
            }
            let module = v8::Local::new(scope, module);
            let stalled = module.get_stalled_top_level_await_message(scope);
            let place = stalled.first().map(|(_, message)| exception::location(scope, *message).excerpt());
            let text = format!(
                "The top-level await never ends: nothing is left that could end it\n{}",
                place.unwrap_or_default()
            );
            state.write_log(scope, LogLevel::Error, &text);
            1
        })
    }
}
