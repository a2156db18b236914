//! How many of a shard's connections are WebSockets: they stay open for as long as they like, and the others are for requests.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Those of one shard.
#[derive(Debug)]
pub(super) struct Tunnels {
    by_app: RefCell<HashMap<Arc<str>, usize>>,
    all: Cell<usize>,
    /// Of one app: half of the connections.
    most_of_app: usize,
    /// Of all apps: three quarters of them.
    most: usize,
}

impl Tunnels {
    /// `connections`: how many clients the shard may have.
    pub(super) fn new(connections: usize) -> Rc<Self> {
        let (most_of_app, most) = ((connections / 2).max(1), (connections - connections / 4).max(1));
        Rc::new(Self { by_app: RefCell::default(), all: Cell::new(0), most_of_app, most })
    }

    /// One more of an app; `None`: it has as many as it may have, or all together have.
    pub(super) fn enter(self: &Rc<Self>, app: &Arc<str>) -> Option<OpenTunnel> {
        let mut by_app = self.by_app.borrow_mut();
        let own = by_app.get(app).copied().unwrap_or(0);
        if own >= self.most_of_app || self.all.get() >= self.most {
            return None;
        }
        by_app.insert(Arc::clone(app), own + 1);
        self.all.set(self.all.get() + 1);
        Some(OpenTunnel { tunnels: Rc::clone(self), app: Arc::clone(app) })
    }
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct OpenTunnel {
    tunnels: Rc<Tunnels>,
    app: Arc<str>,
}

impl Drop for OpenTunnel {
    fn drop(&mut self) {
        self.tunnels.all.set(self.tunnels.all.get() - 1);
        let mut by_app = self.tunnels.by_app.borrow_mut();
        match by_app.get_mut(&self.app) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(by_app.remove(&self.app)),
        }
    }
}

#[cfg(test)]
mod tests;
