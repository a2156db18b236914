//! What the native side knows of one isolate. Callbacks reach it through an isolate slot.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use crate::modules::ModuleMap;
use crate::rejections::Rejection;
use crate::runtime::{LogLevel, LogSink};
use crate::timers::Timers;

/// State of one isolate. All cells: callbacks nest, so no borrow is held while JavaScript runs.
pub(crate) struct State {
    pub(crate) timers: RefCell<Timers>,
    pub(crate) modules: RefCell<ModuleMap>,
    pub(crate) rejections: RefCell<Vec<Rejection>>,
    pub(crate) log: RefCell<Box<dyn LogSink>>,
    /// `performance.timeOrigin`'s moment.
    pub(crate) started: Instant,
    /// Set by `exit(code)`: the event loop stops at the next chance.
    pub(crate) exit: Cell<Option<i32>>,
    /// Whether an error that nobody catches ends the program.
    pub(crate) exit_on_uncaught: bool,
}

impl State {
    pub(crate) fn new(log: Box<dyn LogSink>, modules: ModuleMap, exit_on_uncaught: bool) -> Self {
        Self {
            timers: RefCell::default(),
            modules: RefCell::new(modules),
            rejections: RefCell::default(),
            log: RefCell::new(log),
            started: Instant::now(),
            exit: Cell::new(None),
            exit_on_uncaught,
        }
    }

    /// Writes to the program's log.
    pub(crate) fn write_log(&self, level: LogLevel, text: &str) {
        self.log.borrow_mut().write(level, text);
    }

    /// The state of the scope's isolate; `None` while a snapshot is made.
    pub(crate) fn get(isolate: &v8::Isolate) -> Option<Rc<State>> {
        isolate.get_slot::<Rc<State>>().cloned()
    }
}
