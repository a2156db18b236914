//! What all apps of one shard share for fetches, and how much of it one app may use.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::time::Instant;

use tokio::sync::Mutex;
use tokio::time::sleep_until;

use super::handshakes::Handshakes;
use super::idle::IdleConnections;
use crate::fair_semaphore::{FairSemaphore, Share};
use crate::rate::PacedRate;
use crate::read_budget::{Reader, ReaderGroup, Rounds};

/// Lookups at once of all apps, and of one. The system's resolver needs a thread for each and cannot be cancelled.
pub(crate) const MAX_LOOKUPS: usize = 128;
const LOOKUPS_OF_APP: usize = 4;
/// The same of TLS handshakes.
const MAX_HANDSHAKES: usize = 32;
const HANDSHAKES_OF_APP: usize = 4;
/// New connections of one app per second, after a burst of so many.
const CONNECTS_PER_SECOND: u32 = 500;
const CONNECTS_AT_ONCE: u32 = 250;
/// The cost of a new connection, in bytes of a round: the kernel does most of the work within the call.
const CONNECT_COST: usize = 32 * 1024;

/// Bytes that are read in one round for all apps, for one app, and for one connection.
const READ_BY_ALL: usize = 256 * 1024;
const READ_BY_APP: usize = 128 * 1024;
const READ_BY_ONE: usize = 64 * 1024;
/// The cost of a byte of TLS relative to one that is only copied: records may have one byte each and are decrypted one
/// by one.
const TLS_PRICE: usize = 4;

/// What all apps of one shard share for fetches.
#[derive(Debug)]
pub(crate) struct Commons {
    rounds: Rc<Rounds>,
    connections: Rc<FairSemaphore>,
    lookups: Rc<FairSemaphore>,
    handshakes: Rc<FairSemaphore>,
    pub(super) tls: Handshakes,
    /// All apps' idle connections.
    idle: RefCell<Vec<Weak<IdleConnections>>>,
}

/// One app's share.
#[derive(Debug)]
pub(super) struct AppShare {
    pub(super) commons: Rc<Commons>,
    reading: Rc<ReaderGroup>,
    pub(super) connections: Rc<Share>,
    pub(super) lookups: Rc<Share>,
    pub(super) handshakes: Rc<Share>,
    pub(super) connects: PacedRate,
    /// Held by the connection that waits for `connects`.
    turnstile: Mutex<()>,
    pub(super) idle: Rc<IdleConnections>,
}

impl Commons {
    /// For `connections` connections at once.
    pub(crate) fn new(connections: usize) -> Rc<Self> {
        Rc::new(Self {
            rounds: Rounds::new(READ_BY_ALL),
            connections: FairSemaphore::new(connections),
            lookups: FairSemaphore::new(MAX_LOOKUPS),
            handshakes: FairSemaphore::new(MAX_HANDSHAKES),
            tls: Handshakes::default(),
            idle: RefCell::default(),
        })
    }

    /// The share of one app.
    pub(super) fn part(self: &Rc<Self>) -> AppShare {
        let idle = Rc::<IdleConnections>::default();
        let mut all = self.idle.borrow_mut();
        all.retain(|idle| idle.strong_count() > 0);
        all.push(Rc::downgrade(&idle));
        AppShare {
            commons: Rc::clone(self),
            reading: self.rounds.group(READ_BY_APP),
            connections: self.connections.share(usize::MAX),
            lookups: self.lookups.share(LOOKUPS_OF_APP),
            handshakes: self.handshakes.share(HANDSHAKES_OF_APP),
            connects: PacedRate::new(CONNECTS_PER_SECOND, CONNECTS_AT_ONCE),
            turnstile: Mutex::new(()),
            idle,
        }
    }

    /// Closes an idle connection of the app that has most of them.
    fn close_an_idle_one(&self) {
        let all: Vec<_> = self.idle.borrow().iter().filter_map(Weak::upgrade).collect();
        if let Some(most) = all.iter().max_by_key(|idle| idle.len()) {
            most.close_one();
        }
    }
}

impl AppShare {
    /// The read budget of one of the app's connections.
    pub(super) fn reader(&self, tls: bool) -> Reader {
        self.reading.reader(READ_BY_ONE, if tls { TLS_PRICE } else { 1 })
    }

    /// Waits until the rate allows the app one more connection; the permit is taken separately.
    pub(super) async fn await_connect(&self) {
        {
            // One after the other, and each takes its turn only when it is due: a request that is given up before costs
            // none.
            let _first = self.turnstile.lock().await;
            if let Some(at) = self.connects.earliest().filter(|at| *at > Instant::now()) {
                sleep_until(at.into()).await;
            }
            self.connects.take(Instant::now());
        }
        let turn = self.reader(false);
        poll_fn(|cx| turn.poll_room(cx)).await;
        turn.took(CONNECT_COST);
    }

    /// Makes room for a connection by closing an idle one, if that is needed.
    pub(super) fn make_room(&self) {
        let must_wait = !self.connections.may_take();
        // Another app's idle connection is closed only if this app has no connection at all.
        if must_wait && !self.idle.close_one() && self.connections.has_none() {
            self.commons.close_an_idle_one();
        }
    }
}

#[cfg(test)]
mod tests;
