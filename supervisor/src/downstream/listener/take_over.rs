//! Listening sockets of the nano before this one: those that the configuration still wants go on, by the very same sockets,
//! so that no connection that waits in one is lost; what is new is bound.

use std::os::fd::OwnedFd;

use nano_config::{Listen, ListenAddress, UnixListen};
use socket2::{SockAddr, Socket};

use super::{Bound, ListenError, Listener, bind_tcp, bind_unix, group_id, is_v4_twin, listening, share};
use crate::socket_file::BoundSocket;

/// Sockets with one address: one for each shard of the nano before, or copies of one.
struct Group {
    address: SockAddr,
    sockets: Vec<Socket>,
}

/// Takes what `configured` wants of these sockets, and binds the rest. What is left over is closed here; the nano before
/// serves it until it ends.
///
/// # Errors
/// One of them is no listening stream socket, or an address cannot be bound.
pub(crate) fn take_over(sockets: Vec<OwnedFd>, configured: &[Listen], shards: usize) -> Result<Bound, ListenError> {
    let mut groups: Vec<Group> = Vec::new();
    for socket in sockets {
        let (socket, address) = listening(socket)?;
        match groups.iter_mut().find(|group| group.address == address) {
            Some(group) => group.sockets.push(socket),
            None => groups.push(Group { address, sockets: vec![socket] }),
        }
    }
    let mut all: Vec<Vec<Listener>> = (0..shards.max(1)).map(|_| Vec::new()).collect();
    let mut files = Vec::new();
    // First those that leave no choice; an address whose port the kernel picked takes what is left.
    let mut wanted: Vec<(&Listen, Option<Group>)> = configured.iter().map(|listen| (listen, None)).collect();
    for exactly in [true, false] {
        for (listen, group) in wanted.iter_mut().filter(|(_, group)| group.is_none()) {
            let at = groups.iter().position(|group| is_at(&group.address, &listen.address, exactly));
            *group = at.map(|at| groups.remove(at));
        }
    }
    for (Listen { address, options }, group) in wanted {
        match (address, group) {
            (ListenAddress::Tcp(_), Some(group)) => {
                spread(group.sockets, &mut all, |socket| Listener::tcp(socket.into(), *options))?;
            }
            (ListenAddress::Tcp(address), None) => {
                let v4_too = !configured.iter().any(|other| is_v4_twin(other, *address));
                bind_tcp(*address, v4_too, *options, &mut all)?;
            }
            (ListenAddress::Unix(socket), Some(group)) => {
                let name = format!("unix:{}", socket.path.display());
                let id = socket.group.as_deref().map(|group| group_id(group, &name)).transpose()?;
                let file = BoundSocket::adopt(&socket.path, socket.mode, id);
                files.push(file.map_err(ListenError::at(&name))?);
                spread(group.sockets, &mut all, |each| {
                    Listener::unix(OwnedFd::from(each).into(), name.clone(), *options)
                })?;
            }
            (ListenAddress::Unix(socket), None) => {
                let (listener, file) = bind_unix(socket, *options)?;
                files.push(file);
                share(listener, &mut all)?;
            }
        }
    }
    Ok(Bound { shards: all, files, inherited: false })
}

/// Every socket has a shard that accepts from it, and every shard a socket.
fn spread(
    sockets: Vec<Socket>,
    all: &mut [Vec<Listener>],
    listener: impl Fn(Socket) -> Result<Listener, ListenError>,
) -> Result<(), ListenError> {
    let mut sockets = sockets.into_iter().map(listener).collect::<Result<Vec<_>, _>>()?;
    let there = sockets.len();
    for at in there..all.len() {
        let shared = sockets.get(at % there.max(1)).map(Listener::share).transpose()?;
        sockets.extend(shared);
    }
    let count = all.len();
    for (at, socket) in sockets.into_iter().enumerate() {
        if let Some(own) = all.get_mut(at % count.max(1)) {
            own.push(socket);
        }
    }
    Ok(())
}

fn is_at(bound: &SockAddr, configured: &ListenAddress, exactly: bool) -> bool {
    match configured {
        ListenAddress::Unix(UnixListen { path, .. }) => bound.as_pathname() == Some(path),
        ListenAddress::Tcp(address) => bound.as_socket().is_some_and(|bound| {
            let open = bound.ip().is_unspecified() && address.ip().is_unspecified();
            // `[::]` is `0.0.0.0` on a machine without IPv6.
            let is_host = bound.ip() == address.ip() || (open && !exactly);
            let is_port = bound.port() == address.port() || (address.port() == 0 && !exactly);
            is_host && is_port
        }),
    }
}
