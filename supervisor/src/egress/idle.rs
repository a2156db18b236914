//! Idle connections, kept for the next request of the same app to the same origin.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::spawn_local;

use super::connect::EgressConnection;
use super::target::Origin;

/// How long they are kept. Shorter than most servers keep them, so that few are closed while a request is being sent.
const MAX_IDLE: Duration = Duration::from_secs(15);
/// Most connections of one origin.
const MAX_PER_ORIGIN: usize = 8;
/// Most connections of one app in one shard.
const MAX_PER_APP: usize = 32;

/// The idle connections of one app in one shard.
#[derive(Debug, Default)]
pub(super) struct IdleConnections {
    by_origin: RefCell<HashMap<Origin, Vec<(EgressConnection, Instant)>>>,
    sweeping: Cell<bool>,
}

impl IdleConnections {
    /// The connection that was used last, if one is usable.
    pub(super) fn take(&self, origin: &Origin) -> Option<EgressConnection> {
        let mut all = self.by_origin.borrow_mut();
        let waiting = all.get_mut(origin)?;
        let mut found = None;
        while let Some((connection, since)) = waiting.pop() {
            if connection.sender.is_ready() && since.elapsed() < MAX_IDLE {
                found = Some(connection);
                break;
            }
        }
        if waiting.is_empty() {
            all.remove(origin);
        }
        found
    }

    pub(super) fn put(self: &Rc<Self>, origin: Origin, connection: EgressConnection) {
        let mut all = self.by_origin.borrow_mut();
        if all.values().map(Vec::len).sum::<usize>() >= MAX_PER_APP {
            return;
        }
        let waiting = all.entry(origin).or_default();
        if waiting.len() < MAX_PER_ORIGIN {
            waiting.push((connection, Instant::now()));
        }
        if !self.sweeping.replace(true) {
            let weak = Rc::downgrade(self);
            spawn_local(async move {
                loop {
                    tokio::time::sleep(MAX_IDLE / 3).await;
                    let Some(idle) = weak.upgrade() else { return };
                    if idle.sweep() {
                        idle.sweeping.set(false);
                        return;
                    }
                }
            });
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_origin.borrow().values().map(Vec::len).sum()
    }

    /// Closes the one that has been idle longest. False if there is none.
    pub(super) fn close_one(&self) -> bool {
        let mut all = self.by_origin.borrow_mut();
        let oldest = all.iter().filter_map(|(origin, waiting)| Some((waiting.first()?.1, origin)));
        let Some(origin) = oldest.min_by_key(|(since, _)| *since).map(|(_, origin)| origin.clone()) else {
            return false;
        };
        if let Some(waiting) = all.get_mut(&origin) {
            drop(waiting.remove(0));
            if waiting.is_empty() {
                all.remove(&origin);
            }
        }
        true
    }

    /// Closes those that were idle too long or that the server closed. True if none is left.
    fn sweep(&self) -> bool {
        let mut all = self.by_origin.borrow_mut();
        all.retain(|_, waiting| {
            waiting.retain(|(connection, since)| {
                let stays = since.elapsed() < MAX_IDLE && !connection.sender.is_closed();
                if !stays {
                    connection.watch.close_gracefully();
                }
                stays
            });
            !waiting.is_empty()
        });
        all.is_empty()
    }
}
