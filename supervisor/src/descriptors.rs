//! Divides the file descriptors that this process may have.

use nix::sys::resource::{Resource, getrlimit};

/// Client connections of one shard, if there are enough descriptors: each is one.
const MAX_CLIENTS: usize = 8192;
/// The fewest that a shard gets, even if there are not descriptors for all.
const MIN_CLIENTS: usize = 64;
/// The same for egress connections.
const MAX_EGRESS: usize = 512;
const MIN_EGRESS: usize = 8;

/// The fewest static files that may be open in all.
const MIN_FILES: usize = 4;

/// How many client connections each of so many shards may have. Half of the descriptors are for clients, an eighth is
/// for egress connections, a quarter for workers, modules and operators, so that no flood of connections, of clients or
/// of apps, keeps a worker from being replaced. What is left is for static files that are being sent.
pub(crate) fn connections(shards: usize) -> usize {
    limit().map_or(MAX_CLIENTS, |limit| share(limit / 2, shards).clamp(MIN_CLIENTS, MAX_CLIENTS))
}

/// How many egress connections each of so many shards may have.
pub(crate) fn egress_connections(shards: usize) -> usize {
    limit().map_or(MAX_EGRESS, |limit| share(limit / 8, shards).clamp(MIN_EGRESS, MAX_EGRESS))
}

/// How many static files may be open in all: one for each client, where there are descriptors enough.
pub(crate) fn open_files(shards: usize) -> usize {
    files(limit(), (connections(shards) * shards, egress_connections(shards) * shards))
}

fn files(limit: Option<u64>, (clients, egress): (usize, usize)) -> usize {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let left = (limit - limit / 4).saturating_sub(clients).saturating_sub(egress);
    left.min(clients).max(MIN_FILES)
}

fn limit() -> Option<u64> {
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft)
}

fn share(part: u64, shards: usize) -> usize {
    usize::try_from(part).unwrap_or(usize::MAX) / shards.max(1)
}

#[cfg(test)]
mod tests;
