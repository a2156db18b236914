//! What the file descriptors are for that this process may have.

use nix::sys::resource::{Resource, getrlimit};

/// Client connections of one shard, if the process may have that many: each is one descriptor.
const MOST: usize = 8192;
/// As many as a shard has at least, though there may not be descriptors for all of them.
const LEAST: usize = 64;
/// The same of outgoing connections.
const MOST_OUTGOING: usize = 512;
const LEAST_OUTGOING: usize = 8;

/// How many client connections each of so many shards may have: five eighths of the descriptors are for clients, one is
/// for what apps ask of others. The rest is for workers, files and operators, so that no flood of connections, from
/// outside or from within, stops a worker from being replaced.
pub(crate) fn connections(shards: usize) -> usize {
    limit().map_or(MOST, |limit| share(limit / 8 * 5, shards).clamp(LEAST, MOST))
}

/// How many outgoing connections each of so many shards may have.
pub(crate) fn outgoing(shards: usize) -> usize {
    limit().map_or(MOST_OUTGOING, |limit| share(limit / 8, shards).clamp(LEAST_OUTGOING, MOST_OUTGOING))
}

fn limit() -> Option<u64> {
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft)
}

fn share(part: u64, shards: usize) -> usize {
    usize::try_from(part).unwrap_or(usize::MAX) / shards.max(1)
}

#[cfg(test)]
mod tests;
