//! What the file descriptors are for that this process may have.

use nix::sys::resource::{Resource, getrlimit};

/// Client connections of one shard, if the process may have that many: each is one descriptor.
const MOST: usize = 8192;
/// As many as a shard has at least, though there may not be descriptors for all of them.
const LEAST: usize = 64;

/// How many client connections each of so many shards may have: three quarters of the descriptors are for clients, the
/// others for workers, files and operators, so that a flood of connections does not stop a worker from being replaced.
pub(crate) fn connections(shards: usize) -> usize {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(MOST, |(soft, _)| share(soft, shards))
}

fn share(limit: u64, shards: usize) -> usize {
    let each = usize::try_from(limit - limit / 4).unwrap_or(usize::MAX) / shards.max(1);
    each.clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_leave_descriptors_for_others() {
        for (limit, shards, each) in
            [(u64::MAX, 4, 8192), (20_000, 1, 8192), (20_000, 4, 3750), (1024, 1, 768), (1024, 2, 384), (64, 1, 64)]
        {
            assert_eq!(share(limit, shards), each, "{limit} descriptors, {shards} shards");
        }
    }
}
