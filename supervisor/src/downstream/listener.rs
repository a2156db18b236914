//! The sockets that clients connect to: bound by nano, one for each shard, or inherited and shared by all shards.

mod take_over;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use nano_config::{Listen, ListenAddress, ListenOptions, UnixListen};
use nix::unistd::Group;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::socket_file::{self, BindError, BoundSocket};
pub(crate) use take_over::take_over;

/// Connections that wait in the kernel to be accepted; the kernel cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// A listening socket of one shard.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: Kind,
    address: String,
    options: ListenOptions,
}

#[derive(Debug)]
pub(super) enum Kind {
    Tcp(std::net::TcpListener),
    Unix(UnixListener),
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process listens there.
    #[error("{address} is in use by another process: stop that one, or choose another `port` or `listen`")]
    InUse {
        /// Where.
        address: String,
    },
    /// A port below 1024, or a directory that nano may not write to.
    #[error(
        "{address}: permission denied: a port below 1024 needs CAP_NET_BIND_SERVICE (or a socket from systemd), a unix socket a directory that can be written"
    )]
    Denied {
        /// Where.
        address: String,
    },
    /// Anything else.
    #[error("cannot listen on {address}: {source}")]
    Io {
        /// Where.
        address: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The file at a unix socket's path is no socket.
    #[error("{path} is there and is no socket: remove it, or choose another path")]
    NotASocket {
        /// Where.
        path: PathBuf,
    },
    /// No such group.
    #[error("{address}: there is no group {group:?} on this machine")]
    NoGroup {
        /// Where.
        address: String,
        /// As the configuration has it.
        group: String,
    },
    /// The group exists, but the socket cannot get it.
    #[error("{address}: only root, or a member of the group {group:?}, can give it to the socket's file")]
    Group {
        /// Where.
        address: String,
        /// As the configuration has it.
        group: String,
    },
    /// systemd passed something that is no listening stream socket.
    #[error("an inherited socket is no listening TCP or unix stream socket")]
    Inherited,
}

impl ListenError {
    fn at(address: &str) -> impl FnOnce(io::Error) -> Self {
        let address = address.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address },
            io::ErrorKind::PermissionDenied => Self::Denied { address },
            _ => Self::Io { address, source },
        }
    }
}

impl Listener {
    /// The address as it is logged: `127.0.0.1:8080`, `unix:/run/nano.sock`, with the port that the kernel picked.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The TCP address, if it is one.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Kind::Tcp(socket) => socket.local_addr().ok(),
            Kind::Unix(_) => None,
        }
    }

    /// What is agreed with those who connect.
    #[must_use]
    pub fn options(&self) -> ListenOptions {
        self.options
    }

    fn tcp(socket: std::net::TcpListener, options: ListenOptions) -> Result<Self, ListenError> {
        let address = socket.local_addr().map_err(ListenError::at("a TCP address"))?.to_string();
        socket.set_nonblocking(true).map_err(ListenError::at(&address))?;
        Ok(Self { socket: Kind::Tcp(socket), address, options })
    }

    fn unix(socket: UnixListener, address: String, options: ListenOptions) -> Result<Self, ListenError> {
        socket.set_nonblocking(true).map_err(ListenError::at(&address))?;
        Ok(Self { socket: Kind::Unix(socket), address, options })
    }

    /// The socket once more, for another process.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedFd> {
        match &self.socket {
            Kind::Tcp(socket) => socket.try_clone().map(OwnedFd::from),
            Kind::Unix(socket) => socket.try_clone().map(OwnedFd::from),
        }
    }

    fn share(&self) -> Result<Self, ListenError> {
        let socket = match &self.socket {
            Kind::Tcp(socket) => socket.try_clone().map(Kind::Tcp),
            Kind::Unix(socket) => socket.try_clone().map(Kind::Unix),
        };
        let socket = socket.map_err(ListenError::at(&self.address))?;
        Ok(Self { socket, address: self.address.clone(), options: self.options })
    }
}

/// Everything that was bound.
#[derive(Debug)]
pub struct Bound {
    /// One list for each shard.
    pub shards: Vec<Vec<Listener>>,
    /// The files of Unix sockets: dropping this removes them.
    pub files: Vec<BoundSocket>,
    /// They were bound by systemd.
    pub inherited: bool,
}

/// Binds every address for every shard. With several shards a TCP address is bound once for each (`SO_REUSEPORT`), so
/// that the kernel distributes the connections; a unix socket is shared.
///
/// # Errors
/// One of the addresses cannot be bound. None stays bound then.
pub fn bind(addresses: &[Listen], shards: usize) -> Result<Bound, ListenError> {
    let shards = shards.max(1);
    let mut all: Vec<Vec<Listener>> = (0..shards).map(|_| Vec::new()).collect();
    let mut files = Vec::new();
    for Listen { address, options } in addresses {
        match address {
            ListenAddress::Tcp(address) => {
                let v4_too = !addresses.iter().any(|other| is_v4_twin(other, *address));
                bind_tcp(*address, v4_too, *options, &mut all)?;
            }
            ListenAddress::Unix(socket) => {
                let (listener, file) = bind_unix(socket, *options)?;
                files.push(file);
                share(listener, &mut all)?;
            }
        }
    }
    Ok(Bound { shards: all, files, inherited: false })
}

/// Takes listening sockets that another process bound (systemd), each shared by all shards. One whose address is in
/// `configured` has that entry's options.
///
/// # Errors
/// One of them is no listening stream socket.
pub fn adopt(sockets: Vec<OwnedFd>, configured: &[Listen], shards: usize) -> Result<Bound, ListenError> {
    let mut all: Vec<Vec<Listener>> = (0..shards.max(1)).map(|_| Vec::new()).collect();
    for socket in sockets {
        let (socket, address) = listening(socket)?;
        let options = options_for(&address, configured);
        let listener = match (address.as_socket(), address.is_unix()) {
            (Some(_), _) => Listener::tcp(socket.into(), options)?,
            (None, true) => {
                let path =
                    address.as_pathname().map_or_else(|| "(unnamed)".to_owned(), |path| path.display().to_string());
                Listener::unix(OwnedFd::from(socket).into(), format!("unix:{path}"), options)?
            }
            _ => return Err(ListenError::Inherited),
        };
        share(listener, &mut all)?;
    }
    // systemd removes their files.
    Ok(Bound { shards: all, files: Vec::new(), inherited: true })
}

/// A socket that another process bound, and its address.
fn listening(socket: OwnedFd) -> Result<(Socket, SockAddr), ListenError> {
    let socket = Socket::from(socket);
    let listens = socket.is_listener().unwrap_or(false) && socket.r#type().is_ok_and(|kind| kind == Type::STREAM);
    let address = socket.local_addr().map_err(|_| ListenError::Inherited)?;
    if listens { Ok((socket, address)) } else { Err(ListenError::Inherited) }
}

/// The options of an inherited socket. `[::]` and `0.0.0.0` are one address here: which of them a socket has is decided by
/// whoever bound it.
fn options_for(bound: &SockAddr, configured: &[Listen]) -> ListenOptions {
    let is_here = |listen: &&Listen| match &listen.address {
        ListenAddress::Tcp(address) => bound.as_socket().is_some_and(|bound| {
            bound == *address
                || (bound.port() == address.port() && bound.ip().is_unspecified() && address.ip().is_unspecified())
        }),
        ListenAddress::Unix(UnixListen { path, .. }) => bound.as_pathname() == Some(path),
    };
    configured.iter().find(is_here).map_or_else(ListenOptions::default, |listen| listen.options)
}

/// Whether `other` is `0.0.0.0` with the port of `address`: then `[::]` must leave IPv4 alone.
fn is_v4_twin(other: &Listen, address: SocketAddr) -> bool {
    matches!(other.address, ListenAddress::Tcp(SocketAddr::V4(v4)) if v4.ip().is_unspecified() && v4.port() == address.port())
}

fn share(listener: Listener, all: &mut [Vec<Listener>]) -> Result<(), ListenError> {
    let Some((last, others)) = all.split_last_mut() else { return Ok(()) };
    for own in others {
        own.push(listener.share()?);
    }
    last.push(listener);
    Ok(())
}

/// How a TCP socket is bound.
#[derive(Clone, Copy)]
struct Binding {
    address: SocketAddr,
    reuse_port: bool,
    v4_too: bool,
}

impl Binding {
    fn bind(self) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        if self.address.is_ipv6() {
            socket.set_only_v6(!(self.v4_too && self.address.ip().is_unspecified()))?;
        }
        // A restart can bind at once, while connections of the last run are in TIME_WAIT.
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(self.reuse_port)?;
        socket.bind(&self.address.into())?;
        Ok(socket)
    }

    fn listen(self, options: ListenOptions) -> Result<Listener, ListenError> {
        let socket = match self.bind() {
            // A machine without IPv6.
            Err(error) if self.address.is_ipv6() && self.address.ip().is_unspecified() && lacks_ipv6(&error) => {
                Self { address: SocketAddr::from(([0, 0, 0, 0], self.address.port())), ..self }.bind()
            }
            other => other,
        };
        let name = self.address.to_string();
        let socket = socket.map_err(ListenError::at(&name))?;
        socket.listen(BACKLOG).map_err(ListenError::at(&name))?;
        Listener::tcp(socket.into(), options)
    }
}

fn lacks_ipv6(error: &io::Error) -> bool {
    use nix::errno::Errno;
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL))
}

fn bind_tcp(
    address: SocketAddr,
    v4_too: bool,
    options: ListenOptions,
    shards: &mut [Vec<Listener>],
) -> Result<(), ListenError> {
    let reuse_port = shards.len() > 1;
    let mut binding = Binding { address, reuse_port, v4_too };
    if reuse_port && address.port() != 0 {
        // With the option two supervisors could share a port unnoticed; a socket without it detects that.
        match (Binding { reuse_port: false, ..binding }).bind() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(ListenError::InUse { address: address.to_string() });
            }
            _ => {}
        }
    }
    for own in shards {
        let listener = binding.listen(options)?;
        // The first one determines the port, if the kernel picks it.
        binding.address = listener.tcp_address().unwrap_or(binding.address);
        own.push(listener);
    }
    Ok(())
}

fn bind_unix(listen: &UnixListen, options: ListenOptions) -> Result<(Listener, BoundSocket), ListenError> {
    let path = &listen.path;
    let address = format!("unix:{}", path.display());
    let group = listen.group.as_deref().map(|group| group_id(group, &address)).transpose()?;
    let (socket, file) = socket_file::bind(path, listen.mode, group).map_err(|error| match (error, &listen.group) {
        (BindError::Taken, _) => ListenError::InUse { address: address.clone() },
        (BindError::NotASocket, _) => ListenError::NotASocket { path: path.clone() },
        (BindError::Io(error), Some(group)) if error.raw_os_error() == Some(nix::libc::EPERM) => {
            ListenError::Group { address: address.clone(), group: group.clone() }
        }
        (BindError::Io(error), _) => ListenError::at(&address)(error),
    })?;
    Ok((Listener::unix(socket, address, options)?, file))
}

fn group_id(group: &str, address: &str) -> Result<u32, ListenError> {
    let missing = || ListenError::NoGroup { address: address.to_owned(), group: group.to_owned() };
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let found = Group::from_name(group).map_err(|error| ListenError::at(address)(error.into()))?;
    found.map(|group| group.gid.as_raw()).ok_or_else(missing)
}

#[cfg(test)]
mod tests;
