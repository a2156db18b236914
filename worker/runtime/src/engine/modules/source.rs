//! Where modules' texts come from.

use std::fs;
use std::path::PathBuf;

/// Why a module's text cannot be had, in words that complete "it cannot be loaded: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Hands out modules' texts. `path` is relative to the app's directory, as in `lib/router.js`.
pub trait ModuleSource {
    /// Asks for one module. `Some`: here it is. `None`: it comes later, by `Runtime::module_arrived`.
    /// Never asked twice for the same path.
    fn request(&mut self, path: &str) -> Option<Result<Vec<u8>, SourceError>>;
}

/// Modules from files beneath a directory, for `run`: the operator's own files, read at once.
#[derive(Debug)]
pub struct FileModules {
    directory: PathBuf,
}

impl FileModules {
    /// Modules beneath `directory`.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }
}

impl ModuleSource for FileModules {
    fn request(&mut self, path: &str) -> Option<Result<Vec<u8>, SourceError>> {
        let file = self.directory.join(path);
        Some(fs::read(&file).map_err(|error| SourceError(format!("{}: {error}", file.display()))))
    }
}

/// None: it is not known yet where modules come from.
pub(crate) struct NoModules;

impl ModuleSource for NoModules {
    fn request(&mut self, _path: &str) -> Option<Result<Vec<u8>, SourceError>> {
        Some(Err(SourceError("there is no program".into())))
    }
}
