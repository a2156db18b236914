//! Where the control socket is, and how it is bound: accessible to its owner and the members of `control_group` only; a
//! stale file is removed, a live socket left alone.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::group::ControlGroup;
use crate::socket_file::{self, BindError, BoundSocket};

/// The environment variable with the socket's path, for `nano` and `nanoctl`.
pub const VARIABLE: &str = "NANO_CONTROL_SOCKET";

const FILE_NAME: &str = "control.sock";

/// The directory of root's socket.
pub(crate) const ROOTS: &str = "/run/nano";

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another supervisor has it.
    #[error(
        "another nano answers at the control socket {0}: stop that one, or give this one its own by `control_socket` in the config or NANO_CONTROL_SOCKET"
    )]
    Taken(PathBuf),
    /// There is a file that is no socket.
    #[error("{0} is there and is no socket: remove it, or choose another `control_socket`")]
    NotASocket(PathBuf),
    /// The directory belongs to another user.
    #[error("{0} belongs to another user or can be written by others: remove it, or choose another `control_socket`")]
    Directory(PathBuf),
    /// `control_group` is no group.
    #[error("control_group: there is no group {0:?} on this machine")]
    NoGroup(String),
    /// The group exists, but the socket cannot get it.
    #[error("control_group: only root, or a member of the group {0:?}, can give it to the control socket")]
    Group(String),
    /// The kernel refused.
    #[error("cannot make the control socket {path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The part of the environment that determines where the socket is.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variable: Option<PathBuf>,
    runtime_directory: Option<PathBuf>,
    xdg_runtime_dir: Option<PathBuf>,
    uid: u32,
}

impl Environment {
    /// This process's.
    #[must_use]
    pub fn of_process() -> Self {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            variable: path(VARIABLE),
            // systemd gives a list if the unit has several.
            runtime_directory: path("RUNTIME_DIRECTORY").map(|list| first_of_list(list.as_os_str())),
            xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
            uid: geteuid().as_raw(),
        }
    }

    /// Where the socket is: by the option, the variable, the config, or the default for this user.
    #[must_use]
    pub fn path(&self, option: Option<&Path>, config: Option<&Path>) -> PathBuf {
        let named = option.or(self.variable.as_deref()).or(config);
        named.map_or_else(|| self.default_directory().join(FILE_NAME), Path::to_owned)
    }

    /// The default place.
    pub(crate) fn usual_place(&self) -> PathBuf {
        self.default_directory().join(FILE_NAME)
    }

    /// Whether only the config names another place: who does not know the file cannot find the socket.
    pub(crate) fn is_elsewhere(&self, config: Option<&Path>) -> bool {
        self.variable.is_none() && config.is_some_and(|path| path != self.usual_place())
    }

    /// The usual places, in the order in which `nanoctl` looks: `nano` may have been started in another environment
    /// than `nanoctl`, for instance as a service. A service has one place.
    pub(crate) fn usual_places(&self) -> Vec<PathBuf> {
        if let Some(directory) = &self.runtime_directory {
            return vec![directory.join(FILE_NAME)];
        }
        let own = (self.uid != 0).then(|| PathBuf::from(format!("/tmp/nano-{}", self.uid)));
        let xdg = self.xdg_runtime_dir.as_ref().map(|directory| directory.join("nano"));
        // Root's last: `control_group` may let this user use it.
        xdg.into_iter().chain(own).chain([ROOTS.into()]).map(|directory| directory.join(FILE_NAME)).collect()
    }

    /// The value of `NANO_CONTROL_SOCKET`.
    pub(crate) fn variable(&self) -> Option<&Path> {
        self.variable.as_deref()
    }

    /// The user of this process.
    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    fn default_directory(&self) -> PathBuf {
        match (&self.runtime_directory, &self.xdg_runtime_dir, self.uid) {
            (Some(directory), _, _) => directory.clone(),
            (None, Some(directory), _) => directory.join("nano"),
            (None, None, 0) => ROOTS.into(),
            (None, None, uid) => format!("/tmp/nano-{uid}").into(),
        }
    }
}

fn first_of_list(list: &OsStr) -> PathBuf {
    let bytes = list.as_encoded_bytes();
    let first = bytes.split(|byte| *byte == b':').next().unwrap_or_default();
    String::from_utf8_lossy(first).into_owned().into()
}

/// Binds the socket. Call it before there are other threads: it changes the process's umask for a moment.
///
/// # Errors
/// Another process has it, or the kernel refuses.
pub fn bind(path: &Path, group: Option<&ControlGroup>) -> Result<(UnixListener, BoundSocket), SocketError> {
    let io = |source| SocketError::Io { path: path.to_owned(), source };
    let path = std::path::absolute(path).map_err(io)?;
    if let Some(parent) = path.parent() {
        prepare_directory(parent, group)?;
    }
    let mode = if group.is_some() { 0o660 } else { 0o600 };
    socket_file::bind(&path, mode, group.map(ControlGroup::id)).map_err(|error| match (error, group) {
        (BindError::Taken, _) => SocketError::Taken(path.clone()),
        (BindError::NotASocket, _) => SocketError::NotASocket(path.clone()),
        (BindError::Io(error), Some(group)) if error.raw_os_error() == Some(nix::libc::EPERM) => {
            SocketError::Group(group.name().to_owned())
        }
        (BindError::Io(source), _) => io(source),
    })
}

/// The file of the socket that the nano before this one has there, for `group` from now on.
pub(crate) fn adopt(path: &Path, group: Option<&ControlGroup>) -> Result<BoundSocket, SocketError> {
    let io = |source| SocketError::Io { path: path.to_owned(), source };
    let path = std::path::absolute(path).map_err(io)?;
    if let Some(parent) = path.parent() {
        prepare_directory(parent, group)?;
    }
    let mode = if group.is_some() { 0o660 } else { 0o600 };
    BoundSocket::adopt(&path, mode, group.map(ControlGroup::id)).map_err(io)
}

/// A missing directory is made, for the owner and `group` alone. In a directory that every user may write to (`/tmp`), a
/// directory that another user made is refused: it is a trap.
pub(super) fn prepare_directory(directory: &Path, group: Option<&ControlGroup>) -> Result<(), SocketError> {
    let io = |source| SocketError::Io { path: directory.to_owned(), source };
    let is_new = !directory.exists();
    match DirBuilder::new().recursive(true).mode(0o700).create(directory) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    let named = |is: &dyn Fn(&[u8]) -> bool| directory.file_name().is_some_and(|name| is(name.as_encoded_bytes()));
    if directory.parent() == Some(Path::new("/tmp")) && named(&|name| name.starts_with(b"nano-")) {
        let found = fs::symlink_metadata(directory).map_err(io)?;
        if !found.is_dir() || found.uid() != geteuid().as_raw() || found.mode() & 0o022 != 0 {
            return Err(SocketError::Directory(directory.to_owned()));
        }
    }
    if let Some(group) = group {
        // One that an earlier nano made has the mode of those without a group. Any other is as its owner wants it.
        let is_nanos = is_new || named(&|name| name == b"nano" || name.starts_with(b"nano-"));
        open_to_group(directory, group, is_nanos).map_err(io)?;
    }
    Ok(())
}

/// Lets the group find what is in a directory that nano made.
fn open_to_group(directory: &Path, group: &ControlGroup, is_nanos: bool) -> io::Result<()> {
    let found = fs::symlink_metadata(directory)?;
    if is_nanos && found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o777 == 0o700 {
        chown(directory, None, Some(group.id()))?;
        fs::set_permissions(directory, Permissions::from_mode(0o710))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
