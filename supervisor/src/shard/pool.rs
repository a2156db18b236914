//! One generation of an app in one shard: the links to its workers, and how a request gets on one of them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::link::{Due, Link, Outgoing, Request};
use crate::app::App;
use crate::worker::WorkerId;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The generation.
    pub(crate) app: Arc<App>,
    links: RefCell<Vec<Rc<Link>>>,
    /// Whether the shard's route table leads here.
    routed: Cell<bool>,
    /// Where the search for the least loaded worker begins, so that equals take turns.
    turn: Cell<usize>,
}

/// Why a request may not go to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// As many wait as may.
    QueueFull,
    /// The app does not run and will not soon.
    Unavailable(Duration),
    /// No worker took it in time.
    TimedOut,
    /// The app was replaced while the request waited: look it up again.
    Moved,
}

/// The right to have one request in flight on one worker.
#[derive(Debug)]
pub(crate) struct Permit {
    link: Rc<Link>,
    app: Arc<App>,
}

impl Pool {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self { app, links: RefCell::default(), routed: Cell::new(false), turn: Cell::new(0) }
    }

    pub(super) fn add(&self, link: Rc<Link>) {
        self.links.borrow_mut().push(link);
        self.app.admission.wake_all();
    }

    /// Takes a worker's link out: nothing more is sent to it.
    pub(super) fn remove(&self, worker: WorkerId) -> Option<Rc<Link>> {
        let mut links = self.links.borrow_mut();
        let at = links.iter().position(|link| link.worker.id == worker)?;
        Some(links.swap_remove(at))
    }

    pub(super) fn set_routed(&self, routed: bool) {
        if self.routed.replace(routed) && !routed {
            self.app.admission.wake_all();
        }
    }

    pub(super) fn is_unused(&self) -> bool {
        !self.routed.get() && self.links.borrow().is_empty()
    }

    /// Waits, at most until `deadline`, for a worker that takes one more request.
    pub(crate) async fn admit(&self, deadline: Instant) -> Result<Permit, NotAdmitted> {
        let admission = &self.app.admission;
        // Those who wait already come first.
        if admission.waiting() == 0
            && let Some(permit) = self.try_admit()
        {
            return Ok(permit);
        }
        self.check_available()?;
        let place = admission.enqueue().map_err(|_| NotAdmitted::QueueFull)?;
        let wait = async {
            loop {
                let turn = place.wait();
                if let Some(permit) = self.try_admit() {
                    return Ok(permit);
                }
                if !self.routed.get() {
                    return Err(NotAdmitted::Moved);
                }
                self.check_available()?;
                turn.await;
            }
        };
        tokio::time::timeout_at(deadline.into(), wait).await.unwrap_or(Err(NotAdmitted::TimedOut))
    }

    /// Without a worker: whether there will be one. Asks for one if so.
    fn check_available(&self) -> Result<(), NotAdmitted> {
        if !self.links.borrow().is_empty() {
            return Ok(());
        }
        match self.app.availability.refused() {
            Some(wait) => Err(NotAdmitted::Unavailable(wait)),
            None => {
                self.app.availability.wanted.notify_one();
                Ok(())
            }
        }
    }

    /// A place on the worker that has least to do, if one has room. A link that takes no more requests is passed over: it
    /// may stay in the list for a while, until somebody knows why its worker died.
    fn try_admit(&self) -> Option<Permit> {
        let links = self.links.borrow();
        let start = self.turn.get();
        self.turn.set(start.wrapping_add(1));
        loop {
            let turns = (0..links.len()).filter_map(|at| links.get((start.wrapping_add(at)) % links.len()));
            let open = turns.filter(|link| link.is_open());
            let link = open.min_by_key(|link| link.worker.in_flight.load(Ordering::Relaxed))?;
            if self.app.admission.take(&link.worker) {
                return Some(Permit { link: Rc::clone(link), app: Arc::clone(&self.app) });
            }
            // Other shards fill workers too: look again, unless the least loaded is full.
            if link.worker.in_flight.load(Ordering::Relaxed) >= self.app.settings.max_concurrent {
                return None;
            }
        }
    }
}

impl Permit {
    /// Sends the request; `None` if the worker went away meanwhile.
    pub(crate) fn send(&self, head: &mut Outgoing, due: Due) -> Option<Request> {
        self.link.send(head, due)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.app.admission.release(&self.link.worker);
    }
}
