//! An app's modules: read from files that the spawner opens, and kept as long as their generation lives, so that a
//! restarted worker runs the same code as the others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::rc::Rc;
use std::time::SystemTime;

use bytes::Bytes;
use nano_config::AppConfig;
use nano_protocol::ModuleError;
use nano_protocol::limits::{MAX_MODULE_PATH, MAX_MODULE_SOURCE};
use nano_spawner::Fingerprint;

use super::source_maps::SourceMaps;
use super::spawner_client::SpawnerClient;
use super::start_error::StartError;

/// Most bytes of source that one generation keeps. No real app has so much code.
const MAX_KEPT: usize = 256 << 20;

/// The modules of one generation of an app that were read so far.
#[derive(Debug)]
pub(super) struct AppModules {
    spawner: Rc<SpawnerClient>,
    /// The number by which the spawner knows it; its [`GenerationId`](crate::app::GenerationId) is another.
    pub(super) generation: u64,
    cache: RefCell<SourceCache>,
    maps: SourceMaps,
}

#[derive(Debug, Default)]
struct SourceCache {
    sources: HashMap<String, Module>,
    bytes: usize,
}

#[derive(Debug)]
struct Module {
    source: Bytes,
    /// What its file was, if no change of it can be missed by that.
    file: Option<Fingerprint>,
}

impl Drop for AppModules {
    fn drop(&mut self) {
        self.spawner.close(self.generation);
    }
}

impl AppModules {
    pub(super) async fn open(spawner: &Rc<SpawnerClient>, version: u64, app: &str) -> Result<Self, StartError> {
        let generation = spawner.open(version, app).await?;
        Ok(Self { spawner: Rc::clone(spawner), generation, cache: RefCell::default(), maps: SourceMaps::new() })
    }

    /// A module's source: from memory, else from its file.
    pub(super) async fn source(&self, path: &str) -> Result<Bytes, ModuleError> {
        if let Some(module) = self.cache.borrow().sources.get(path) {
            return Ok(module.source.clone());
        }
        let module = self.read(path, false).await?;
        let source = module.source.clone();
        let mut cache = self.cache.borrow_mut();
        if cache.bytes + source.len() > MAX_KEPT {
            return Err(ModuleError::Unreadable("the app's modules are larger than 256 MiB together".to_owned()));
        }
        // Two workers may have read the file at the same time, and it may have changed in between: the first source is
        // kept.
        if let Some(first) = cache.sources.get(path) {
            return Ok(first.source.clone());
        }
        cache.bytes += source.len();
        cache.sources.insert(path.to_owned(), module);
        Ok(source)
    }

    /// Reads the source maps of modules that this text names.
    pub(super) async fn find_maps(&self, app: &AppConfig, text: &str) {
        self.maps.find(app, self, text).await;
    }

    /// The source maps that were read so far.
    pub(super) fn maps(&self) -> &SourceMaps {
        &self.maps
    }

    /// The source of a module that a worker has asked for.
    pub(super) fn loaded(&self, path: &str) -> Option<Bytes> {
        self.cache.borrow().sources.get(path).map(|module| module.source.clone())
    }

    /// A file of the app that is no module of it.
    pub(super) async fn other_file(&self, path: &str) -> Option<Bytes> {
        self.read(path, true).await.ok().map(|file| file.source)
    }

    /// Whether the file of a module of this generation has changed. Only files that are not what they were are read again.
    pub(super) async fn changed(&self) -> bool {
        let (mut known, mut doubtful) = (Vec::new(), Vec::new());
        for (path, module) in &self.cache.borrow().sources {
            match module.file {
                Some(file) => known.push((path.clone(), file)),
                None => doubtful.push(path.clone()),
            }
        }
        doubtful.extend(self.spawner.differ(self.generation, known).await);
        for path in doubtful {
            let read = self.read(&path, true).await;
            let mut cache = self.cache.borrow_mut();
            match (cache.sources.get_mut(&path), read) {
                (Some(kept), Ok(now)) if kept.source == now.source => kept.file = now.file,
                _ => return true,
            }
        }
        false
    }

    async fn read(&self, path: &str, fresh: bool) -> Result<Module, ModuleError> {
        if path.len() > MAX_MODULE_PATH {
            return Err(ModuleError::NotFound);
        }
        let file = self.spawner.module(self.generation, path, fresh).await?;
        // The disk may be slow.
        let read = tokio::task::spawn_blocking(move || read(file)).await;
        read.unwrap_or_else(|error| Err(ModuleError::Unreadable(error.to_string())))
    }
}

fn read(file: File) -> Result<Module, ModuleError> {
    // Taken before it is read: what changes in between changes this too.
    let now = SystemTime::now();
    let found = file.metadata().ok().map(|found| Fingerprint::from(&found)).filter(|found| found.is_settled(now));
    let mut source = Vec::new();
    let most = u64::try_from(MAX_MODULE_SOURCE).unwrap_or(u64::MAX);
    // It may grow while it is read.
    let read = file.take(most + 1).read_to_end(&mut source);
    read.map_err(|error| ModuleError::Unreadable(error.to_string()))?;
    if source.len() > MAX_MODULE_SOURCE {
        return Err(ModuleError::TooLarge);
    }
    Ok(Module { source: source.into(), file: found })
}
