//! How many file descriptors this process may have.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// With fewer nano cannot even start: its own sockets, pipes and timers, one app, and a client.
const FEWEST: u64 = 64;

/// Client connections of one shard, if the process may have that many: each is one descriptor.
const MOST: usize = 8192;
/// As many as a shard has at least, though there may not be descriptors for all of them.
const LEAST: usize = 64;

/// The limit is too low.
#[derive(Debug, thiserror::Error)]
#[error(
    "this process may open {0} files; nano needs at least {FEWEST}, and one more for each connection and a few for each worker: raise the limit (ulimit -n, LimitNOFILE= in a systemd unit)"
)]
pub struct TooFewDescriptors(u64);

/// Asks for as many as the system allows: each connection is one. The default of 1024 is for select(2).
pub(crate) fn raise_limit() -> Result<(), TooFewDescriptors> {
    // Where it cannot be read or raised, it shows soon enough what it is.
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(()) };
    if soft < hard {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
    if hard < FEWEST { Err(TooFewDescriptors(hard)) } else { Ok(()) }
}

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
