//! The file of a Unix socket: a stale one is replaced, a live one left alone, and nano's own removed at its end.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::stat::{Mode, umask};
use socket2::{Domain, SockAddr, Socket, Type};

/// Inode and change time: an inode's number alone is soon reused.
pub(crate) type FileIdentity = (u64, i64, i64);

pub(crate) fn identity(found: &fs::Metadata) -> FileIdentity {
    (found.ino(), found.ctime(), found.ctime_nsec())
}

/// The bound socket's file. Dropping it removes the file.
#[derive(Debug)]
pub struct BoundSocket {
    path: PathBuf,
    identity: FileIdentity,
    /// Another nano's otherwise.
    is_own: AtomicBool,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// Another process listens there.
    #[error("it is in use by another process")]
    Taken,
    /// There is a file that is no socket.
    #[error("it is there and is no socket")]
    NotASocket,
    /// The kernel refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl BoundSocket {
    /// The file of a socket that another nano bound, with these permissions and this group from now on. It stays that one's
    /// until [`Self::own`].
    pub(crate) fn adopt(path: &Path, mode: u32, group: Option<u32>) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        if !found.file_type().is_socket() {
            return Err(io::ErrorKind::NotFound.into());
        }
        if group.is_some_and(|group| group != found.gid()) {
            chown(path, None, group)?;
        }
        if found.mode() & 0o7777 != mode {
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&fs::symlink_metadata(path)?),
            is_own: AtomicBool::new(false),
        })
    }

    /// The file is this nano's from now on.
    pub(crate) fn own(&self) {
        self.is_own.store(true, Ordering::Relaxed);
    }

    /// The file is another nano's from now on.
    pub(crate) fn leave(&self) {
        self.is_own.store(false, Ordering::Relaxed);
    }

    /// Its absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for BoundSocket {
    fn drop(&mut self) {
        if !self.is_own.load(Ordering::Relaxed) {
            return;
        }
        // Not the file of a later nano: that may have the same inode, but it answers. The mode of this file may have
        // been changed.
        let Ok(found) = fs::symlink_metadata(&self.path) else { return };
        let is_left = || found.ino() == self.identity.0 && found.file_type().is_socket() && is_refused(&self.path);
        if identity(&found) == self.identity || is_left() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether no process listens at a socket.
fn is_refused(path: &Path) -> bool {
    call(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Connects to a socket, without waiting if its backlog is full.
fn call(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.cloexec().nonblocking(), None)?;
    socket.connect(&SockAddr::unix(path)?)
}

/// Binds a socket whose file has these permissions and this group. No other user can open it before it has them. Call
/// it before there are other threads: it changes the process's umask for a moment.
pub(crate) fn bind(path: &Path, mode: u32, group: Option<u32>) -> Result<(UnixListener, BoundSocket), BindError> {
    remove_stale(path)?;
    let before = umask(Mode::from_bits_truncate(0o177));
    let bound = UnixListener::bind(path);
    umask(before);
    let listener = bound.map_err(|error| match error.kind() {
        // Another process bound it first.
        io::ErrorKind::AddrInUse => BindError::Taken,
        _ => BindError::Io(error),
    })?;
    let made = || {
        if group.is_some() {
            chown(path, None, group)?;
        }
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        listener.set_nonblocking(true)?;
        Ok::<_, io::Error>(identity(&fs::symlink_metadata(path)?))
    };
    match made() {
        Ok(identity) => Ok((listener, BoundSocket { path: path.to_owned(), identity, is_own: AtomicBool::new(true) })),
        Err(error) => {
            let _ = fs::remove_file(path);
            Err(error.into())
        }
    }
}

fn remove_stale(path: &Path) -> Result<(), BindError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !found.file_type().is_socket() {
        return Err(BindError::NotASocket);
    }
    match call(path) {
        Ok(()) => Err(BindError::Taken),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(BindError::Taken),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(fs::remove_file(path)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
