//! The metrics address of `nano serve`.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use nano_config::Config;
use tokio::task::JoinSet;

use super::ServeError;
use crate::readiness::Readiness;
use crate::telemetry::{self, Scrapes};

/// A listener, or why there is none if nano can serve without it.
pub(super) type MetricsListener = (Option<std::net::TcpListener>, Option<(std::net::SocketAddr, io::Error)>);

pub(super) fn bind_metrics(config: &Config) -> Result<MetricsListener, ServeError> {
    let Some((address, required)) = config.metrics.address() else { return Ok((None, None)) };
    match telemetry::serve::bind(address) {
        Ok(listener) => Ok((Some(listener), None)),
        Err(source) if required => Err(ServeError::Metrics { address, source }),
        Err(error) => Ok((None, Some((address, error)))),
    }
}

pub(super) fn serve_metrics(
    listener: std::net::TcpListener,
    scrapes: &Arc<Scrapes>,
    readiness: &Rc<Readiness>,
    background: &mut JoinSet<()>,
) -> io::Result<String> {
    let address = listener.local_addr()?.to_string();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    background.spawn_local(telemetry::serve::serve(listener, Arc::clone(scrapes), Rc::clone(readiness)));
    Ok(address)
}
