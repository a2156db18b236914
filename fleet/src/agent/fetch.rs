//! Fetches bundles into the state directory.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Agent;
use crate::bundle::unpack::{UNFINISHED, forget, is_there, unpack};
use crate::bundle::{BundleError, CHUNK, Manifest, directory_name, hash_of};
use crate::etcd::{Etcd, EtcdError};
use crate::keys::Keys;
use crate::table::bundles_of;

/// Bundles that are fetched at once: each is in memory while it is.
const AT_ONCE: usize = 4;
/// What is fetched within this is applied at once.
const GATHER: Duration = Duration::from_millis(300);
/// The wait before a bundle is tried again: the first, and the longest.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The longest where etcd did not answer or was lost: the bundle is none the worse for that.
const AGAIN_SOON: Duration = Duration::from_secs(2);
/// A bundle that no app has any more is kept for so long: requests may be in flight in it, and a rollback may come.
const KEEP: Duration = Duration::from_secs(3600);

/// What came of fetching a bundle.
pub(crate) struct Fetched {
    hash: String,
    outcome: Result<(), FetchError>,
}

/// Why a bundle is not here.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Etcd(#[from] EtcdError),
    #[error("it is not in etcd")]
    Missing,
    #[error("its manifest does not match its name")]
    Name,
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("it was not written: {0}")]
    Unwritten(#[from] tokio::task::JoinError),
}

/// The wait after this error, when it was tried in vain so many times before.
fn wait_after(error: &FetchError, times: u32) -> Duration {
    let longest = match error {
        FetchError::Etcd(EtcdError::Late | EtcdError::Lost(_)) => AGAIN_SOON,
        _ => AGAIN.1,
    };
    AGAIN.0.saturating_mul(1u32.checked_shl(times).unwrap_or(u32::MAX)).min(longest)
}

impl Agent {
    /// Whether the bundle is there. If not it is fetched, and why that takes longer is said.
    pub(super) fn bundle(&mut self, hash: &str) -> Result<(), String> {
        if is_there(&self.state.bundles(), hash) {
            return Ok(());
        }
        self.awaited.insert(hash.to_owned());
        let mut why = "its bundle is being fetched and written to the disk".to_owned();
        if let Some((error, at, _)) = self.failed.get(hash) {
            why.clone_from(error);
            if Instant::now() < *at {
                return Err(why);
            }
        }
        if !self.fetching.contains(hash) {
            self.queue.insert(hash.to_owned());
        }
        Err(why)
    }

    /// Fetches what is in the queue, a few at once.
    pub(super) fn start_fetches(&mut self) {
        let Some(etcd) = self.etcd.borrow().clone() else { return };
        while self.fetching.len() < AT_ONCE
            && let Some(hash) = self.queue.pop_first()
        {
            self.fetching.insert(hash.clone());
            let (etcd, keys, bundles) = (etcd.clone(), self.keys.clone(), self.state.bundles());
            self.fetches.spawn_local(async move {
                let outcome = bring(&etcd, &keys, bundles, &hash).await;
                Fetched { hash, outcome }
            });
        }
    }

    pub(super) fn take(&mut self, fetched: Option<Fetched>) {
        let Some(Fetched { hash, outcome }) = fetched else { return };
        self.fetching.remove(&hash);
        self.start_fetches();
        // Each change of the table costs a reload: many bundles share one.
        let wait = if self.fetching.is_empty() { Duration::ZERO } else { GATHER };
        let at = Instant::now() + wait;
        self.gather = Some(self.gather.map_or(at, |before| before.min(at)));
        match outcome {
            Ok(()) => {
                self.failed.remove(&hash);
            }
            Err(error) => {
                let times = self.failed.get(&hash).map_or(0, |(.., times)| times.saturating_add(1));
                let at = Instant::now() + wait_after(&error, times);
                self.nano.log("warn", &format!("the bundle {hash} cannot be had: {error}"), "");
                self.failed.insert(hash, (error.to_string(), at, times));
            }
        }
    }

    /// Removes bundles that no app has had for a while, and what was left unfinished.
    pub(super) fn collect(&mut self) {
        let Some(known) = &self.known else { return };
        let mut wanted = bundles_of(&self.applied);
        wanted.extend(known.values().filter_map(|known| Some(known.entry.as_ref().ok()?.bundle.clone())));
        let rollouts = self.rollouts.borrow();
        wanted.extend(rollouts.values().filter_map(|rollout| Some(rollout.value.as_ref().ok()?.new.bundle.clone())));
        drop(rollouts);
        self.failed.retain(|hash, _| wanted.contains(hash));
        let keep: std::collections::BTreeSet<String> = wanted.iter().map(|hash| directory_name(hash)).collect();
        let bundles = self.state.bundles();
        let Ok(entries) = std::fs::read_dir(&bundles) else { return };
        let mut unused = std::collections::BTreeMap::new();
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let own = name.trim_start_matches(UNFINISHED).trim_end_matches(".json").to_owned();
            if keep.contains(&own) || self.fetching.iter().any(|hash| directory_name(hash) == own) {
                continue;
            }
            let since = self.unused.get(&own).copied().unwrap_or_else(Instant::now);
            if since.elapsed() < KEEP {
                unused.insert(own, since);
            } else if let Some(digits) = own.strip_prefix("sha256-") {
                forget(&bundles, &format!("sha256:{digits}"));
                let _ = std::fs::remove_dir_all(bundles.join(format!("{UNFINISHED}{own}")));
            }
        }
        self.unused = unused;
    }
}

/// From etcd to the disk.
async fn bring(etcd: &Etcd, keys: &Keys, bundles: PathBuf, hash: &str) -> Result<(), FetchError> {
    let (manifest, data) = fetch(etcd, keys, hash).await?;
    let own = hash.to_owned();
    // Writing through to the disk takes its time.
    Ok(tokio::task::spawn_blocking(move || unpack(&bundles, &own, &manifest, &data)).await??)
}

/// The manifest and the files' bytes.
async fn fetch(etcd: &Etcd, keys: &Keys, hash: &str) -> Result<(Vec<u8>, Vec<u8>), FetchError> {
    let get = async |key: String| etcd.get(key.into_bytes()).await;
    let Some(manifest) = get(keys.manifest(hash)).await?.0 else { return Err(FetchError::Missing) };
    if hash_of(&manifest.value) != hash {
        return Err(FetchError::Name);
    }
    let parsed = Manifest::parse(&manifest.value)?;
    let total = usize::try_from(parsed.bytes()).unwrap_or(usize::MAX);
    let mut data = Vec::with_capacity(total);
    for number in 0..parsed.chunks() {
        let chunk = get(keys.chunk(hash, number)).await?.0.map(|chunk| chunk.value).unwrap_or_default();
        if chunk.len() != CHUNK.min(total - data.len()) {
            return Err(BundleError::Chunk(number).into());
        }
        data.extend_from_slice(&chunk);
    }
    Ok((manifest.value, data))
}

#[cfg(test)]
mod tests;
