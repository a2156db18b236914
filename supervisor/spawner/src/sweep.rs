//! Removes the files of sockets that the supervisor bound while it had the right to: it can no longer remove them
//! itself.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::wire::SocketFile;

impl SocketFile {
    /// Identifies the file at this path.
    ///
    /// # Errors
    /// There is none.
    pub fn at(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        let path = path.as_os_str().as_bytes().to_vec();
        Ok(Self { path, inode: found.ino(), changed: (found.ctime(), found.ctime_nsec()) })
    }

    /// Removes the file, if it is still the same socket, or the same link to one, and not that of a later nano.
    pub(crate) fn remove(&self) {
        let path = Path::new(OsStr::from_bytes(&self.path));
        let Ok(kind) = fs::symlink_metadata(path).map(|found| found.file_type()) else { return };
        let Ok(now) = Self::at(path) else { return };
        let is_same = now == *self && (kind.is_socket() || kind.is_symlink());
        // The file's mode may have been changed since. A later nano's socket can have the same inode, but then a
        // process listens on it.
        let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        let is_left = || kind.is_socket() && UnixStream::connect(path).is_err_and(refused);
        if is_same || (now.inode == self.inode && is_left()) {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests;
