//! Where an app's modules come from: the supervisor, asked over the control link, for a bounded number at once.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use nano_protocol::limits::{MAX_MODULE_PATH, MAX_MODULE_REQUESTS};
use nano_protocol::{Frame, Outbox};

use crate::engine::modules::{ModuleSource, SourceError};

/// Modules that the supervisor hands out.
pub(super) struct ControlModules(Rc<RefCell<Asked>>);

/// What the supervisor was asked for and has not answered yet.
pub(super) struct Asked {
    outbox: Rc<RefCell<Outbox>>,
    /// Number of the request → path.
    sent: HashMap<u32, String>,
    /// Those to ask for when there is room.
    waiting: VecDeque<String>,
    next: u32,
}

impl Asked {
    /// `next`: the number of the first request.
    pub(super) fn new(outbox: &Rc<RefCell<Outbox>>, next: u32) -> Self {
        Self { outbox: Rc::clone(outbox), sent: HashMap::new(), waiting: VecDeque::new(), next }
    }

    /// The number of the next request.
    pub(super) fn next_id(&self) -> u32 {
        self.next
    }

    fn ask(&mut self, path: String) {
        if self.sent.len() >= MAX_MODULE_REQUESTS {
            return self.waiting.push_back(path);
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.outbox.borrow_mut().push(&Frame::ModuleRequest { id, path: path.clone() });
        self.sent.insert(id, path);
    }

    /// The path that was asked for by this number; the next one is asked for.
    pub(super) fn answered(&mut self, id: u32) -> Option<String> {
        let path = self.sent.remove(&id)?;
        if let Some(next) = self.waiting.pop_front() {
            self.ask(next);
        }
        Some(path)
    }
}

impl ControlModules {
    pub(super) fn new(asked: &Rc<RefCell<Asked>>) -> Self {
        Self(Rc::clone(asked))
    }
}

impl ModuleSource for ControlModules {
    fn request(&mut self, path: &str) -> Option<Result<Vec<u8>, SourceError>> {
        if path.len() > MAX_MODULE_PATH {
            return Some(Err(SourceError("its path is too long".into())));
        }
        self.0.borrow_mut().ask(path.into());
        None
    }
}
