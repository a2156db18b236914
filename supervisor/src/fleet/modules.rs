//! An app's module files: read beneath its directory only, and kept for as long as its generation lives, so that a
//! restarted worker runs the code that its siblings run.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use nano_protocol::ModuleError;
use nano_protocol::limits::{MAX_MODULE_PATH, MAX_MODULE_SOURCE};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

/// Bytes that one generation may keep. An app beyond it is not code any more.
const MAX_KEPT: usize = 256 << 20;

/// The modules of one generation.
#[derive(Debug)]
pub(crate) struct Modules {
    root: PathBuf,
    directory: OwnedFd,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    sources: HashMap<String, Bytes>,
    bytes: usize,
}

impl Modules {
    /// For the app whose files are in `root`.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let directory = File::open(root)?.into();
        Ok(Self { root: root.to_owned(), directory, kept: Mutex::default() })
    }

    /// The source of a module: from memory, else from its file. Blocks.
    pub(crate) fn source(&self, path: &str) -> Result<Bytes, ModuleError> {
        if let Some(source) = self.lock().sources.get(path) {
            return Ok(source.clone());
        }
        let source = self.read(path)?;
        let mut kept = self.lock();
        if kept.bytes + source.len() > MAX_KEPT {
            return Err(ModuleError::Unreadable("the app's modules are larger than 256 MiB together".to_owned()));
        }
        // Two workers may have read the file at once, and it may have changed in between: the first one stays.
        if let Some(first) = kept.sources.get(path) {
            return Ok(first.clone());
        }
        kept.bytes += source.len();
        kept.sources.insert(path.to_owned(), source.clone());
        Ok(source)
    }

    /// Whether a module that this generation runs reads differently by now. Blocks.
    pub(crate) fn changed(&self) -> bool {
        let Ok(now) = Self::open(&self.root) else { return true };
        let kept: Vec<_> = self.lock().sources.iter().map(|(path, source)| (path.clone(), source.clone())).collect();
        kept.iter().any(|(path, source)| now.read(path).as_ref() != Ok(source))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, path: &str) -> Result<Bytes, ModuleError> {
        check(path)?;
        let file = self.open_beneath(path)?;
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        if !metadata.is_file() {
            return Err(ModuleError::Unreadable("it is not a file".to_owned()));
        }
        let most = u64::try_from(MAX_MODULE_SOURCE).unwrap_or(u64::MAX);
        if metadata.len() > most {
            return Err(ModuleError::TooLarge);
        }
        let mut source = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        // It may grow while it is read.
        file.take(most + 1).read_to_end(&mut source).map_err(|error| unreadable(&error))?;
        if source.len() > MAX_MODULE_SOURCE { Err(ModuleError::TooLarge) } else { Ok(source.into()) }
    }

    fn open_beneath(&self, path: &str) -> Result<File, ModuleError> {
        // NONBLOCK: a FIFO in the directory must not hang the reader.
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        match openat2(&self.directory, path, OpenHow::new().flags(flags).resolve(resolve)) {
            Ok(file) => Ok(File::from(file)),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Err(ModuleError::NotFound),
            Err(Errno::EXDEV) => Err(ModuleError::Outside),
            // A kernel before 5.6, or a filter that does not know the call.
            Err(Errno::ENOSYS | Errno::EPERM) => open_canonical(&self.root, path),
            Err(errno) => Err(unreadable(&errno.into())),
        }
    }
}

/// The same without openat2(2): resolves the path first. Somebody who can change the app's directory in between could
/// lead it outside, but whoever can do that owns the app.
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

/// One spelling per file, so that nobody can fill the memory with `a/./././b`.
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
#[path = "modules_tests.rs"]
mod tests;
