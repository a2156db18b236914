//! The static files of an app: which there are beneath its directory of assets.
//!
//! Left out are names that begin with a dot (but `.well-known` at the top), names that are not UTF-8, what is neither a
//! file nor a directory, links to directories and links that lead out. `_worker.js` at the top is code and no asset.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::fd::OwnedFd;

use nano_protocol::limits::MAX_MODULE_PATH;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use serde::{Deserialize, Serialize};

use crate::files::Directory;
use crate::watch::Fingerprint;

/// Most files of one app.
pub const MAX_ASSETS: usize = 100_000;

/// Most names that are looked at, those that are left out included.
const MAX_NAMES: usize = 4 * MAX_ASSETS;

/// Most bytes of all paths of one app.
const MAX_PATH_BYTES: usize = 16 << 20;

/// Directories within directories.
pub const MAX_ASSET_DEPTH: usize = 32;

/// Files at the top that say how the others are served, and are not served themselves.
pub const ASSET_RULES: [&str; 3] = ["_headers", "_redirects", ".assetsignore"];

/// At the top: code of a worker, or a directory of it.
const WORKER: &str = "_worker.js";

/// The hidden directory that is for clients (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// A file: its path beneath the directory, and its state.
pub type AssetFile = (String, Fingerprint);

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetList {
    /// The files that are served, in the order of their paths.
    pub files: Vec<AssetFile>,
    /// Those of [`ASSET_RULES`] that are there.
    pub rules: Vec<AssetFile>,
    /// How many names were left out.
    pub left_out: usize,
}

impl AssetList {
    /// A number that is another one when a file has come, gone or changed.
    #[must_use]
    pub fn state(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.files, &self.rules).hash(&mut hasher);
        hasher.finish()
    }
}

/// The directories in which files are looked for, beneath this one. Blocks.
pub(crate) fn directories(root: &Directory) -> io::Result<Vec<String>> {
    Ok(Walk::over(root)?.directories)
}

/// Lists the files. Blocks.
pub(crate) fn list(root: &Directory) -> io::Result<AssetList> {
    let mut list = Walk::over(root)?.list;
    list.files.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    list.rules.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(list)
}

struct Walk<'d> {
    root: &'d Directory,
    list: AssetList,
    directories: Vec<String>,
    names: usize,
    path_bytes: usize,
}

impl<'d> Walk<'d> {
    fn over(root: &'d Directory) -> io::Result<Self> {
        let list = AssetList::default();
        let mut walk = Self { root, list, directories: Vec::new(), names: 0, path_bytes: 0 };
        walk.directory(root.duplicate()?, "", 0)?;
        Ok(walk)
    }

    /// `prefix`: its path with a `/` at its end, or empty.
    fn directory(&mut self, open: OwnedFd, prefix: &str, depth: usize) -> io::Result<()> {
        if depth > MAX_ASSET_DEPTH {
            return Err(io::Error::other(format!("{prefix} lies deeper than {MAX_ASSET_DEPTH} directories")));
        }
        for entry in Dir::read_from(&open)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            self.names += 1;
            if self.names > MAX_NAMES {
                return Err(io::Error::other(format!("there are more than {MAX_NAMES} names")));
            }
            let Some(name) = std::str::from_utf8(name).ok().filter(|name| is_public(name, prefix)) else {
                self.list.left_out += 1;
                continue;
            };
            let path = format!("{prefix}{name}");
            if path.len() > MAX_MODULE_PATH {
                return Err(io::Error::other(format!("the path of {name} is longer than {MAX_MODULE_PATH} bytes")));
            }
            self.entry(&open, name, path, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, parent: &OwnedFd, name: &str, path: String, depth: usize) -> io::Result<()> {
        let kind = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => FileType::from_raw_mode(found.st_mode),
            // It has gone meanwhile.
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            Err(error) => return Err(at(&path, error.into())),
        };
        match kind {
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                match openat(parent, name, flags, Mode::empty()) {
                    Ok(open) => {
                        self.directory(open, &format!("{path}/"), depth + 1)?;
                        self.directories.push(path);
                        Ok(())
                    }
                    Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => Ok(()),
                    Err(error) => Err(at(&path, error.into())),
                }
            }
            FileType::RegularFile | FileType::Symlink => self.file(path),
            _ => {
                self.list.left_out += 1;
                Ok(())
            }
        }
    }

    fn file(&mut self, path: String) -> io::Result<()> {
        // Through the check that its opening passes too: a link may lead out.
        let found = self.root.look(&path).ok().and_then(|file: File| file.metadata().ok());
        let Some(found) = found.filter(std::fs::Metadata::is_file) else {
            self.list.left_out += 1;
            return Ok(());
        };
        self.path_bytes += path.len();
        if self.list.files.len() >= MAX_ASSETS {
            return Err(io::Error::other(format!("there are more than {MAX_ASSETS} files")));
        }
        if self.path_bytes > MAX_PATH_BYTES {
            return Err(io::Error::other(format!("the paths have more than {MAX_PATH_BYTES} bytes together")));
        }
        let seen = Fingerprint::from(&found);
        let list = if ASSET_RULES.contains(&path.as_str()) { &mut self.list.rules } else { &mut self.list.files };
        list.push((path, seen));
        Ok(())
    }
}

fn is_public(name: &str, prefix: &str) -> bool {
    let top = prefix.is_empty();
    match name {
        WELL_KNOWN => top,
        WORKER => !top,
        name if top && ASSET_RULES.contains(&name) => true,
        name => !name.starts_with('.'),
    }
}

fn at(path: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

#[cfg(test)]
mod tests;
