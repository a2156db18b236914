//! The state of an isolate that V8's callbacks and the operations need. It lies in a slot of the isolate; other state
//! (timers, modules, rejections, what the floors above add) lies in slots of its own, each found by its type.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nano_protocol::Stats;

use crate::engine::async_context::{self, ContextNames};
use crate::engine::counters::Counters;
use crate::engine::entry::Entry;
use crate::engine::log_sink::{LogLevel, LogSink, NoLog};
use crate::engine::memory::Budget;
use crate::engine::termination::Termination;

/// All cells: callbacks nest, so no borrow is held while JavaScript runs.
pub(crate) struct IsolateState {
    pub(crate) log: RefCell<Box<dyn LogSink>>,
    /// `performance.timeOrigin`'s moment.
    pub(crate) started: Cell<Instant>,
    /// Set by `exit(code)`: the event loop stops at the next chance.
    pub(crate) exit: Cell<Option<i32>>,
    /// Whether an error went uncaught since this was last looked at.
    pub(crate) uncaught: Cell<bool>,
    /// Whether an uncaught error ends the program.
    pub(crate) exit_on_uncaught: bool,
    pub(crate) termination: Arc<Termination>,
    pub(crate) budget: Arc<Budget>,
    /// Bytes of V8's heap when last looked at.
    pub(crate) heap: Cell<usize>,
    pub(crate) counters: OnceCell<Counters>,
    pub(crate) context: OnceCell<v8::Global<v8::Context>>,
    /// console/inspect.js's `inspect`.
    pub(crate) inspect: OnceCell<Entry>,
    /// What runs the callbacks of `process.nextTick()`, while there are some.
    pub(crate) ticks: RefCell<Option<Entry>>,
    /// What is called once, when no microtask is left.
    pub(crate) after_microtasks: RefCell<Option<Entry>>,
}

impl IsolateState {
    /// Its log goes nowhere until it is known where to.
    pub(crate) fn new(exit_on_uncaught: bool, budget: Arc<Budget>) -> Self {
        Self {
            log: RefCell::new(Box::new(NoLog)),
            started: Cell::new(Instant::now()),
            exit: Cell::new(None),
            uncaught: Cell::new(false),
            exit_on_uncaught,
            termination: Arc::default(),
            budget,
            heap: Cell::new(0),
            counters: OnceCell::new(),
            context: OnceCell::new(),
            inspect: OnceCell::new(),
            ticks: RefCell::new(None),
            after_microtasks: RefCell::new(None),
        }
    }

    /// The state of the scope's isolate; `None` while a snapshot is made.
    pub(crate) fn get(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// Writes to the program's log, on behalf of what runs now.
    pub(crate) fn write_log(&self, scope: &v8::PinScope, level: LogLevel, text: &str) {
        let isolate: &v8::Isolate = scope;
        let names = isolate.get_slot::<Rc<dyn ContextNames>>();
        let name = async_context::current(scope).and_then(|number| Some(names?.name(number)));
        self.log.borrow_mut().write(level, name.as_deref().unwrap_or_default(), text);
    }

    /// All counters and gauges; the heap's size as it was last looked at.
    pub(crate) fn stats(&self) -> Option<Stats> {
        let mut stats = self.counters.get()?.stats();
        stats.heap = u64::try_from(self.heap.get()).unwrap_or(u64::MAX);
        stats.array_buffers = u64::try_from(self.budget.array_buffers()).unwrap_or(u64::MAX);
        Some(stats)
    }

    /// The same, if something was counted that was not reported yet.
    pub(crate) fn new_counts(&self) -> Option<Stats> {
        if self.counters.get().is_some_and(Counters::changed) { self.stats() } else { None }
    }
}
