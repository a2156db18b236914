//! The version of the configuration that serves, and its certificates that were renewed, by the spawner.

use nano_config::CertificateFiles;
use nano_spawner::receive_certificates;
use nano_spawner::wire::{Reply, Request};

use super::{SpawnerClient, SpawnerError};

impl SpawnerClient {
    /// Reports that this version serves now.
    pub(crate) fn commit(&self, version: u64) {
        self.send(Request::Commit { version }, Vec::new());
    }

    /// The files of all certificates that serve, in their order, if one has changed since they were read. The error is
    /// for people.
    pub(crate) async fn changed_certificates(&self) -> Result<Option<Vec<CertificateFiles>>, String> {
        match self.ask(|id| Request::Certificates { id }, Vec::new()).await {
            Some((Reply::Certificates { .. }, None)) => Ok(None),
            Some((Reply::Certificates { .. }, Some(file))) => {
                let read = tokio::task::spawn_blocking(move || receive_certificates(file)).await;
                let read = read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
                read.map(Some)
            }
            Some((Reply::Refused { why, .. }, _)) => Err(why.to_string()),
            reply => Err(SpawnerError::of_lost_file(&reply).to_string()),
        }
    }
}
