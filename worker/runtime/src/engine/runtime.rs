//! [`Runtime`]: one isolate with nano's builtins, ready to run modules and scripts.

use std::rc::Rc;
use std::sync::Arc;

use url::Url;

use crate::app::AppEntries;
use crate::app::outgoing::FetchEntries;
use crate::engine::builtins::{self, BuiltinError};
use crate::engine::event_loop;
use crate::engine::exception::{self, ScriptError};
use crate::engine::fatal;
use crate::engine::memory::{self, Budget};
use crate::engine::modules::{self, MainModule, ModuleMap, ModuleSource, SourceError};
use crate::engine::platform::tasks::{self, TaskQueue};
use crate::engine::platform::{self, PlatformError};
use crate::engine::rejections::{self, RejectionEntries};
use crate::engine::script;
use crate::engine::state::State;
use crate::ops;
use crate::snapshot;

/// No heap image is smaller, in bytes.
const MIN_SNAPSHOT: usize = 64 * 1024;

/// Most timers that an app may have pending.
const MAX_TIMERS: usize = 10_000;

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// `console.debug`.
    Debug,
    /// `console.log`, `console.info`.
    Info,
    /// `console.warn`.
    Warn,
    /// `console.error`, uncaught errors.
    Error,
}

/// Takes what programs log.
pub trait LogSink {
    /// `request_id`: the request whose code says it; empty outside of requests. `text` may have several lines; it has no
    /// line break at its end.
    fn write(&mut self, level: LogLevel, request_id: &str, text: &str);

    /// Writes how many messages were dropped since the last one that was not, if it drops any. Called now and then.
    fn tell_dropped(&mut self) {}

    /// The same where nothing is written after it: however much was written before.
    fn tell_dropped_last(&mut self) {}

    /// Whether that has yet to be written.
    fn owes_word(&self) -> bool {
        false
    }
}

/// How much streams may hold.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamBudget {
    /// Bytes that one stream may hold.
    pub max_stream_bytes: u64,
    /// The same in megabytes as the operator wrote it, for the error message.
    pub max_stream_text: String,
    /// Bytes that all streams together may hold; 0: no such limit.
    pub max_total_bytes: u64,
    /// The same in megabytes as the operator wrote it.
    pub max_total_text: String,
}

impl Default for StreamBudget {
    /// 64 MB for one stream, no limit for all: what `run` and `repl` have.
    fn default() -> Self {
        Self {
            max_stream_bytes: 64 << 20,
            max_stream_text: "64".into(),
            max_total_bytes: 0,
            max_total_text: "0".into(),
        }
    }
}

/// What a [`Runtime`] is made of.
pub struct RuntimeOptions {
    /// The heap image of [`snapshot::create`]; without one the builtins are evaluated now (slower, for tests).
    pub snapshot: Option<&'static [u8]>,
    /// The URL of the program's directory as scripts see it; ends in `/`.
    pub base: Url,
    /// Where modules come from.
    pub modules: Box<dyn ModuleSource>,
    /// Where messages go.
    pub log: Box<dyn LogSink>,
    /// Whether `eval` and `new Function` work.
    pub code_generation: bool,
    /// Whether an uncaught error ends the program (as for scripts) or is only logged (as for apps).
    pub exit_on_uncaught: bool,
    /// Bytes of V8's heap and array buffers together; `None`: what V8 finds right for this machine.
    pub memory: Option<usize>,
    /// The streams' limit.
    pub stream_budget: StreamBudget,
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// V8 could not be set up.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A builtin threw.
    #[error(transparent)]
    Builtin(#[from] BuiltinError),
    /// The snapshot is of another build.
    #[error("the startup snapshot does not fit this program; build it again")]
    Snapshot,
    /// The process has no file descriptor left.
    #[error("cannot make the event loop's wake-up descriptor: no file descriptor is left")]
    Descriptors,
}

/// A JavaScript function that Rust calls.
pub(crate) type Entry = v8::Global<v8::Function>;

/// bootstrap.js's `entry`.
pub(crate) struct Entries {
    pub(crate) configure_budget: Entry,
    pub(crate) fire_timer: Entry,
    pub(crate) fetch: FetchEntries,
    inspect: Entry,
    rejections: RejectionEntries,
    /// What only apps need; looked up when one starts.
    pub(crate) others: v8::Global<v8::Object>,
}

/// One isolate. Everything it does happens on the thread that made it.
pub struct Runtime {
    pub(crate) entry: Entries,
    pub(crate) context: v8::Global<v8::Context>,
    pub(crate) state: Rc<State>,
    pub(crate) tasks: Arc<TaskQueue>,
    pub(crate) app: Option<AppEntries>,
    pub(crate) isolate: v8::OwnedIsolate,
}

impl Runtime {
    /// Makes an isolate, from the snapshot or by evaluating the builtins.
    ///
    /// # Errors
    ///
    /// See [`RuntimeError`]: mistakes of the build, or a process without file descriptors.
    pub fn new(options: RuntimeOptions) -> Result<Self, RuntimeError> {
        platform::initialize()?;
        let mut params =
            v8::CreateParams::default().external_references(ops::external_references()).allow_atomics_wait(false);
        if let Some(snapshot) = options.snapshot {
            let snapshot = v8::StartupData::from(snapshot);
            // V8 does not check that there is a header before it reads one.
            if snapshot.len() < MIN_SNAPSHOT || !snapshot.is_valid() {
                return Err(RuntimeError::Snapshot);
            }
            params = params.snapshot_blob(snapshot);
        }
        let budget = Arc::new(Budget::new(options.memory.unwrap_or(usize::MAX)));
        if let Some(memory) = options.memory {
            params = params.heap_limits(0, memory).array_buffer_allocator(memory::allocator(&budget).make_shared());
        }
        let mut isolate = v8::Isolate::new(params);
        isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
        isolate.set_capture_stack_trace_for_uncaught_exceptions(true, 16);
        isolate.set_promise_reject_callback(rejections::track);
        isolate.add_message_listener(event_loop::on_message);
        isolate.set_host_import_module_dynamically_callback(modules::import_dynamically);
        isolate.set_host_initialize_import_meta_object_callback(modules::initialize_import_meta);
        let tasks = tasks::queue_of(tasks::address(&isolate)).ok_or(RuntimeError::Descriptors)?;
        let modules = ModuleMap::new(options.base, options.modules);
        let state = Rc::new(State::new(options.log, modules, options.exit_on_uncaught, Arc::clone(&budget)));
        isolate.set_slot(Rc::clone(&state));
        isolate.set_oom_error_handler(fatal::on_out_of_memory);
        if options.memory.is_some() {
            memory::guard(&mut isolate, budget, Arc::clone(&state.ending));
        }
        let (context, entry) = enter(&mut isolate, options.snapshot.is_some(), options.code_generation)?;
        let _ = state.context.set(context.clone());
        let _ = state.rejection_entries.set(entry.rejections.clone());
        let _ = state.inspect.set(entry.inspect.clone());
        let mut runtime = Self { entry, context, state, tasks, app: None, isolate };
        runtime.configure_streams(&options.stream_budget).ok_or(RuntimeError::Snapshot)?;
        if options.memory.is_some() {
            runtime.state.timers.borrow_mut().limit(MAX_TIMERS);
            // What is shared is counted nowhere.
            runtime.remove_shared_memory().ok_or(RuntimeError::Snapshot)?;
        }
        Ok(runtime)
    }

    /// Begins to load and run the program. `path`: relative to the program's directory.
    pub fn load_main(&mut self, path: &str) {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        modules::load_main(scope, &self.state, path);
        event_loop::checkpoint(scope, &self.state);
    }

    /// A module that [`ModuleSource::fetch`] promised is there.
    pub fn module_arrived(&mut self, path: &str, text: Result<Vec<u8>, SourceError>) {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        modules::arrived(scope, &self.state, path, text);
        event_loop::checkpoint(scope, &self.state);
    }

    /// How loading the program ended; `None` while it is not known.
    pub fn main_outcome(&mut self) -> Option<Result<(), ScriptError>> {
        let main = self.state.modules.borrow().main();
        let promise = match main {
            MainModule::Loading => return None,
            MainModule::Failed(error) => return Some(Err(error)),
            MainModule::Evaluating(promise, _) => promise,
        };
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let promise = v8::Local::new(scope, promise);
        match promise.state() {
            v8::PromiseState::Pending => None,
            v8::PromiseState::Fulfilled => Some(Ok(())),
            v8::PromiseState::Rejected => {
                let reason = promise.result(scope);
                let message = v8::Exception::create_message(scope, reason);
                let location = exception::location(scope, message);
                let message = format!("Uncaught {}", exception::describe(scope, reason));
                let exception = Some(v8::Global::new(scope, reason));
                Some(Err(ScriptError { message, location, exception }))
            }
        }
    }

    /// Runs a classic script. An exception is returned as text, with the place.
    ///
    /// # Errors
    ///
    /// The script does not compile or throws.
    pub fn run_script(&mut self, name: &str, text: &str) -> Result<(), ScriptError> {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let result = script::run(scope, name, text);
        event_loop::checkpoint(scope, &self.state);
        result
    }

    /// What the program asked for with `exit(code)`.
    #[must_use]
    pub fn exit_requested(&self) -> Option<i32> {
        self.state.exit.get()
    }

    /// Runs `body` in the program's realm, for what has no method of its own (the REPL).
    pub fn with_scope<R>(&mut self, body: impl FnOnce(&mut v8::PinScope) -> R) -> R {
        let _turn = self.state.turn();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        body(scope)
    }
}

/// Makes the context and finds the functions that Rust calls.
fn enter(
    isolate: &mut v8::OwnedIsolate,
    from_snapshot: bool,
    code_generation: bool,
) -> Result<(v8::Global<v8::Context>, Entries), RuntimeError> {
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    let scope = &mut v8::ContextScope::new(scope, context);
    context.set_allow_generation_from_strings(code_generation);
    let entry =
        if from_snapshot { snapshot::entry(scope).ok_or(RuntimeError::Snapshot)? } else { builtins::evaluate(scope)? };
    let function = |name: &str| entry_function(scope, entry, name);
    let entries = || {
        let rejections =
            RejectionEntries { unhandled: function("unhandledRejection")?, handled: function("rejectionHandled")? };
        let fetch = FetchEntries {
            failed: function("fetchFailed")?,
            responded: function("fetchResponded")?,
            resume: function("resumeFetch")?,
            slot_free: function("fetchSlotFree")?,
        };
        Some(Entries {
            configure_budget: function("configureBudget")?,
            fire_timer: function("fireTimer")?,
            fetch,
            inspect: function("inspect")?,
            rejections,
            others: v8::Global::new(scope, entry),
        })
    };
    let entries = entries().ok_or(RuntimeError::Snapshot)?;
    Ok((v8::Global::new(scope, context), entries))
}

/// A function of bootstrap.js's `entry`.
pub(crate) fn entry_function(scope: &v8::PinScope, entry: v8::Local<v8::Object>, name: &str) -> Option<Entry> {
    let key = v8::String::new(scope, name)?;
    let function = v8::Local::<v8::Function>::try_from(entry.get(scope, key.into())?).ok()?;
    Some(v8::Global::new(scope, function))
}

impl Drop for Runtime {
    fn drop(&mut self) {
        ops::compression::close_all(&mut self.isolate);
        ops::subtle::keys::close_all(&mut self.isolate);
        tasks::forget(tasks::address(&self.isolate));
    }
}
