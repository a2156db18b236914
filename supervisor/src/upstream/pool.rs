//! One generation of an app in one shard: the links to its workers, and the assignment of requests to them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::link::{Deadline, Link, RequestFrame, UpstreamRequest};
use super::place::Place;
use crate::app::{App, BreakerDecision, Refusal};
use crate::egress::{Commons, Egress, Policy, Timeouts};
use crate::worker::WorkerId;

/// The links of one generation.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The generation.
    pub(crate) app: Arc<App>,
    /// The fetches of its workers, over any of the links.
    egress: Rc<Egress>,
    links: RefCell<Vec<Rc<Link>>>,
    /// Whether the shard's route table contains it.
    routed: Cell<bool>,
    /// Where the search for the least loaded worker begins, so that equal ones take turns.
    turn: Cell<usize>,
}

/// Why a request may not go to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// The queue is full.
    QueueFull,
    /// The app does not run and will not run soon.
    Unavailable(Refusal),
    /// No worker took it in time.
    TimedOut,
    /// The app was replaced while the request waited: look it up again.
    Moved,
}

/// The right to send one request to one worker.
#[derive(Debug)]
pub(crate) struct Permit {
    link: Rc<Link>,
    place: Place,
    probe: Option<Probe>,
}

/// A request that was sent; whether the worker works is known when it answers.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) request: UpstreamRequest,
    probe: Option<Probe>,
}

/// The right to be the one request that tries a worker on probation.
#[derive(Debug)]
struct Probe(Arc<App>);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.availability.release();
    }
}

impl Pool {
    /// `own_ports`: the TCP ports of nano itself.
    pub(super) fn new(app: Arc<App>, own_ports: Arc<[u16]>, commons: &Rc<Commons>) -> Self {
        let policy = Policy::new(app.settings.egress.clone(), own_ports);
        let egress = Rc::new(Egress::new(commons, policy, Timeouts::default(), Some(Arc::clone(&app.metrics))));
        Self { app, egress, links: RefCell::default(), routed: Cell::new(false), turn: Cell::new(0) }
    }

    pub(super) fn egress(&self) -> Rc<Egress> {
        Rc::clone(&self.egress)
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

    /// Waits, at most until `deadline`, for a worker that takes one more request, whose head has so many bytes.
    pub(crate) async fn admit(&self, deadline: Instant, head: usize) -> Result<Permit, NotAdmitted> {
        let probe = self.enter()?;
        // Waiting requests come first.
        if self.app.admission.waiting() == 0
            && let Some(link) = self.try_admit()
        {
            return Ok(self.permit(link, probe));
        }
        Box::pin(tokio::time::timeout_at(deadline.into(), self.queue(probe, head)))
            .await
            .unwrap_or(Err(NotAdmitted::TimedOut))
    }

    /// Waits in the queue of the app's requests.
    async fn queue(&self, mut probe: Option<Probe>, head: usize) -> Result<Permit, NotAdmitted> {
        self.demand_worker();
        let place = self.app.admission.enqueue(head).map_err(|_| NotAdmitted::QueueFull)?;
        loop {
            let turn = place.wait();
            if let Some(refusal) = self.app.availability.down() {
                return Err(NotAdmitted::Unavailable(refusal));
            }
            if probe.is_none() {
                probe = self.enter()?;
            }
            if let Some(link) = self.try_admit() {
                return Ok(self.permit(link, probe));
            }
            if !self.routed.get() {
                return Err(NotAdmitted::Moved);
            }
            self.demand_worker();
            turn.await;
        }
    }

    /// Whether the app's requests may be sent; on probation only one may.
    fn enter(&self) -> Result<Option<Probe>, NotAdmitted> {
        match self.app.availability.enter() {
            BreakerDecision::Pass => Ok(None),
            BreakerDecision::Probe => Ok(Some(Probe(Arc::clone(&self.app)))),
            BreakerDecision::Refused(refusal) => {
                if refusal.retry_after.is_zero() {
                    self.demand_worker();
                }
                Err(NotAdmitted::Unavailable(refusal))
            }
        }
    }

    /// If there is no worker, demands one: the app may be stopped for idleness.
    fn demand_worker(&self) {
        if self.links.borrow().is_empty() {
            self.app.availability.demand.notify_one();
        }
    }

    fn permit(&self, link: Rc<Link>, probe: Option<Probe>) -> Permit {
        let place = Place::new(&self.app, &link.worker);
        Permit { link, place, probe }
    }

    /// The link of the least loaded worker that has room. A link that takes no more requests is passed over: it may
    /// stay in the list for a while, until it is known why its worker died. Counts the request in flight: a [`Permit`]
    /// must be made of it.
    fn try_admit(&self) -> Option<Rc<Link>> {
        let links = self.links.borrow();
        let start = self.turn.get();
        self.turn.set(start.wrapping_add(1));
        loop {
            let turns = (0..links.len()).filter_map(|at| links.get((start.wrapping_add(at)) % links.len()));
            let open = turns.filter(|link| link.is_open());
            let link = open.min_by_key(|link| link.worker.in_flight.load(Ordering::Relaxed))?;
            if self.app.admission.take(&link.worker) {
                return Some(Rc::clone(link));
            }
            // Other shards fill workers too: retry, unless the least loaded is full.
            if link.worker.in_flight.load(Ordering::Relaxed) >= self.app.settings.max_concurrent {
                return None;
            }
        }
    }
}

impl Permit {
    /// Sends the request; `None` if the worker ended meanwhile.
    pub(crate) fn send(self, frame: &mut RequestFrame, due: Deadline) -> Option<Sent> {
        let Self { link, place, probe } = self;
        Some(Sent { request: link.send(frame, due, Some(place))?, probe })
    }
}

impl Sent {
    /// The worker answered, even with an error: it works.
    pub(crate) fn record_success(&self) {
        self.request.worker().set_answered();
        if let Some(Probe(app)) = &self.probe {
            app.availability.close_breaker();
        }
    }
}
