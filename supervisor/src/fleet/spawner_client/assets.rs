//! Static files of apps, by the spawner.

use std::fs::File;

use nano_protocol::ModuleError;
use nano_spawner::wire::{Reply, Request};
use nano_spawner::{AssetList, receive_assets};

use super::{SpawnerClient, SpawnerError, opened};

impl SpawnerClient {
    /// Lists the static files of a generation; with `fresh`, those in the directory that has the name now. The error is
    /// for people.
    pub(in crate::fleet) async fn list_assets(&self, generation: u64, fresh: bool) -> Result<AssetList, String> {
        match self.ask(|id| Request::ListAssets { id, generation, fresh }, Vec::new()).await {
            Some((Reply::AssetList { .. }, Some(file))) => {
                // A long list takes time.
                let read = tokio::task::spawn_blocking(move || receive_assets(file)).await;
                read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?
            }
            Some((Reply::Refused { why, .. }, _)) => Err(why.to_string()),
            reply => Err(SpawnerError::of_lost_file(&reply).to_string()),
        }
    }

    /// Opens a static file.
    pub(in crate::fleet) async fn asset(&self, generation: u64, path: &str) -> Result<File, ModuleError> {
        let path = path.to_owned();
        opened(self.ask(|id| Request::Asset { id, generation, path }, Vec::new()).await)
    }
}
