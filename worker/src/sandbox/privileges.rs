//! Gives up privileges.

use nix::sys::prctl;
use nix::unistd::setgroups;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

use super::LayerResult;

const NONE: CapabilitySets = CapabilitySets {
    effective: CapabilitySet::empty(),
    permitted: CapabilitySet::empty(),
    inheritable: CapabilitySet::empty(),
};

/// Executing a program made the process dumpable again: others of its user could read its memory.
pub(super) fn become_undumpable() -> LayerResult {
    prctl::set_dumpable(false).map_err(|error| format!("PR_SET_DUMPABLE: {error}"))?;
    match prctl::get_dumpable() {
        Ok(false) => Ok(String::new()),
        _ => Err("PR_SET_DUMPABLE had no effect".to_owned()),
    }
}

/// Set-user-id programs and file capabilities have no effect from now on, should one be executed after all.
pub(super) fn forbid_new() -> LayerResult {
    prctl::set_no_new_privs().map_err(|error| format!("PR_SET_NO_NEW_PRIVS: {error}"))?;
    Ok(String::new())
}

/// Empties the set of capabilities that executing a program could give. Needs CAP_SETPCAP; without it nothing can be
/// gained from that set.
pub(super) fn empty_bounding_set() {
    for capability in CapabilitySet::all().iter() {
        if capability_is_in_bounding_set(capability) == Ok(true) {
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
}

/// Keeps the right to become another user, and no other, and no supplementary groups.
pub(super) fn keep_user_change() -> LayerResult {
    empty_bounding_set();
    setgroups(&[]).map_err(|error| format!("setgroups: {error}"))?;
    let _ = clear_ambient_capability_set();
    let kept = CapabilitySet::SETUID | CapabilitySet::SETGID;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(|error| format!("capset: {error}"))?;
    Ok(String::new())
}

/// Empties every set: in namespaces of its own a process begins with all of them.
pub(super) fn drop_capabilities() -> LayerResult {
    empty_bounding_set();
    // Before Linux 4.3 there is no such set.
    let _ = clear_ambient_capability_set();
    set_capabilities(None, NONE).map_err(|error| format!("capset: {error}"))?;
    match capabilities(None) {
        Ok(sets) if sets == NONE => Ok(String::new()),
        Ok(_) => Err("capset had no effect".to_owned()),
        Err(error) => Err(format!("capget: {error}")),
    }
}
