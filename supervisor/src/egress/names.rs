//! Name lookups by the system's resolver, on threads, because it blocks and cannot be cancelled.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use nano_protocol::FetchFailure;
use tokio::sync::oneshot;
use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::timeout;

use super::commons::AppShare;
use super::error::EgressError;

/// The addresses of a name; at least one. A lookup that takes longer than `within` continues and keeps its permit: an
/// app whose names never resolve has no more threads than any other.
pub(super) async fn look_up(
    part: &AppShare,
    name: &str,
    port: u16,
    within: Duration,
) -> Result<Vec<SocketAddr>, EgressError> {
    let resolved = timeout(within, async {
        let permit = part.lookups.take().await;
        let (done, outcome) = oneshot::channel();
        let name = name.to_owned();
        spawn_local(async move {
            let found = spawn_blocking(move || (name.as_str(), port).to_socket_addrs().map(Iterator::collect)).await;
            drop(permit);
            let _ = done.send(found);
        });
        outcome.await
    });
    let failed = |error: &dyn std::fmt::Display| {
        EgressError::new(FetchFailure::Resolve, format!("{name} cannot be found: {error}"))
    };
    let addresses: Vec<SocketAddr> = resolved
        .await
        .map_err(|_| EgressError::timed_out(format_args!("{name} could not be looked up"), within))?
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?;
    if addresses.is_empty() {
        return Err(EgressError::new(FetchFailure::Resolve, format!("{name} has no address")));
    }
    Ok(addresses)
}
