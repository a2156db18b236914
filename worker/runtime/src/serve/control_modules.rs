//! Where an app's modules come from: the supervisor, asked over the control link.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use nano_protocol::{Frame, Outbox};

use crate::modules::{ModuleSource, SourceError};

/// Modules that the supervisor hands out.
pub(super) struct ControlModules {
    outbox: Rc<RefCell<Outbox>>,
    /// Number of the request → path.
    asked: Rc<RefCell<HashMap<u32, String>>>,
    next: u32,
}

impl ControlModules {
    pub(super) fn new(outbox: &Rc<RefCell<Outbox>>, asked: &Rc<RefCell<HashMap<u32, String>>>) -> Self {
        Self { outbox: Rc::clone(outbox), asked: Rc::clone(asked), next: 0 }
    }
}

impl ModuleSource for ControlModules {
    fn fetch(&mut self, path: &str) -> Option<Result<Vec<u8>, SourceError>> {
        if path.len() > nano_protocol::limits::MAX_MODULE_PATH {
            return Some(Err(SourceError("its path is too long".into())));
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.asked.borrow_mut().insert(id, path.into());
        self.outbox.borrow_mut().push(&Frame::ModuleRequest { id, path: path.into() });
        None
    }
}
