//! The user that the supervisor becomes when everything that needs root is bound: one that owns nothing.

use nano_spawner::supervisors_own;
use nix::errno::Errno;
use nix::unistd::{Gid, Uid, User, geteuid, setgroups, setresgid, setresuid};

/// The user that it becomes, if there is such a user.
const NAME: &str = "nano";

/// A user and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    uid: Uid,
    gid: Gid,
}

impl Identity {
    /// The supervisor's identity if root started nano: the user `nano`, else the uid of nano's own range that no app
    /// gets. `None`: not started by root, it keeps its user.
    pub(crate) fn for_supervisor(uid_base: Option<u32>) -> Option<Self> {
        if !geteuid().is_root() {
            return None;
        }
        let named = User::from_name(NAME).ok().flatten().filter(|user| !user.uid.is_root());
        let own = supervisors_own(uid_base);
        Some(named.map_or(Self { uid: Uid::from_raw(own), gid: Gid::from_raw(own) }, |user| Self {
            uid: user.uid,
            gid: user.gid,
        }))
    }

    /// The user and the group.
    pub(crate) fn numbers(self) -> (u32, u32) {
        (self.uid.as_raw(), self.gid.as_raw())
    }

    /// Switches to it irrevocably, with no supplementary groups. Call it while there is one thread.
    pub(crate) fn assume(self) -> Result<(), Errno> {
        setgroups(&[])?;
        setresgid(self.gid, self.gid, self.gid)?;
        setresuid(self.uid, self.uid, self.uid)
    }
}

#[cfg(test)]
mod tests;
