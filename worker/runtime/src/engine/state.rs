//! What the native side knows of one isolate. Callbacks reach it through an isolate slot.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nano_protocol::Stats;

use crate::engine::async_context;
use crate::engine::counters::Counters;
use crate::engine::entry::Entry;
use crate::engine::log_sink::{LogLevel, LogSink};
use crate::engine::memory::Budget;
use crate::engine::modules::ModuleMap;
use crate::engine::rejections::{Rejection, RejectionEntries, Unhandled};
use crate::engine::termination::Termination;
use crate::engine::timers::Timers;
use crate::engine::watchdog::Watchdog;
use crate::exchange::fetch::Fetches;
use crate::exchange::request::{RequestKey, Requests};
use crate::program::broker::Broker;

/// State of one isolate. All cells: callbacks nest, so no borrow is held while JavaScript runs.
pub(crate) struct State {
    pub(crate) timers: RefCell<Timers>,
    pub(crate) modules: RefCell<ModuleMap>,
    pub(crate) rejections: RefCell<Unhandled>,
    /// Promises that got a handler after they were reported.
    pub(crate) late_handled: RefCell<Vec<Rejection>>,
    pub(crate) rejection_entries: OnceCell<RejectionEntries>,
    pub(crate) requests: RefCell<Requests>,
    pub(crate) broker: RefCell<Broker>,
    /// Borrowed before `requests`, where both are.
    pub(crate) fetches: RefCell<Fetches>,
    /// Promises given to `ctx.waitUntil` that are not settled.
    pub(crate) waiting: Cell<u32>,
    pub(crate) log: RefCell<Box<dyn LogSink>>,
    /// `performance.timeOrigin`'s moment.
    pub(crate) started: Instant,
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
    pub(crate) watchdog: OnceCell<Watchdog>,
    /// console/inspect.js's `inspect`.
    pub(crate) inspect: OnceCell<Entry>,
    turn_depth: Cell<u32>,
}

impl State {
    pub(crate) fn new(log: Box<dyn LogSink>, modules: ModuleMap, exit_on_uncaught: bool, budget: Arc<Budget>) -> Self {
        Self {
            timers: RefCell::default(),
            modules: RefCell::new(modules),
            rejections: RefCell::default(),
            late_handled: RefCell::default(),
            rejection_entries: OnceCell::new(),
            requests: RefCell::default(),
            broker: RefCell::default(),
            fetches: RefCell::default(),
            waiting: Cell::new(0),
            log: RefCell::new(log),
            started: Instant::now(),
            exit: Cell::new(None),
            uncaught: Cell::new(false),
            exit_on_uncaught,
            termination: Arc::default(),
            budget,
            heap: Cell::new(0),
            counters: OnceCell::new(),
            context: OnceCell::new(),
            watchdog: OnceCell::new(),
            inspect: OnceCell::new(),
            turn_depth: Cell::new(0),
        }
    }

    /// The state of the scope's isolate; `None` while a snapshot is made.
    pub(crate) fn get(isolate: &v8::Isolate) -> Option<Rc<State>> {
        isolate.get_slot::<Rc<State>>().cloned()
    }

    /// The request whose code runs now, also after an `await` or in a timer.
    pub(crate) fn current_request(&self, scope: &v8::PinScope) -> Option<RequestKey> {
        async_context::current(scope)
    }

    /// Writes to the program's log, on behalf of the request whose code runs now.
    pub(crate) fn write_log(&self, scope: &v8::PinScope, level: LogLevel, text: &str) {
        let requests = self.requests.borrow();
        let request_id = self.current_request(scope).map_or("", |key| requests.request_id(key));
        self.log.borrow_mut().write(level, request_id, text);
    }

    /// All counters and gauges; the heap's size as it was last looked at.
    pub(crate) fn stats(&self) -> Option<Stats> {
        let mut stats = self.counters.get()?.stats();
        stats.heap = u64::try_from(self.heap.get()).unwrap_or(u64::MAX);
        stats.array_buffers = u64::try_from(self.budget.array_buffers()).unwrap_or(u64::MAX);
        Some(stats)
    }

    /// Sends what streams counted on every data link, if the supervisor does not know it: before the responses of the
    /// turn that counted it.
    pub(crate) fn send_new_counts(&self) {
        if self.counters.get().is_some_and(Counters::changed)
            && let Some(stats) = self.stats()
        {
            self.requests.borrow_mut().broadcast(&stats);
        }
    }

    /// Tells the watchdog that JavaScript runs, until the result is dropped. May nest.
    pub(crate) fn turn(self: &Rc<Self>) -> Turn {
        self.turn_depth.set(self.turn_depth.get() + 1);
        if self.turn_depth.get() == 1
            && let Some(watchdog) = self.watchdog.get()
        {
            watchdog.enter();
        }
        Turn(Rc::clone(self))
    }
}

/// See [`State::turn`].
pub(crate) struct Turn(Rc<State>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.turn_depth.set(self.0.turn_depth.get() - 1);
        if self.0.turn_depth.get() == 0
            && let Some(watchdog) = self.0.watchdog.get()
        {
            watchdog.leave();
        }
    }
}
