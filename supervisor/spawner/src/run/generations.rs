//! Versions of the configuration and generations of its apps.

use super::Spawner;
use crate::files::Directory;
use crate::generation::AppGeneration;
use crate::requested_modules::RequestedModules;
use crate::wire::{MAX_APP, SpawnerRefusal};

/// Most generations at once: far more than anyone runs; a bound against a compromised supervisor.
const MAX_GENERATIONS: usize = 16 * 1024;

impl Spawner {
    pub(super) fn close(&mut self, generation: u64) {
        let Some(closed) = self.generations.remove(&generation) else { return };
        if self.loaded.as_ref().is_some_and(|loaded| loaded.number == closed.version) {
            self.watching.leave(closed.app, closed.requested);
        }
    }

    pub(super) fn commit(&mut self, version: u64) {
        if self.loaded.as_ref().is_some_and(|loaded| loaded.number == version) {
            self.serving = self.loaded.take();
            self.watching.forget_left();
        }
    }

    pub(super) fn open(&mut self, version: u64, app: &str) -> Result<u64, SpawnerRefusal> {
        let versions = [&self.loaded, &self.serving];
        let version = versions.into_iter().flatten().find(|each| each.number == version);
        let version = version.ok_or_else(|| SpawnerRefusal::Request("there is no such version".to_owned()))?;
        let known = version.apps.get(app).filter(|_| app.len() <= MAX_APP);
        let policy = known.ok_or_else(|| SpawnerRefusal::Request("there is no such app".to_owned()))?;
        if self.generations.len() >= MAX_GENERATIONS {
            return Err(SpawnerRefusal::Request("there are too many generations".to_owned()));
        }
        let directory =
            Directory::open(&policy.root()).map_err(|error| SpawnerRefusal::Directory(error.to_string()))?;
        let assets = policy.assets().map(|root| Directory::open(&root)).transpose();
        let assets = assets.map_err(|error| SpawnerRefusal::Directory(error.to_string()))?;
        let (memory, version, has_module) = (policy.memory, version.number, policy.has_module());
        let lease = self.uids.as_ref().filter(|_| has_module).map(|uids| uids.lease(app)).transpose();
        let lease = lease.map_err(|error| SpawnerRefusal::User(error.to_string()))?;
        let number = self.next();
        self.generations.insert(
            number,
            AppGeneration {
                app: app.to_owned(),
                version,
                requested: RequestedModules::default(),
                directory,
                assets,
                assets_seen: None,
                lease,
                has_module,
                memory,
            },
        );
        Ok(number)
    }
}
