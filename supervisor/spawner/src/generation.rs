//! An app of one version of the configuration, as the spawner knows it.

use std::fs::File;
use std::rc::Rc;

use nano_protocol::ModuleError;

use crate::asked::Asked;
use crate::files::Directory;
use crate::uid::Lease;
use crate::watch::Print;

/// An app that may have workers.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) app: String,
    /// The version of the configuration.
    pub(crate) version: u64,
    pub(crate) asked: Asked,
    pub(crate) directory: Directory,
    pub(crate) lease: Option<Rc<Lease>>,
    pub(crate) memory: u64,
}

impl Generation {
    /// Opens a module's file; with `fresh`, in the directory that has the name now.
    pub(crate) fn module(&mut self, path: &str, fresh: bool) -> Result<File, ModuleError> {
        let opened = if fresh { self.directory.fresh_module(path) } else { self.directory.module(path) };
        let found = match &opened {
            Ok(file) => file.metadata().ok().map(|found| Print::from(&found)),
            Err(ModuleError::NotFound) => Some(Print::Absent),
            // A path outside of the app's directory is not watched.
            Err(ModuleError::Outside) => return opened,
            Err(_) => None,
        };
        self.asked.note(path, found);
        opened
    }
}
