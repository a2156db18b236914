//! An app of one version of the configuration, as the spawner knows it.

use std::fs::File;
use std::rc::Rc;

use nano_protocol::ModuleError;

use crate::files::Directory;
use crate::requested_modules::RequestedModules;
use crate::uid::UidLease;
use crate::watch::Fingerprint;
use crate::wire::SpawnerRefusal;

/// An app that may have workers.
#[derive(Debug)]
pub(crate) struct AppGeneration {
    pub(crate) app: String,
    /// The version of the configuration.
    pub(crate) version: u64,
    pub(crate) requested: RequestedModules,
    pub(crate) directory: Directory,
    /// Its static files.
    pub(crate) assets: Option<Directory>,
    /// Their state when they were listed.
    pub(crate) assets_seen: Option<u64>,
    /// `None` without root, and for an app of files alone.
    pub(crate) lease: Option<Rc<UidLease>>,
    /// An app of files alone has none: no worker of it is ever started.
    pub(crate) has_module: bool,
    pub(crate) memory: u64,
}

impl AppGeneration {
    /// It, if it may have workers. One of files alone has no user that they could run as.
    pub(crate) fn with_module(&self) -> Result<&Self, SpawnerRefusal> {
        self.has_module.then_some(self).ok_or_else(|| SpawnerRefusal::Request("the app has no module".to_owned()))
    }

    /// Opens a module's file; with `fresh`, in the directory that has the name now.
    pub(crate) fn module(&mut self, path: &str, fresh: bool) -> Result<File, ModuleError> {
        let opened = if fresh { self.directory.fresh_module(path) } else { self.directory.module(path) };
        let found = match &opened {
            Ok(file) => file.metadata().ok().map(|found| Fingerprint::from(&found)),
            Err(ModuleError::NotFound) => Some(Fingerprint::Absent),
            // A path outside of the app's directory is not watched.
            Err(ModuleError::Outside) => return opened,
            Err(_) => None,
        };
        self.requested.record(path, found);
        opened
    }
}
