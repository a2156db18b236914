//! Files of sockets that the supervisor bound when it still could: it cannot remove them any more.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::wire::SocketFile;

impl SocketFile {
    /// What lies there now.
    ///
    /// # Errors
    /// Nothing does.
    pub fn at(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        let path = path.as_os_str().as_bytes().to_vec();
        Ok(Self { path, inode: found.ino(), changed: (found.ctime(), found.ctime_nsec()) })
    }

    /// Removes it, if it is still the same socket, or the same link to one, and not that of a successor.
    pub(crate) fn remove(&self) {
        let path = Path::new(OsStr::from_bytes(&self.path));
        let Ok(kind) = fs::symlink_metadata(path).map(|found| found.file_type()) else { return };
        let Ok(now) = Self::at(path) else { return };
        let is_same = now == *self && (kind.is_socket() || kind.is_symlink());
        // Its mode may have been changed. A successor's inode can be the same, but a process listens at it.
        let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        let is_left = || kind.is_socket() && UnixStream::connect(path).is_err_and(refused);
        if is_same || (now.inode == self.inode && is_left()) {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests;
