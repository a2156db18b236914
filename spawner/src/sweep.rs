//! Files of sockets that the supervisor bound when it still could: it cannot remove them any more.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
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
        let kind = fs::symlink_metadata(path).map(|found| found.file_type());
        if kind.is_ok_and(|kind| kind.is_socket() || kind.is_symlink()) && Self::at(path).is_ok_and(|now| now == *self)
        {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_the_socket_that_was_meant_goes() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let own = SocketFile::at(&path).unwrap();
        fs::rename(&path, place.path().join("old.sock")).unwrap();
        let _successor = UnixListener::bind(&path).unwrap();
        own.remove();
        assert!(path.exists());
        SocketFile::at(&path).unwrap().remove();
        assert!(!path.exists());
        fs::write(&path, "no socket").unwrap();
        SocketFile::at(&path).unwrap().remove();
        assert!(path.exists());
        drop(listener);
    }
}
