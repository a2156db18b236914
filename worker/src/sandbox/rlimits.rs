//! Resource limits (getrlimit(2)). Memory is not among them: WebAssembly reserves gigabytes of addresses that it does
//! not use.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::LayerResult;

/// Most descriptors: the links, of which there are at most [`nano_protocol::limits::MAX_LINKS`], and a few.
const DESCRIPTORS: u64 = 256;

const LIMITS: &[(Resource, &str, u64)] = &[
    (Resource::RLIMIT_CORE, "core", 0),
    (Resource::RLIMIT_NOFILE, "nofile", DESCRIPTORS),
    // Longest file that can be written to.
    (Resource::RLIMIT_FSIZE, "fsize", 0),
    (Resource::RLIMIT_MEMLOCK, "memlock", 0),
    (Resource::RLIMIT_MSGQUEUE, "msgqueue", 0),
];

/// Sets the limits that are final at once.
pub(super) fn limit() -> LayerResult {
    for (resource, name, most) in LIMITS {
        lower(*resource, name, *most)?;
    }
    Ok(String::new())
}

/// No more threads and processes. They are counted per user, and this process is one, so a limit of 0 is always
/// reached. (Root is exempt; for root there is only the system call filter.)
pub(super) fn forbid_threads(before: String) -> LayerResult {
    lower(Resource::RLIMIT_NPROC, "nproc", 0)?;
    Ok(before)
}

fn lower(resource: Resource, name: &str, most: u64) -> Result<(), String> {
    let cannot = |error| format!("the limit {name} cannot be set to {most}: {error}");
    let (_, hard) = getrlimit(resource).map_err(cannot)?;
    let most = most.min(hard);
    setrlimit(resource, most, most).map_err(cannot)?;
    match getrlimit(resource) {
        Ok((soft, hard)) if soft <= most && hard <= most => Ok(()),
        _ => Err(format!("the limit {name} could not be set")),
    }
}
