//! A symbolic link from the place where `nanoctl` looks to a socket that the configuration put elsewhere: `nanoctl
//! reload` finds the socket without the file, also when that cannot be read any more.
//!
//! The link is made only in a directory of this user's own, and a link that another user made is never followed.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::unistd::geteuid;

use super::group::ControlGroup;
use super::socket::prepare_directory;
use crate::socket_file::{FileIdentity, identity};

/// The link. Dropping it removes the link.
#[derive(Debug)]
pub(crate) struct Pointer {
    path: PathBuf,
    identity: FileIdentity,
    /// Another nano's otherwise.
    is_own: AtomicBool,
}

impl Pointer {
    /// Makes a link at `place` to a socket. `None` if that is impossible: the place belongs to another nano or another
    /// user. The group may follow it.
    pub(crate) fn place(place: &Path, socket: &Path, group: Option<&ControlGroup>) -> Option<Self> {
        let directory = place.parent()?;
        // A directory that the system should have made, such as a session's, is not created for a link.
        directory.parent().filter(|above| above.is_dir())?;
        prepare_directory(directory, group).ok()?;
        let found = fs::symlink_metadata(directory).ok()?;
        if !found.is_dir() || found.uid() != geteuid().as_raw() || found.mode() & 0o022 != 0 {
            return None;
        }
        if is_left_over(place) {
            fs::remove_file(place).ok()?;
        }
        symlink(socket, place).ok()?;
        let identity = identity(&fs::symlink_metadata(place).ok()?);
        Some(Self { path: place.to_owned(), identity, is_own: AtomicBool::new(true) })
    }

    /// The link of the nano before this one, if there is one to this socket. It stays that one's until [`Self::own`].
    pub(crate) fn adopt(place: &Path, socket: &Path) -> Option<Self> {
        if !is_own_link(place) || fs::read_link(place).ok()? != socket {
            return None;
        }
        let identity = identity(&fs::symlink_metadata(place).ok()?);
        Some(Self { path: place.to_owned(), identity, is_own: AtomicBool::new(false) })
    }

    /// The link is this nano's from now on.
    pub(crate) fn own(&self) {
        self.is_own.store(true, Ordering::Relaxed);
    }

    /// The link is another nano's from now on.
    pub(crate) fn leave(&self) {
        self.is_own.store(false, Ordering::Relaxed);
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes a link of nano's: a nano whose socket belongs at this place has precedence.
    pub(crate) fn make_way(place: &Path) {
        if is_own_link(place) {
            let _ = fs::remove_file(place);
        }
    }

    /// Whether there is a link of nano's to a socket at which a nano answers.
    pub(crate) fn leads_to_a_nano(place: &Path) -> bool {
        is_own_link(place) && UnixStream::connect(place).is_ok()
    }
}

impl Drop for Pointer {
    fn drop(&mut self) {
        // Only if it is still this nano's.
        if self.is_own.load(Ordering::Relaxed)
            && fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.identity)
        {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_own_link(place: &Path) -> bool {
    let own = geteuid().as_raw();
    fs::symlink_metadata(place).is_ok_and(|found| found.file_type().is_symlink() && found.uid() == own)
}

/// A link or a socket of nano's at which no nano answers any more.
fn is_left_over(place: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(place) else { return false };
    let kind = found.file_type();
    (kind.is_symlink() || kind.is_socket()) && found.uid() == geteuid().as_raw() && UnixStream::connect(place).is_err()
}

#[cfg(test)]
mod tests;
