//! The thread of one shard: its runtime, and the orders of the control plane.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_local};

use super::command::Command;
use super::listener::Listener;
use super::state::State;
use super::{Options, accept, connections};
use crate::egress::MOST_LOOKUPS;
use crate::route::RouteTable;

/// Tasks that run before the sockets are looked at again: so late an answer or a timer is at most. More would save system
/// calls; with the default of 61 one flood of work holds up everybody else for as many of its turns.
const TASKS_BETWEEN_EVENTS: u32 = 16;

/// Starts the thread. What can fail fails before this returns.
pub(super) fn start(
    index: usize,
    listeners: Vec<Listener>,
    routes: Arc<RouteTable>,
    options: Options,
    inbox: mpsc::Receiver<Command>,
) -> io::Result<std::thread::JoinHandle<()>> {
    let (started, outcome) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name(format!("shard-{index}")).spawn(move || {
        let mut builder = Builder::new_current_thread();
        builder.event_interval(TASKS_BETWEEN_EVENTS).global_queue_interval(TASKS_BETWEEN_EVENTS);
        // Threads are for the system's resolver, and once for the certificates.
        let runtime =
            match builder.enable_all().max_blocking_threads(MOST_LOOKUPS + 1).build_local(LocalOptions::default()) {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
        runtime.block_on(async {
            let state = State::new(options, routes);
            let acceptors: io::Result<Vec<_>> = listeners.into_iter().map(accept::Acceptor::new).collect();
            match acceptors {
                Ok(acceptors) => {
                    let accepting = acceptors.into_iter().map(|one| spawn_local(one.run(Rc::clone(&state)))).collect();
                    spawn_local(connections::sweep(Rc::clone(&state)));
                    let _ = started.send(Ok(()));
                    obey(&state, accepting, inbox).await;
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

/// Does what the control plane says, until it says nothing more.
async fn obey(state: &Rc<State>, mut accepting: Vec<JoinHandle<()>>, mut inbox: mpsc::Receiver<Command>) {
    while let Some(command) = inbox.recv().await {
        match command {
            Command::AddLink { app, worker, socket, done } => {
                state.add_link(&app, worker, socket);
                let _ = done.send(());
            }
            Command::SwapRoutes { routes, done } => {
                state.swap_routes(routes);
                let _ = done.send(());
            }
            Command::RetireWorker { worker, done } => state.retire(worker, done),
            Command::Drain { done } => {
                state.drain();
                let state = Rc::clone(state);
                let accepting = std::mem::take(&mut accepting);
                let idle = Rc::clone(&state);
                spawn_local(async move { idle.connections.close_idle().await });
                spawn_local(async move {
                    for acceptor in accepting {
                        let _ = acceptor.await;
                    }
                    state.connections.none().await;
                    let _ = done.send(());
                });
            }
        }
    }
}
