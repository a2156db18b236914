//! Requests, fetches, and the links of both. [`Exchanges`] lies in a slot of the isolate, so an operation finds all of it
//! with one look.

pub(crate) mod fetch;
pub(crate) mod hand_on;
pub(crate) mod key;
pub(crate) mod link;
mod link_outbox;
pub(crate) mod request;

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

use crate::engine::async_context::{self, ContextNames, ContextNumber};
use crate::engine::isolate_state::IsolateState;
use crate::engine::runtime::Runtime;

use fetch::Fetches;
use key::RequestKey;
use request::Requests;

/// Makes the link of a program that no supervisor runs, when its first fetch needs one. False if there is none to be had.
pub(crate) type Connector = Box<dyn FnOnce() -> bool>;

/// All cells: callbacks nest, so no borrow is held while JavaScript runs.
pub(crate) struct Exchanges {
    pub(crate) requests: RefCell<Requests>,
    /// Borrowed before `requests`, where both are.
    pub(crate) fetches: RefCell<Fetches>,
    /// Promises given to `ctx.waitUntil` that are not settled.
    pub(crate) waiting: Cell<u32>,
    connector: Cell<Option<Connector>>,
    /// What the engine knows of the same isolate.
    pub(crate) isolate: Rc<IsolateState>,
}

impl Exchanges {
    /// Gives an isolate its requests and fetches, none yet.
    pub(crate) fn open(runtime: &mut Runtime) -> Rc<Self> {
        let exchanges = Rc::new(Self {
            requests: RefCell::default(),
            fetches: RefCell::default(),
            waiting: Cell::new(0),
            connector: Cell::new(None),
            isolate: Rc::clone(&runtime.state),
        });
        runtime.isolate.set_slot(Rc::clone(&exchanges));
        let names: Rc<dyn ContextNames> = Rc::clone(&exchanges) as _;
        runtime.isolate.set_slot(names);
        exchanges
    }

    /// That of the scope's isolate; `None` while a snapshot is made.
    pub(crate) fn get(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// The request whose code runs now, also after an `await` or in a timer.
    pub(crate) fn current_request(scope: &v8::PinScope) -> Option<RequestKey> {
        async_context::current(scope)
    }

    /// Sends what streams counted on every data link, if the supervisor does not know it: before the responses of the
    /// turn that counted it.
    pub(crate) fn send_new_counts(&self) {
        if let Some(stats) = self.isolate.new_counts() {
            self.requests.borrow_mut().broadcast(&stats);
        }
    }

    /// A link will be made by `connector` when there is a fetch for it.
    pub(crate) fn connect_with(&self, connector: Connector) {
        self.connector.set(Some(connector));
    }

    /// Makes the link, the first time that a fetch needs one.
    pub(crate) fn connect(&self) {
        if self.connector.take().is_some_and(|connect| connect()) {
            self.requests.borrow_mut().set_links(1);
            self.fetches.borrow_mut().set_links(1);
        }
    }

    /// Whether every request is answered, and no `waitUntil` holds one.
    pub(crate) fn is_done(&self) -> bool {
        self.requests.borrow().in_flight() == 0 && self.waiting.get() == 0
    }

    /// The same, and no fetch is open.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_done() && !self.fetches.borrow().any_open()
    }
}

impl ContextNames for Exchanges {
    fn name(&self, number: ContextNumber) -> Ref<'_, str> {
        Ref::map(self.requests.borrow(), |requests| requests.request_id(number))
    }
}
