//! [`Runtime`]: one isolate with nano's builtins, ready to run modules and scripts.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_protocol::memory::NATIVE_ALLOWANCE;
use nano_protocol::{Check, CompatibilityFlags, ExitReason, Stats};
use url::Url;

use crate::engine::builtins::{self, BuiltinError, LazyBuiltins};
use crate::engine::entry::{Entry, entry_function};
use crate::engine::event_loop;
use crate::engine::exception::{self, ScriptError};
use crate::engine::extension::{self, Extension};
use crate::engine::fatal;
use crate::engine::heap_image::HeapImage;
use crate::engine::isolate_state::IsolateState;
use crate::engine::log_sink::LogSink;
use crate::engine::memory::{self, Budget};
use crate::engine::modules::{self, MainModule, ModuleMap, ModuleSource, NoModules, SourceError};
use crate::engine::platform::tasks::{self, TaskQueue};
use crate::engine::platform::{self, PlatformError};
use crate::engine::rejections::{self, RejectionEntries, Rejections};
use crate::engine::script;
use crate::engine::stream_budget::{self, StreamBudget};
use crate::engine::timers::Timers;
use crate::engine::turn::TurnDepth;
use crate::engine::uncaught;
use crate::engine::watchdog::{WatchdogThread, Watched, peak_resident};

/// Most timers that an app may have pending.
const MAX_TIMERS: usize = 10_000;

/// What a [`Runtime`] is made of.
pub struct RuntimeOptions {
    /// That of [`snapshot::create`]; without one the builtins are evaluated now (slower, for tests).
    pub snapshot: Option<HeapImage>,
    /// Whether `eval` and `new Function` work.
    pub code_generation: bool,
    /// Whether an uncaught error ends the program (as for scripts) or is only logged (as for apps).
    pub exit_on_uncaught: bool,
    /// Bytes of V8's heap and array buffers together; `None`: what V8 finds right for this machine.
    pub memory: Option<usize>,
    /// The URL of the program's directory as scripts see it; ends in `/`.
    pub base: Url,
    /// What it is for.
    pub program: ProgramOptions,
}

/// What a [`Runtime`] is for.
pub struct ProgramOptions {
    /// Where modules come from.
    pub modules: Box<dyn ModuleSource>,
    /// Where messages go.
    pub log: Box<dyn LogSink>,
    /// The streams' limit.
    pub stream_budget: StreamBudget,
    /// What it has beside the web platform.
    pub flags: CompatibilityFlags,
}

/// What an isolate is made of, whatever it is for; fields as in [`RuntimeOptions`].
pub(crate) struct IsolateOptions {
    pub(crate) snapshot: Option<HeapImage>,
    pub(crate) code_generation: bool,
    pub(crate) exit_on_uncaught: bool,
    pub(crate) memory: Option<usize>,
    pub(crate) base: Url,
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
    /// The isolate's limit of memory, in bytes, was reached before it had anything to run.
    #[error("V8 alone needs more memory than the limit of {} MiB leaves it: raise the app's `memory_mb`", .0 >> 20)]
    Memory(usize),
    /// The process has no file descriptor left.
    #[error("cannot make the event loop's wake-up descriptor: no file descriptor is left")]
    Descriptors,
}

/// bootstrap.js's `entry`, as far as the engine calls it.
pub(super) struct Entries {
    before_main: Entry,
    built_in_module: Entry,
    configure_budget: Entry,
    pub(super) fire_timer: Entry,
    inspect: Entry,
    rejections: RejectionEntries,
    all: v8::Global<v8::Object>,
}

/// One isolate. Everything it does happens on the thread that made it.
pub(crate) struct Runtime {
    pub(super) entry: Entries,
    pub(super) context: v8::Global<v8::Context>,
    pub(crate) state: Rc<IsolateState>,
    pub(crate) modules: Rc<RefCell<ModuleMap>>,
    pub(super) turns: Rc<TurnDepth>,
    pub(super) tasks: Arc<TaskQueue>,
    extensions: &'static [Extension],
    pub(crate) isolate: v8::OwnedIsolate,
}

impl Runtime {
    /// Makes an isolate, from the snapshot or by evaluating the builtins.
    ///
    /// # Errors
    ///
    /// See [`RuntimeError`]: mistakes of the build, or a process without file descriptors.
    pub(crate) fn new(options: RuntimeOptions, extensions: &'static [Extension]) -> Result<Self, RuntimeError> {
        let RuntimeOptions { snapshot, code_generation, exit_on_uncaught, memory, base, program } = options;
        let isolate = IsolateOptions { snapshot, code_generation, exit_on_uncaught, memory, base };
        let mut runtime = Self::without_program(&isolate, extensions)?;
        runtime.set_program(program)?;
        Ok(runtime)
    }

    /// Makes an isolate that does not know yet what it is for. Nothing may run in it before [`Runtime::set_program`];
    /// [`Runtime::check_main`] runs nothing.
    ///
    /// # Errors
    ///
    /// As [`Runtime::new`].
    pub(crate) fn without_program(
        options: &IsolateOptions,
        extensions: &'static [Extension],
    ) -> Result<Self, RuntimeError> {
        platform::initialize()?;
        let mut params = v8::CreateParams::default().allow_atomics_wait(false);
        let mut texts = None;
        params = match options.snapshot {
            Some(image) => {
                let (params, own) = image.apply(params, extensions).ok_or(RuntimeError::Snapshot)?;
                texts = Some(own);
                params
            }
            None => params.external_references(extension::external_references(extensions, None)),
        };
        let budget = Arc::new(Budget::new(options.memory.unwrap_or(usize::MAX)));
        if let Some(memory) = options.memory {
            params = params.heap_limits(0, memory).array_buffer_allocator(memory::allocator(&budget).make_shared());
        }
        let mut isolate = v8::Isolate::new(params);
        isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
        isolate.set_capture_stack_trace_for_uncaught_exceptions(true, 16);
        isolate.set_promise_reject_callback(rejections::track);
        isolate.add_message_listener(uncaught::on_message);
        isolate.set_host_import_module_dynamically_callback(modules::import_dynamically);
        isolate.set_host_initialize_import_meta_object_callback(modules::initialize_import_meta);
        let tasks = tasks::queue_of(tasks::address(&isolate)).ok_or(RuntimeError::Descriptors)?;
        let state = Rc::new(IsolateState::new(options.exit_on_uncaught, Arc::clone(&budget)));
        isolate.set_slot(Rc::clone(&state));
        let modules = Rc::new(RefCell::new(ModuleMap::new(options.base.clone(), extensions, Box::new(NoModules))));
        isolate.set_slot(Rc::clone(&modules));
        isolate.set_slot(Timers::new(options.memory.map(|_| MAX_TIMERS)));
        isolate.set_slot(Rejections::default());
        isolate.set_oom_error_handler(fatal::on_out_of_memory);
        let limited = options.memory.is_some();
        let guard = limited.then(|| memory::guard(&mut isolate, budget, Arc::clone(&state.termination)));
        let entered = enter(&mut isolate, extensions, options.snapshot.is_some(), options.code_generation);
        let (context, entry) = entered.map_err(|error| explain(error, &state))?;
        if let Some(guard) = guard {
            memory::count_heap(&mut isolate, guard);
        }
        modules.borrow_mut().set_functions(entry.built_in_module.clone(), entry.before_main.clone());
        let lazy = {
            v8::scope_with_context!(let scope, &mut isolate, &context);
            let all = v8::Local::new(scope, &entry.all);
            LazyBuiltins::new(scope, extensions, texts, all)
        };
        isolate.set_slot(lazy.ok_or_else(|| explain(RuntimeError::Snapshot, &state))?);
        let _ = state.context.set(context.clone());
        let _ = state.inspect.set(entry.inspect.clone());
        isolate.set_slot(entry.rejections.clone());
        let turns = Rc::default();
        let mut runtime = Self { entry, context, state, modules, turns, tasks, extensions, isolate };
        if limited {
            // What is shared is counted nowhere.
            runtime.remove_shared_memory().ok_or_else(|| runtime.explain(RuntimeError::Snapshot))?;
        }
        Ok(runtime)
    }

    /// Tells the isolate what it is for. Once, and before anything runs in it.
    ///
    /// # Errors
    ///
    /// The snapshot is of another build.
    pub(crate) fn set_program(&mut self, program: ProgramOptions) -> Result<(), RuntimeError> {
        let ProgramOptions { modules, log, stream_budget, flags } = program;
        self.modules.borrow_mut().set_source(modules);
        self.modules.borrow_mut().allow(flags);
        if flags.has_any_of(CompatibilityFlags::NODEJS_COMPAT) {
            self.define_node_globals().ok_or_else(|| self.explain(RuntimeError::Snapshot))?;
        }
        self.state.log.replace(log);
        self.state.started.set(Instant::now());
        self.configure_streams(&stream_budget).ok_or_else(|| self.explain(RuntimeError::Snapshot))
    }

    /// Why its set-up failed: `error`, or what it comes from.
    pub(crate) fn explain(&self, error: RuntimeError) -> RuntimeError {
        explain(error, &self.state)
    }

    /// Gives the streams their limits. Before any code of the program runs.
    fn configure_streams(&mut self, budget: &StreamBudget) -> Option<()> {
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let counters = stream_budget::configure(scope, &self.entry.configure_budget, budget)?;
        self.state.counters.set(counters).ok()
    }

    /// Defines the globals of Node.js. Before any code of the program runs.
    fn define_node_globals(&mut self) -> Option<()> {
        let function = self.entry("defineNodeGlobals").ok()?;
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let undefined = v8::undefined(scope).into();
        v8::Local::new(scope, function).call(scope, undefined, &[]).map(drop)
    }

    /// Lets code be made from strings, or no longer.
    pub(crate) fn allow_code_generation(&mut self, allow: bool) {
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        scope.get_current_context().set_allow_generation_from_strings(allow);
    }

    /// Takes shared memory away. Before any code of the app runs.
    fn remove_shared_memory(&mut self) -> Option<()> {
        let function = self.entry("removeSharedMemory").ok()?;
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let undefined = v8::undefined(scope).into();
        v8::Local::new(scope, function).call(scope, undefined, &[]).map(drop)
    }

    /// Sets the CPU limit of each turn, and what the process may take beside the memory limit.
    pub(crate) fn watch(&mut self, thread: WatchdogThread, cpu: Duration) {
        let native = usize::try_from(NATIVE_ALLOWANCE).unwrap_or(usize::MAX);
        let budget = &self.state.budget;
        let before = peak_resident();
        let resident = before.saturating_add(budget.hard_limit()).saturating_add(native);
        let collect_above = before.saturating_add(budget.limit());
        let isolate = self.isolate.thread_safe_handle();
        let termination = Arc::clone(&self.state.termination);
        let watched = Watched { cpu, resident, collect_above, isolate, tasks: Arc::clone(&self.tasks), termination };
        self.turns.watch(thread.watch(watched));
    }

    /// Begins to load and run the program. `path`: relative to the program's directory.
    pub(crate) fn load_main(&mut self, path: &str) {
        let _turn = self.turns.begin();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        modules::load_main(scope, &self.modules, path);
        event_loop::checkpoint_of_modules(scope, &self.state);
    }

    /// Forgets all modules, and begins to load those of another program, none of which is evaluated.
    pub(crate) fn check_main(&mut self, source: Box<dyn ModuleSource>, check: &Check) {
        let mut modules = self.modules.borrow().anew(source);
        modules.show_as(&check.shown);
        modules.allow(check.compatibility_flags);
        self.modules.replace(modules);
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        modules::check_main(scope, &self.modules, &check.entry);
    }

    /// A module that [`ModuleSource::fetch`] promised is there.
    pub(crate) fn module_arrived(&mut self, path: &str, text: Result<Vec<u8>, SourceError>) {
        let _turn = self.turns.begin();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        modules::arrived(scope, &self.modules, path, text);
        event_loop::checkpoint_of_modules(scope, &self.state);
    }

    /// How loading the program ended; `None` while it is not known.
    pub(crate) fn main_outcome(&mut self) -> Option<Result<(), ScriptError>> {
        let main = self.modules.borrow().main();
        let promise = match main {
            MainModule::Loading => return None,
            MainModule::Linked(_) => return Some(Ok(())),
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
    pub(crate) fn run_script(&mut self, name: &str, text: &str) -> Result<(), ScriptError> {
        let _turn = self.turns.begin();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let result = script::run(scope, name, text);
        event_loop::checkpoint(scope, &self.state);
        result
    }

    /// A function of bootstrap.js's `entry`, for the floors above.
    pub(crate) fn entry(&mut self, name: &str) -> Result<Entry, RuntimeError> {
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        let entry = v8::Local::new(scope, &self.entry.all);
        entry_function(scope, entry, name).ok_or(RuntimeError::Snapshot)
    }

    /// Looks at the heap; all counters and gauges of the moment.
    pub(crate) fn stats(&mut self) -> Option<Stats> {
        self.state.heap.set(self.isolate.get_heap_statistics().used_heap_size());
        self.state.stats()
    }

    /// Runs `body` in the program's realm, and nothing after it.
    pub(crate) fn with_scope<R>(&mut self, body: impl FnOnce(&mut v8::PinScope) -> R) -> R {
        let _turn = self.turns.begin();
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        body(scope)
    }
}

/// Where the limit of memory ended the isolate meanwhile, nothing that V8 was asked for was there.
fn explain(error: RuntimeError, state: &IsolateState) -> RuntimeError {
    match state.termination.reason() {
        Some(ExitReason::Heap | ExitReason::Memory) => RuntimeError::Memory(state.budget.limit()),
        _ => error,
    }
}

/// Makes the context and finds the functions that Rust calls.
fn enter(
    isolate: &mut v8::OwnedIsolate,
    extensions: &'static [Extension],
    from_snapshot: bool,
    code_generation: bool,
) -> Result<(v8::Global<v8::Context>, Entries), RuntimeError> {
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    let scope = &mut v8::ContextScope::new(scope, context);
    context.set_allow_generation_from_strings(code_generation);
    let entry = match from_snapshot {
        true => builtins::entry_from_snapshot(scope).ok_or(RuntimeError::Snapshot)?,
        false => builtins::evaluate(scope, extensions)?,
    };
    let function = |name: &str| entry_function(scope, entry, name);
    let entries = || {
        let rejections =
            RejectionEntries { unhandled: function("unhandledRejection")?, handled: function("rejectionHandled")? };
        Some(Entries {
            before_main: function("beforeMain")?,
            built_in_module: function("builtInModule")?,
            configure_budget: function("configureBudget")?,
            fire_timer: function("fireTimer")?,
            inspect: function("inspect")?,
            rejections,
            all: v8::Global::new(scope, entry),
        })
    };
    let entries = entries().ok_or(RuntimeError::Snapshot)?;
    Ok((v8::Global::new(scope, context), entries))
}

impl Drop for Runtime {
    fn drop(&mut self) {
        for extension in self.extensions {
            (extension.on_close)(&mut self.isolate);
        }
        tasks::forget(tasks::address(&self.isolate));
    }
}
