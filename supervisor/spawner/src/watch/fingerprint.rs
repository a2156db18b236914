//! The state of the file that a path leads to, in a few numbers: enough to detect a change without reading it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The state of what a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fingerprint {
    /// Nothing is there, or a link on the way leads nowhere or in a circle.
    Absent,
    /// A directory. Its files are watched by paths of their own.
    Directory { device: u64, inode: u64 },
    /// A file.
    File { device: u64, inode: u64, size: u64, modified: (i64, i64), changed: (i64, i64) },
}

impl Fingerprint {
    /// The state now.
    pub(crate) fn of(path: &Path) -> Self {
        fs::metadata(path).map_or(Self::Absent, |found| Self::from(&found))
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
