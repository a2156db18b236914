//! The metrics address of `nano serve`.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;

use nano_config::Config;
use tokio::task::JoinSet;

use super::ServeError;
use crate::readiness::Readiness;
use crate::supervisor::Lineage;
use crate::telemetry::{self, Scrapes};

/// A listener, or why there is none if nano can serve without it.
pub(super) type MetricsListener = (Option<TcpListener>, Option<(std::net::SocketAddr, io::Error)>);

/// Binds the address, or takes the socket that the nano before this one has there.
pub(super) fn metrics(config: &Config, before: Option<OwnedFd>) -> Result<MetricsListener, ServeError> {
    let Some((address, required)) = config.metrics.address() else { return Ok((None, None)) };
    if let Some(listener) = before.map(TcpListener::from) {
        let bound = listener.local_addr()?;
        if bound.ip() == address.ip() && (bound.port() == address.port() || address.port() == 0) {
            listener.set_nonblocking(true)?;
            return Ok((Some(listener), None));
        }
    }
    match telemetry::serve::bind(address) {
        Ok(listener) => Ok((Some(listener), None)),
        Err(source) if required => Err(ServeError::Metrics { address, source }),
        Err(error) => Ok((None, Some((address, error)))),
    }
}

pub(super) fn serve_metrics(
    listener: TcpListener,
    scrapes: &Arc<Scrapes>,
    readiness: &Rc<Readiness>,
    lineage: &Rc<Lineage>,
    background: &mut JoinSet<()>,
) -> io::Result<String> {
    let address = listener.local_addr()?.to_string();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (scrapes, readiness, lineage) = (Arc::clone(scrapes), Rc::clone(readiness), Rc::clone(lineage));
    background.spawn_local(async move {
        lineage.opens().await;
        telemetry::serve::serve(listener, scrapes, readiness, lineage.handed_over()).await;
    });
    Ok(address)
}
