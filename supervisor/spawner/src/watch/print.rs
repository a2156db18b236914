//! What a path led to, in a few numbers: enough to tell whether it has changed, without having read it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Print {
    /// To nothing: it is not there, or a link on the way leads nowhere or in a circle.
    Absent,
    /// To a directory. What is in it counts by paths of its own.
    Directory { device: u64, inode: u64 },
    /// To a file in this state.
    File { device: u64, inode: u64, size: u64, modified: (i64, i64), changed: (i64, i64) },
}

impl Print {
    /// Of what is there now.
    pub(crate) fn of(path: &Path) -> Self {
        fs::metadata(path).map_or(Self::Absent, |found| Self::from(&found))
    }
}

impl From<&Metadata> for Print {
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
