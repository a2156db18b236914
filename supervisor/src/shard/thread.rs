//! The thread of one shard: its runtime, and the commands of the control plane.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;
use tokio::task::spawn_local;

use super::ShardOptions;
use super::command::ShardCommand;
use crate::assets::MAX_READS;
use crate::downstream::listener::Listener;
use crate::downstream::tls::TlsSwitch;
use crate::downstream::{Accepting, Drain, Server};
use crate::egress::MAX_LOOKUPS;
use crate::ingress::{IngressContext, Tracer, run_scheduled};
use crate::route::RouteTable;
use crate::signals;
use crate::upstream::Routes;

/// Tasks that run between two polls of the sockets: responses and timers can be late by that much. More would save
/// system calls; with the default of 61 one flood of work delays all other tasks for as many of its turns.
const TASKS_BETWEEN_EVENTS: u32 = 16;

/// Starts the thread. Anything that can fail does so before this returns.
pub(super) fn start(
    index: usize,
    listeners: Vec<Listener>,
    routes: Arc<RouteTable>,
    options: ShardOptions,
    inbox: mpsc::Receiver<ShardCommand>,
) -> io::Result<std::thread::JoinHandle<()>> {
    let (started, outcome) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name(format!("shard-{index}")).spawn(move || {
        // They are for the main thread.
        signals::hold();
        let mut builder = Builder::new_current_thread();
        builder.event_interval(TASKS_BETWEEN_EVENTS).global_queue_interval(TASKS_BETWEEN_EVENTS);
        // The blocking threads are for the system's resolver, for static files, and once for the certificates.
        let runtime = match builder
            .enable_all()
            .max_blocking_threads(MAX_LOOKUPS + MAX_READS + 1)
            .build_local(LocalOptions::default())
        {
            Ok(runtime) => runtime,
            Err(error) => return drop(started.send(Err(error))),
        };
        runtime.block_on(async {
            let ShardOptions {
                access_log,
                clients,
                max_egress_connections,
                tls,
                https_port,
                own_ports,
                metrics,
                tracing,
                build_page,
                events,
            } = options;
            let switch = TlsSwitch::new(tls, https_port);
            let routes = Routes::new(routes, max_egress_connections, own_ports, events);
            let drain = Rc::<Drain>::default();
            let context = IngressContext::new(
                Rc::clone(&routes),
                Rc::clone(&drain),
                metrics,
                (access_log, clients.max_connections),
                switch.clone(),
            );
            let tracer = tracing.clone().map(|tracing| Rc::new(Tracer::new(tracing)));
            let context = context.with_build_page(build_page).with_tracing(tracing);
            match Server::start(context, clients, (Rc::clone(&drain), switch.clone()), listeners) {
                Ok((server, accepting)) => {
                    let _ = started.send(Ok(()));
                    Composition { routes, tracer, drain, tls: switch, server, accepting }.run(inbox).await;
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
    })?;
    match outcome.recv() {
        Ok(Ok(())) => Ok(thread),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::other("the thread ended at once")),
    }
}

/// The state that commands change.
struct Composition {
    routes: Rc<Routes>,
    /// Of runs; requests have theirs.
    tracer: Option<Rc<Tracer>>,
    drain: Rc<Drain>,
    tls: TlsSwitch,
    server: Rc<Server<IngressContext>>,
    accepting: Accepting,
}

impl Composition {
    /// Carries out the commands of the control plane until it ends.
    async fn run(mut self, mut inbox: mpsc::Receiver<ShardCommand>) {
        while let Some(command) = inbox.recv().await {
            match command {
                ShardCommand::AddLink { app, worker, socket, done } => {
                    self.routes.add_link(&app, worker, socket);
                    let _ = done.send(());
                }
                ShardCommand::Listen { listeners, done } => {
                    let _ = done.send(self.server.accept(listeners, &mut self.accepting));
                }
                ShardCommand::SwapRoutes { routes, done } => {
                    self.routes.swap(routes);
                    let _ = done.send(());
                }
                ShardCommand::SwapTls { tls, done } => {
                    self.tls.set(tls);
                    let _ = done.send(());
                }
                ShardCommand::SwapChallenges { challenges, done } => {
                    self.tls.set_challenges(challenges);
                    let _ = done.send(());
                }
                ShardCommand::RunScheduled { app, event, limit, done } => {
                    let (routes, tracer) = (Rc::clone(&self.routes), self.tracer.clone());
                    spawn_local(async move {
                        let _ = done.send(run_scheduled((&routes, tracer.as_deref()), &app, event, limit).await);
                    });
                }
                ShardCommand::RetireWorker { worker, done } => self.routes.retire(worker, done),
                ShardCommand::Drain { unhurried, done } => {
                    self.drain.begin(unhurried);
                    let server = Rc::clone(&self.server);
                    let accepting = std::mem::take(&mut self.accepting);
                    spawn_local(async move {
                        server.drained(accepting).await;
                        let _ = done.send(());
                    });
                }
            }
        }
    }
}
