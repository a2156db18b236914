//! The sockets that `nano serve` listens on: bound here, inherited from systemd, or those of the nano before this one.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nano_config::Config;

use super::ServeError;
use super::control_place::Control;
use super::predecessor::Predecessor;
use crate::downstream::listener::{self, Bound, Listener};
use crate::handover::SocketRole;
use crate::supervisor::Sockets;

pub(super) fn listeners(
    config: &Config,
    shards: usize,
    predecessor: Option<&mut Predecessor>,
) -> Result<Bound, ServeError> {
    if let Some(predecessor) = predecessor {
        let sockets = std::mem::take(&mut predecessor.http);
        let taken = if predecessor.is_inherited() {
            listener::adopt(sockets, &config.listen, shards)
        } else {
            listener::take_over(sockets, &config.listen, shards)
        };
        return Ok(taken?);
    }
    let mut inherited = listenfd::ListenFd::from_env();
    if inherited.len() == 0 {
        return Ok(listener::bind(&config.listen, shards)?);
    }
    let mut sockets = Vec::new();
    for index in 0..inherited.len() {
        // The call checks the address family, so both are tried.
        let socket = match inherited.take_tcp_listener(index) {
            Ok(socket) => socket.map(OwnedFd::from),
            Err(_) => inherited.take_unix_listener(index).map_err(ServeError::Inherited)?.map(OwnedFd::from),
        };
        sockets.extend(socket);
    }
    Ok(listener::adopt(sockets, &config.listen, shards)?)
}

/// All of them once more, for a nano that takes over.
pub(super) fn duplicates(
    listeners: &[Vec<Listener>],
    inherited: bool,
    metrics: Option<&std::net::TcpListener>,
    control: Option<&Control>,
) -> io::Result<Sockets> {
    let http = listeners.iter().flatten().map(|each| Ok((SocketRole::Http, each.duplicate()?)));
    let mut all: Vec<_> = http.collect::<io::Result<_>>()?;
    if let Some(metrics) = metrics {
        all.push((SocketRole::Metrics, metrics.as_fd().try_clone_to_owned()?));
    }
    if let Some(control) = control {
        all.push((SocketRole::Control, control.listener.as_fd().try_clone_to_owned()?));
    }
    Ok(Sockets { all, inherited, control: control.map(|control| control.path.clone()) })
}

/// The addresses that nano listens on; every shard has the same.
pub(super) fn addresses(listeners: &[Vec<Listener>]) -> Vec<String> {
    let mut addresses: Vec<String> =
        listeners.first().into_iter().flatten().map(|listener| listener.address().to_owned()).collect();
    addresses.dedup();
    addresses
}

/// The port of the first listener with TLS.
pub(super) fn https_port(listeners: &[Vec<Listener>]) -> Option<u16> {
    let with_tls = listeners.iter().flatten().filter(|listener| listener.options().tls);
    with_tls.filter_map(Listener::tcp_address).map(|address| address.port()).next()
}

/// The TCP ports in these addresses; a Unix socket has none.
pub(super) fn own_ports<'a>(addresses: impl Iterator<Item = &'a String>) -> Arc<[u16]> {
    addresses.filter_map(|text| text.parse::<std::net::SocketAddr>().ok()).map(|address| address.port()).collect()
}
