//! The static files of apps: listed in processes beside this one, opened here.

use super::Spawner;
use super::workers::no_generation;
use crate::listing::Listing;
use crate::shortage::explain;
use crate::wire::{NoModule, Reply, SpawnerRefusal};

/// Most processes that list at once: a bound against a compromised supervisor.
const MAX_LISTINGS: usize = 8;

impl Spawner {
    pub(super) fn list_assets(&mut self, id: u64, generation: u64, fresh: bool) {
        if let Err(why) = self.start_listing(id, generation, fresh) {
            self.refuse(id, why);
        }
    }

    fn start_listing(&mut self, id: u64, generation: u64, fresh: bool) -> Result<(), SpawnerRefusal> {
        let own = self.generations.get(&generation).ok_or_else(no_generation)?;
        let held = own.assets.as_ref().ok_or_else(no_assets)?;
        if self.listings.len() >= MAX_LISTINGS {
            return Err(SpawnerRefusal::Request("too many directories are being listed".to_owned()));
        }
        let now = if fresh { Some(held.reopen()) } else { None };
        let now = now.transpose().map_err(|error| SpawnerRefusal::Directory(error.to_string()))?;
        let listing = Listing::start(id, generation, now.as_ref().unwrap_or(held));
        self.listings.push(listing.map_err(|error| SpawnerRefusal::Process(explain(&error)))?);
        Ok(())
    }

    /// Reports those that have ended, by their index in `listings`.
    pub(super) fn finish_listings(&mut self, ended: &[usize]) {
        for at in ended.iter().rev().filter(|at| **at < self.listings.len()).copied().collect::<Vec<_>>() {
            let listing = self.listings.remove(at);
            let (id, generation) = (listing.id, listing.generation);
            match listing.finish() {
                Ok((file, state)) => {
                    if let Some(own) = self.generations.get_mut(&generation) {
                        own.assets_seen = Some(state);
                    }
                    self.watching.more();
                    self.reply(Reply::AssetList { id }, Some(file));
                }
                Err(error) => self.refuse(id, SpawnerRefusal::Process(explain(&error))),
            }
        }
    }

    pub(super) fn open_asset(&mut self, id: u64, generation: u64, path: &str) {
        let Some(own) = self.generations.get(&generation) else { return self.refuse(id, no_generation()) };
        let Some(assets) = &own.assets else { return self.refuse(id, no_assets()) };
        match assets.file(path) {
            Ok(file) => self.reply(Reply::Asset { id, error: None }, Some(file.into())),
            Err(error) => self.reply(Reply::Asset { id, error: Some(NoModule::from(error)) }, None),
        }
    }
}

fn no_assets() -> SpawnerRefusal {
    SpawnerRefusal::Request("the app has no assets".to_owned())
}
