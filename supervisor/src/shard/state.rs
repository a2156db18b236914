//! What everything in one shard shares.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;

use nano_config::HostName;
use tokio::sync::Notify;

use super::command::Done;
use super::connections::Connections;
use super::link::{self, End, Link};
use super::pool::Pool;
use super::{Event, Lost, Options};
use crate::app::{App, Generation};
use crate::egress::Commons;
use crate::request_id::RequestIds;
use crate::route::RouteTable;
use crate::worker::{Worker, WorkerId};

/// One shard's own world.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) ids: RequestIds,
    pub(super) connections: Connections,
    /// Woken when the shard begins to drain.
    pub(super) draining: Notify,
    is_draining: Cell<bool>,
    routes: RefCell<Routes>,
    pools: RefCell<HashMap<Generation, Rc<Pool>>>,
    /// Of the apps' outgoing requests.
    way_out: Rc<Commons>,
    /// Who waits for a retired worker's link to close.
    retired: RefCell<HashMap<WorkerId, Vec<Done>>>,
}

#[derive(Debug)]
struct Routes {
    table: Arc<RouteTable>,
    /// The pools of the table's apps, in its order.
    pools: Vec<Rc<Pool>>,
}

impl State {
    pub(super) fn new(options: Options, table: Arc<RouteTable>) -> Rc<Self> {
        let state = Rc::new(Self {
            connections: Connections::new(&options),
            way_out: Commons::new(options.max_outgoing),
            options,
            ids: RequestIds::new(),
            draining: Notify::new(),
            is_draining: Cell::new(false),
            routes: RefCell::new(Routes { table: Arc::default(), pools: Vec::new() }),
            pools: RefCell::default(),
            retired: RefCell::default(),
        });
        state.swap_routes(table);
        state
    }

    /// The app for a host, in this shard.
    pub(crate) fn route(&self, host: &HostName) -> Option<Rc<Pool>> {
        let routes = self.routes.borrow();
        routes.table.lookup(host).and_then(|index| routes.pools.get(index)).map(Rc::clone)
    }

    /// Whether the shard is about to end: connections are not kept alive.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.get()
    }

    pub(super) fn drain(&self) {
        self.is_draining.set(true);
        self.draining.notify_waiters();
    }

    pub(super) fn swap_routes(&self, table: Arc<RouteTable>) {
        let pools: Vec<_> = table.apps().iter().map(|app| self.pool(app)).collect();
        let old = self.routes.replace(Routes { table, pools });
        // Marked before the old ones are told to look again.
        for pool in &self.routes.borrow().pools {
            pool.set_routed(true);
        }
        for pool in &old.pools {
            let stays = self.routes.borrow().pools.iter().any(|new| Rc::ptr_eq(new, pool));
            pool.set_routed(stays);
        }
        self.pools.borrow_mut().retain(|_, pool| !pool.is_unused());
    }

    fn pool(&self, app: &Arc<App>) -> Rc<Pool> {
        let mut pools = self.pools.borrow_mut();
        Rc::clone(pools.entry(app.generation).or_insert_with(|| {
            let own = Arc::clone(&self.options.own_ports);
            Rc::new(Pool::new(Arc::clone(app), own, &self.way_out))
        }))
    }

    pub(super) fn add_link(self: &Rc<Self>, app: &Arc<App>, worker: Arc<Worker>, socket: UnixStream) {
        let pool = self.pool(app);
        match Link::new(Arc::clone(&worker), socket, pool.egress(), app.settings.cpu) {
            Ok(link) => {
                pool.add(Rc::clone(&link));
                tokio::task::spawn_local(Rc::clone(self).run_link(pool, link));
            }
            Err(error) => {
                tracing::error!(app = %app.name, pid = worker.pid, %error, "cannot use a worker's link");
                self.tell(Event::LinkClosed { worker, lost: Lost::default() });
            }
        }
    }

    async fn run_link(self: Rc<Self>, pool: Rc<Pool>, link: Rc<Link>) {
        let worker = &link.worker;
        let tell = |end, lost| match end {
            End::Retired => {}
            End::Closed => self.tell(Event::LinkClosed { worker: Arc::clone(worker), lost }),
            End::Violated(violation) => {
                let (worker, detail) = (Arc::clone(worker), violation.to_string());
                self.tell(Event::ProtocolViolation { worker, detail, lost });
            }
        };
        let released = || {
            for done in self.retired.borrow_mut().remove(&worker.id).unwrap_or_default() {
                let _ = done.send(());
            }
        };
        link::run(Rc::clone(&link), tell, || pool.app.admission.wake_all(), released).await;
        pool.remove(worker.id);
        // Those who wait may have to ask for a new worker, or be refused.
        pool.app.admission.wake_all();
        released();
        self.pools.borrow_mut().retain(|_, pool| !pool.is_unused());
    }

    pub(super) fn retire(&self, worker: WorkerId, done: Done) {
        let link = self.pools.borrow().values().find_map(|pool| pool.remove(worker));
        if let Some(link) = link {
            self.retired.borrow_mut().entry(worker).or_default().push(done);
            link.retire();
        } else if let Some(waiting) = self.retired.borrow_mut().get_mut(&worker) {
            waiting.push(done);
        } else {
            // It was gone already.
            let _ = done.send(());
        }
    }

    fn tell(&self, event: Event) {
        if let Err(error) = self.options.events.try_send(event) {
            tracing::error!(%error, "the control plane does not keep up: an event of a shard is lost");
        }
    }
}
