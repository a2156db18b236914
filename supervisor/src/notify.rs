//! Notifies the service manager that started nano, if it asked for that (sd_notify(3)). The socket is connected early,
//! while nano may still access all paths.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::OnceLock;

use sd_notify::NotifyState;

static SOCKET: OnceLock<UnixDatagram> = OnceLock::new();

/// Finds the socket. Call it before privileges are given up.
pub(crate) fn connect() {
    let Some(path) = env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty()) else { return };
    match open(&path) {
        Ok(socket) => drop(SOCKET.set(socket)),
        Err(error) => tracing::debug!(%error, "the service manager cannot be notified"),
    }
}

fn open(path: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(path)?,
    };
    socket.connect_addr(&address)?;
    Ok(socket)
}

/// Whether there is a service manager that is notified.
pub(crate) fn is_connected() -> bool {
    SOCKET.get().is_some()
}

/// This process is the service's main one from now on.
pub(crate) fn main_is(pid: u32) {
    notify(&[NotifyState::MainPid(pid), NotifyState::Status("another nano has taken over")]);
}

/// Sends these states.
pub(crate) fn notify(states: &[NotifyState<'_>]) {
    let Some(socket) = SOCKET.get() else { return };
    let text: String = states.iter().map(|state| format!("{state}\n")).collect();
    // A restarted manager has a new socket of the same name.
    if socket.send(text.as_bytes()).is_err()
        && let Err(error) = sd_notify::notify(states)
    {
        tracing::debug!(%error, "the service manager cannot be notified");
    }
}
