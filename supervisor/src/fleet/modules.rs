//! An app's modules: read from files that the spawner opens, and kept as long as their generation lives, so that a
//! restarted worker runs the same code as the others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::rc::Rc;

use bytes::Bytes;
use nano_protocol::ModuleError;
use nano_protocol::limits::{MAX_MODULE_PATH, MAX_MODULE_SOURCE};

use super::spawner_client::SpawnerClient;
use super::start_error::StartError;

/// Most bytes of source that one generation keeps. No real app has so much code.
const MAX_KEPT: usize = 256 << 20;

/// The modules of one generation of an app that were read so far.
#[derive(Debug)]
pub(super) struct AppModules {
    spawner: Rc<SpawnerClient>,
    /// The spawner's number for it.
    pub(super) generation: u64,
    cache: RefCell<SourceCache>,
}

#[derive(Debug, Default)]
struct SourceCache {
    sources: HashMap<String, Bytes>,
    bytes: usize,
}

impl Drop for AppModules {
    fn drop(&mut self) {
        self.spawner.close(self.generation);
    }
}

impl AppModules {
    pub(super) async fn open(spawner: &Rc<SpawnerClient>, version: u64, app: &str) -> Result<Self, StartError> {
        let generation = spawner.open(version, app).await?;
        Ok(Self { spawner: Rc::clone(spawner), generation, cache: RefCell::default() })
    }

    /// A module's source: from memory, else from its file.
    pub(super) async fn source(&self, path: &str) -> Result<Bytes, ModuleError> {
        if let Some(source) = self.cache.borrow().sources.get(path) {
            return Ok(source.clone());
        }
        let source = self.read(path, false).await?;
        let mut cache = self.cache.borrow_mut();
        if cache.bytes + source.len() > MAX_KEPT {
            return Err(ModuleError::Unreadable("the app's modules are larger than 256 MiB together".to_owned()));
        }
        // Two workers may have read the file at the same time, and it may have changed in between: the first source is
        // kept.
        if let Some(first) = cache.sources.get(path) {
            return Ok(first.clone());
        }
        cache.bytes += source.len();
        cache.sources.insert(path.to_owned(), source.clone());
        Ok(source)
    }

    /// Whether the file of a module of this generation has changed.
    pub(super) async fn changed(&self) -> bool {
        let cache: Vec<_> =
            self.cache.borrow().sources.iter().map(|(path, source)| (path.clone(), source.clone())).collect();
        for (path, source) in cache {
            if self.read(&path, true).await.as_ref() != Ok(&source) {
                return true;
            }
        }
        false
    }

    async fn read(&self, path: &str, fresh: bool) -> Result<Bytes, ModuleError> {
        if path.len() > MAX_MODULE_PATH {
            return Err(ModuleError::NotFound);
        }
        let file = self.spawner.module(self.generation, path, fresh).await?;
        // The disk may be slow.
        let read = tokio::task::spawn_blocking(move || read(file)).await;
        read.unwrap_or_else(|error| Err(ModuleError::Unreadable(error.to_string())))
    }
}

fn read(file: File) -> Result<Bytes, ModuleError> {
    let mut source = Vec::new();
    let most = u64::try_from(MAX_MODULE_SOURCE).unwrap_or(u64::MAX);
    // It may grow while it is read.
    let read = file.take(most + 1).read_to_end(&mut source);
    read.map_err(|error| ModuleError::Unreadable(error.to_string()))?;
    if source.len() > MAX_MODULE_SOURCE { Err(ModuleError::TooLarge) } else { Ok(source.into()) }
}
