//! The files of an app: opened beneath its directory, and nowhere else.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nano_protocol::ModuleError;
use nano_protocol::limits::{MAX_MODULE_PATH, MAX_MODULE_SOURCE};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use crate::watch::Fingerprint;

/// NONBLOCK: a FIFO in the directory must not hang the reader.
const READ: OFlag = OFlag::O_RDONLY.union(OFlag::O_CLOEXEC).union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY);

/// An app's directory, held by its descriptor: it stays the same directory when another takes its name.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    open: OwnedFd,
}

impl Directory {
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let open = File::open(root)?;
        if !open.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root: root.to_owned(), open: open.into() })
    }

    /// The same directory once more.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedFd> {
        self.open.try_clone()
    }

    /// The directory that has this name now.
    pub(crate) fn reopen(&self) -> io::Result<Self> {
        Self::open(&self.root)
    }

    /// A file of any size.
    pub(crate) fn file(&self, path: &str) -> Result<File, ModuleError> {
        check(path)?;
        let file = self.open_beneath(path, READ)?;
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        if metadata.is_file() { Ok(file) } else { Err(ModuleError::NotFound) }
    }

    /// A module's file.
    pub(crate) fn module(&self, path: &str) -> Result<File, ModuleError> {
        check(path)?;
        regular(self.open_beneath(path, READ)?)
    }

    /// The same in the directory that has this name now.
    pub(crate) fn fresh_module(&self, path: &str) -> Result<File, ModuleError> {
        self.reopen().map_err(|error| unreadable(&error))?.module(path)
    }

    /// Which of these modules' files, in the directory that has this name now, are not what they were, by their places.
    pub(crate) fn differ(&self, files: &[(String, Fingerprint)]) -> Vec<usize> {
        let fresh = self.reopen().ok();
        let same = |(path, was): &(String, Fingerprint)| {
            let found = fresh.as_ref().and_then(|fresh| fresh.look(path).ok()).and_then(|file| file.metadata().ok());
            found.is_some_and(|found| Fingerprint::from(&found) == *was)
        };
        files.iter().enumerate().filter(|(_, file)| !same(file)).map(|(place, _)| place).collect()
    }

    /// A file, to be looked at and not to be read.
    pub(crate) fn look(&self, path: &str) -> Result<File, ModuleError> {
        check(path)?;
        self.open_beneath(path, OFlag::O_PATH | OFlag::O_CLOEXEC)
    }

    fn open_beneath(&self, path: &str, flags: OFlag) -> Result<File, ModuleError> {
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        match openat2(&self.open, path, OpenHow::new().flags(flags).resolve(resolve)) {
            Ok(file) => Ok(File::from(file)),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Err(ModuleError::NotFound),
            Err(Errno::EXDEV) => Err(ModuleError::Outside),
            // Linux before 5.6, or a filter that does not know the call.
            Err(Errno::ENOSYS | Errno::EPERM) => open_canonical(&self.root, path),
            Err(errno) => Err(unreadable(&errno.into())),
        }
    }
}

fn regular(file: File) -> Result<File, ModuleError> {
    let metadata = file.metadata().map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(ModuleError::Unreadable("it is not a file".to_owned()));
    }
    let most = u64::try_from(MAX_MODULE_SOURCE).unwrap_or(u64::MAX);
    if metadata.len() > most { Err(ModuleError::TooLarge) } else { Ok(file) }
}

/// The same without openat2(2): resolves the path first. A user who can change the app's directory in between could
/// redirect it outside, but that user owns the app.
fn open_canonical(root: &Path, path: &str) -> Result<File, ModuleError> {
    let not_found = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ModuleError::NotFound,
        _ => unreadable(&error),
    };
    let root = root.canonicalize().map_err(not_found)?;
    let file = root.join(path).canonicalize().map_err(not_found)?;
    if !file.starts_with(&root) {
        return Err(ModuleError::Outside);
    }
    if !file.is_file() {
        return Err(ModuleError::Unreadable("it is not a file".to_owned()));
    }
    File::open(file).map_err(not_found)
}

/// Allows one spelling for each file, so that `a/./././b` cannot fill the memory.
fn check(path: &str) -> Result<(), ModuleError> {
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return Err(ModuleError::Outside);
    }
    let plain = !path.contains('\0') && path.split('/').all(|part| !part.is_empty() && part != ".");
    if plain && path.len() <= MAX_MODULE_PATH { Ok(()) } else { Err(ModuleError::NotFound) }
}

fn unreadable(error: &io::Error) -> ModuleError {
    ModuleError::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests;
