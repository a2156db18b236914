//! The process's user: in a new user namespace the same as outside, as root the app's own user.

use std::fs;

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::LayerResult;
use super::privileges;

/// Maps this process's user in its new user namespace, where no user is mapped yet (user_namespaces(7)). The kernel
/// lets a process do that for itself; no other process can do it for one that is not dumpable.
pub(super) fn name((uid, gid): (u32, u32)) -> Result<(), String> {
    let write = |file: &str, text: &str| {
        fs::write(format!("/proc/self/{file}"), text).map_err(|error| format!("/proc/self/{file}: {error}"))
    };
    // The kernel wants this first: otherwise a process could drop groups that deny it access.
    write("setgroups", "deny")?;
    write("uid_map", &format!("{uid} {uid} 1"))?;
    write("gid_map", &format!("{gid} {gid} 1"))
}

/// Becomes this user and the group of the same number irrevocably, with no supplementary groups: all threads do.
pub(super) fn become_user(uid: u32) -> LayerResult {
    let cannot = |error: nix::errno::Errno| format!("it cannot change to uid {uid}: {error}");
    // Only root can do this, and this is the last moment as root.
    privileges::empty_bounding_set();
    setgroups(&[]).map_err(cannot)?;
    change(uid)
}

/// The same for a process that has no supplementary groups and no bounding set any more.
pub(super) fn change(uid: u32) -> LayerResult {
    let cannot = |error: nix::errno::Errno| format!("it cannot change to uid {uid}: {error}");
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(uid));
    setresgid(group, group, group).map_err(cannot)?;
    setresuid(user, user, user).map_err(cannot)?;
    Ok(uid.to_string())
}
