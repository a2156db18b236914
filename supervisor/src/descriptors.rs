//! How many file descriptors this process may have.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// With fewer nano cannot even start: its own sockets, pipes and timers, one app, and a client.
const FEWEST: u64 = 64;

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
