//! Which app a host belongs to in one shard, and the links to its workers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;

use nano_config::HostName;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::link::{self, End, Link};
use super::pool::Pool;
use super::{InFlight, LinkEvent};
use crate::app::{App, GenerationId};
use crate::egress::Commons;
use crate::route::RouteTable;
use crate::worker::{Worker, WorkerId};

/// One shard's own.
#[derive(Debug)]
pub(crate) struct Routes {
    current: RefCell<Current>,
    pools: RefCell<HashMap<GenerationId, Rc<Pool>>>,
    /// What the fetches of all apps share.
    egress: Rc<Commons>,
    /// Who of its responses has a wide window.
    windows: link::ResponseWindows,
    /// The TCP ports of nano itself.
    own_ports: Arc<[u16]>,
    /// Waiting for a retired worker's link to close.
    retired: RefCell<HashMap<WorkerId, Vec<oneshot::Sender<()>>>>,
    events: mpsc::Sender<LinkEvent>,
}

#[derive(Debug)]
struct Current {
    table: Arc<RouteTable>,
    /// The pools of the table's apps, in its order.
    pools: Vec<Rc<Pool>>,
}

impl Routes {
    /// `max_egress_connections`: egress connections of all apps that are open at once.
    pub(crate) fn new(
        table: Arc<RouteTable>,
        max_egress_connections: usize,
        own_ports: Arc<[u16]>,
        events: mpsc::Sender<LinkEvent>,
    ) -> Rc<Self> {
        let routes = Rc::new(Self {
            current: RefCell::new(Current { table: Arc::default(), pools: Vec::new() }),
            pools: RefCell::default(),
            egress: Commons::new(max_egress_connections),
            windows: link::ResponseWindows::new(),
            own_ports,
            retired: RefCell::default(),
            events,
        });
        routes.swap(table);
        routes
    }

    /// The app for a host, in this shard.
    pub(crate) fn find(&self, host: &HostName) -> Option<Rc<Pool>> {
        let current = self.current.borrow();
        current.table.lookup(host).and_then(|index| current.pools.get(index)).map(Rc::clone)
    }

    /// A generation in this shard, unless it was replaced and has no worker left.
    pub(crate) fn of_generation(&self, generation: GenerationId) -> Option<Rc<Pool>> {
        self.pools.borrow().get(&generation).map(Rc::clone)
    }

    /// Whether a peer is a trusted proxy; `None`: a peer on a Unix socket.
    pub(crate) fn trusts(&self, peer: Option<IpAddr>) -> bool {
        self.current.borrow().table.trusted_proxies().contains(peer)
    }

    /// Whether trusted proxies are named at all.
    pub(crate) fn names_proxies(&self) -> bool {
        !self.current.borrow().table.trusted_proxies().is_empty()
    }

    /// Replaces the route table.
    pub(crate) fn swap(&self, table: Arc<RouteTable>) {
        let pools: Vec<_> = table.apps().iter().map(|app| self.pool(app)).collect();
        let old = self.current.replace(Current { table, pools });
        // Marked before waiting requests of the old ones are woken.
        for pool in &self.current.borrow().pools {
            pool.set_routed(true);
        }
        for pool in &old.pools {
            let stays = self.current.borrow().pools.iter().any(|new| Rc::ptr_eq(new, pool));
            pool.set_routed(stays);
        }
        self.pools.borrow_mut().retain(|_, pool| !pool.is_unused());
    }

    fn pool(&self, app: &Arc<App>) -> Rc<Pool> {
        let mut pools = self.pools.borrow_mut();
        Rc::clone(pools.entry(app.generation).or_insert_with(|| {
            let own = Arc::clone(&self.own_ports);
            Rc::new(Pool::new(Arc::clone(app), own, &self.egress))
        }))
    }

    /// A worker of `app` is ready: requests may be sent to it over `socket`.
    pub(crate) fn add_link(self: &Rc<Self>, app: &Arc<App>, worker: Arc<Worker>, socket: UnixStream) {
        let pool = self.pool(app);
        let settings = &app.settings;
        let fetches = (pool.egress(), Some(Arc::clone(app)));
        match Link::new(Arc::clone(&worker), socket, fetches, settings.cpu, settings.timeout, &self.windows) {
            Ok(link) => {
                pool.add(Rc::clone(&link));
                tokio::task::spawn_local(Rc::clone(self).run_link(pool, link));
            }
            Err(error) => {
                tracing::error!(app = %app.name, pid = worker.pid, %error, "cannot use a worker's link");
                self.report(LinkEvent::LinkClosed { worker, in_flight: InFlight::default() });
            }
        }
    }

    async fn run_link(self: Rc<Self>, pool: Rc<Pool>, link: Rc<Link>) {
        let worker = &link.worker;
        let report = |end, in_flight| match end {
            End::Retired => {}
            End::Closed => self.report(LinkEvent::LinkClosed { worker: Arc::clone(worker), in_flight }),
            End::Violated(violation) => {
                let (worker, detail) = (Arc::clone(worker), violation.to_string());
                self.report(LinkEvent::ProtocolViolation { worker, detail, in_flight });
            }
        };
        let released = || {
            for done in self.retired.borrow_mut().remove(&worker.id).unwrap_or_default() {
                let _ = done.send(());
            }
        };
        link::run(Rc::clone(&link), report, || pool.app.admission.wake_all(), released).await;
        pool.remove(worker.id);
        // Waiting requests may have to demand a new worker, or be refused.
        pool.app.admission.wake_all();
        released();
        self.pools.borrow_mut().retain(|_, pool| !pool.is_unused());
    }

    /// Sends no new requests to this worker. `done` is answered when nothing is in flight on its link any more.
    pub(crate) fn retire(&self, worker: WorkerId, done: oneshot::Sender<()>) {
        let link = self.pools.borrow().values().find_map(|pool| pool.remove(worker));
        if let Some(link) = link {
            self.retired.borrow_mut().entry(worker).or_default().push(done);
            link.retire();
        } else if let Some(waiting) = self.retired.borrow_mut().get_mut(&worker) {
            waiting.push(done);
        } else {
            // It has ended already.
            let _ = done.send(());
        }
    }

    fn report(&self, event: LinkEvent) {
        // When nano stops, the control plane takes no more events.
        if let Err(error @ TrySendError::Full(_)) = self.events.try_send(event) {
            tracing::error!(%error, "the control plane does not keep up: an event of a shard is lost");
        }
    }
}
