//! The state of the file that a path leads to, in a few numbers: enough to detect a change without reading it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The state of what a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fingerprint {
    /// Nothing is there, or a link on the way leads nowhere or in a circle.
    Absent,
    /// A directory. Its files are watched by paths of their own.
    Directory {
        /// Of its file system.
        device: u64,
        /// Its number there.
        inode: u64,
    },
    /// A file.
    File {
        /// Of its file system.
        device: u64,
        /// Its number there.
        inode: u64,
        /// Bytes.
        size: u64,
        /// When its content was changed: seconds and nanoseconds.
        modified: (i64, i64),
        /// When anything of it was changed, which nobody can set back.
        changed: (i64, i64),
    },
}

/// A file that was changed so shortly before it was looked at may be changed again without another time of change: times
/// are as coarse as a file system keeps them, two seconds at worst.
const COARSEST: Duration = Duration::from_secs(2);

impl Fingerprint {
    /// The state now.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        fs::metadata(path).map_or(Self::Absent, |found| Self::from(&found))
    }

    /// Whether it is a file that was changed after this time, as far as times can tell.
    #[must_use]
    pub fn is_newer(&self, than: SystemTime) -> bool {
        let Self::File { changed: (seconds, nanoseconds), .. } = *self else { return false };
        let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(seconds), u32::try_from(nanoseconds)) else { return false };
        UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds)).is_some_and(|changed| changed > than)
    }

    /// Whether every change after `now`, when the state was taken, changes it.
    #[must_use]
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let Self::File { changed: (seconds, nanoseconds), .. } = *self else { return true };
        let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(seconds), u32::try_from(nanoseconds)) else { return false };
        let changed = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds));
        changed.is_some_and(|changed| now.duration_since(changed).is_ok_and(|age| age > COARSEST))
    }
}

impl From<&Metadata> for Fingerprint {
    fn from(found: &Metadata) -> Self {
        let (device, inode) = (found.dev(), found.ino());
        if found.is_dir() {
            return Self::Directory { device, inode };
        }
        Self::File {
            device,
            inode,
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests;
