//! What the supervisor gives up at its start, once the spawner has what it needs.

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use rustix::thread::{CapabilitySet, capability_is_in_bounding_set, remove_capability_from_bounding_set};

/// Call it on the main thread before there are others: they inherit it.
///
/// The supervisor has every app's secrets in its memory: no other process of its user may read that, and no core dump
/// holds it. Nothing that it starts can have a capability.
pub(crate) fn harden() {
    // None of these is a reason not to serve: workers say themselves what they are locked into.
    let _ = prctl::set_dumpable(false);
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    for capability in CapabilitySet::all().iter() {
        if capability_is_in_bounding_set(capability) == Ok(true) {
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
}
