//! Gives up the supervisor's privileges at its start, when the spawner runs and everything is bound.

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

use crate::identity::Identity;

/// The supervisor has every app's secrets in its memory: no other process of its user may read it, and there are no
/// core dumps.
pub(crate) fn harden() {
    // Failures here do not keep nano from serving.
    let _ = prctl::set_dumpable(false);
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
}

/// A privilege that could not be given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrivilegeError {
    #[error("nano cannot become another user than root: {0}")]
    User(std::io::Error),
    #[error("nano cannot give up its capabilities: {0}")]
    Capabilities(std::io::Error),
    #[error("nano cannot forbid itself new privileges: {0}")]
    NewPrivileges(std::io::Error),
}

/// Gives up all privileges irrevocably. Call it on the main thread before there are others, which inherit this.
///
/// Everything is tried, even after a failure.
pub(crate) fn give_up(identity: Option<Identity>) -> Result<(), PrivilegeError> {
    // If this is refused, the set cannot give anything either.
    for capability in CapabilitySet::all().iter() {
        if capability_is_in_bounding_set(capability) == Ok(true) {
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
    let user = identity.map_or(Ok(()), Identity::assume);
    // Before Linux 4.3 there is no such set.
    let _ = clear_ambient_capability_set();
    let none = CapabilitySet::empty();
    let capabilities = set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none });
    let new_privileges = prctl::set_no_new_privs();
    // Changing the user may have undone that.
    harden();
    user.map_err(|error| PrivilegeError::User(error.into()))?;
    capabilities.map_err(|error| PrivilegeError::Capabilities(error.into()))?;
    new_privileges.map_err(|error| PrivilegeError::NewPrivileges(error.into()))
}
