//! `control_group`: the group whose members may use the control socket as its owner may.

use std::os::fd::AsFd;

use nano_spawner::peer_groups;
use nix::unistd::Group;

use super::socket::SocketError;

/// The group as this machine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlGroup {
    /// As the configuration has it: a name or a number.
    name: String,
    id: u32,
}

impl ControlGroup {
    /// Looks it up.
    ///
    /// # Errors
    /// There is no such group.
    pub fn find(name: &str) -> Result<Self, SocketError> {
        let id = match name.parse() {
            Ok(number) => Some(number),
            Err(_) => Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw()),
        };
        let id = id.ok_or_else(|| SocketError::NoGroup(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), id })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Whether the process at the other end had the group when it connected, as its own or as a supplementary one.
    pub(super) fn has(&self, peer: &impl AsFd, own_group: u32) -> bool {
        own_group == self.id || peer_groups(peer).is_ok_and(|groups| groups.contains(&self.id))
    }
}
