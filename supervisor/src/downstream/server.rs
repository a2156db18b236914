//! Listeners, connections and the service that answers them.

use std::io;
use std::rc::Rc;

use tokio::task::{JoinHandle, spawn_local};

use super::acceptor::Acceptor;
use super::connection_table::ConnectionTable;
use super::listener::Listener;
use super::tls::{Computing, TlsSwitch};
use super::{ClientLimits, Drain, Service};

/// Serves clients on one thread.
#[derive(Debug)]
pub(crate) struct Server<S> {
    pub(super) service: Rc<S>,
    pub(super) limits: ClientLimits,
    pub(super) connections: ConnectionTable,
    pub(super) drain: Rc<Drain>,
    pub(super) tls: TlsSwitch,
    pub(super) computing: Computing,
}

/// The listeners of a running server.
#[derive(Debug, Default)]
pub(crate) struct Accepting(Vec<JoinHandle<()>>);

impl<S: Service> Server<S> {
    /// Accepts on these listeners until the drain begins.
    ///
    /// # Errors
    /// A listener cannot be registered with the thread's runtime.
    pub(crate) fn start(
        service: S,
        limits: ClientLimits,
        (drain, tls): (Rc<Drain>, TlsSwitch),
        listeners: Vec<Listener>,
    ) -> io::Result<(Rc<Self>, Accepting)> {
        let connections = ConnectionTable::new(&limits);
        let server = Rc::new(Self {
            service: Rc::new(service),
            limits,
            connections,
            drain,
            tls,
            computing: Computing::default(),
        });
        let mut accepting = Accepting::default();
        server.accept(listeners, &mut accepting)?;
        let swept = Rc::clone(&server);
        spawn_local(async move { swept.connections.sweep(&swept.limits, &swept.drain).await });
        Ok((server, accepting))
    }

    /// Accepts on these listeners, too: on all, or on none.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub(crate) fn accept(self: &Rc<Self>, listeners: Vec<Listener>, accepting: &mut Accepting) -> io::Result<()> {
        let acceptors: Vec<_> = listeners.into_iter().map(Acceptor::new).collect::<io::Result<_>>()?;
        accepting.0.extend(acceptors.into_iter().map(|acceptor| spawn_local(acceptor.run(Rc::clone(self)))));
        Ok(())
    }

    /// After the drain has begun: waits until no connection is left.
    pub(crate) async fn drained(self: Rc<Self>, accepting: Accepting) {
        let idle = Rc::clone(&self);
        spawn_local(async move { idle.connections.close_idle(idle.drain.grace()).await });
        for acceptor in accepting.0 {
            let _ = acceptor.await;
        }
        self.connections.none().await;
    }
}
