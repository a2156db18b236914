//! The unified hierarchy (Documentation/admin-guide/cgroup-v2.rst): one tree, controllers handed down level by level.
//!
//! A group whose controllers are handed down may hold no processes itself, so nano moves out of the group that it was
//! started in, into a leaf beside its workers. It does so only if it is alone there. Where it shares its group, with the
//! shell that it was started from for instance, its workers' groups lie beside that one, if nano may make some there.

use std::io;
use std::path::Path;
use std::time::Instant;

use super::group::Group;
use super::instance::{self, Instance};
use super::{CgroupLimits, Controller, OWN_LEAF};

/// From 1 to 10,000; an app's group has 100. The supervisor must not wait for a processor behind the apps.
const OWN_WEIGHT: &str = "10000";

const HANDED_DOWN: &str = "cgroup.subtree_control";

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) instance: Instance,
    pub(super) controllers: Vec<Controller>,
    /// Controllers that nano enabled in the group that it was started in, or that the nano before it did.
    enabled: Vec<Controller>,
    /// Whether it took the place of another nano in that group.
    heir: bool,
    /// The pids of the moved processes.
    moved: Vec<i32>,
}

/// The tree, and why it is less than wanted, if it is.
pub(super) type Detected = (Tree, Option<String>);

impl Tree {
    /// Finds or creates the tree beneath the group at `path`, which nano's processes are in, or beside it. The first of
    /// the wanted controllers is required.
    pub(super) fn detect(path: &Path, nano: &[i32], wanted: &[Controller]) -> Result<Detected, String> {
        // A nano that takes over from another was started in that one's leaf. Its groups lie beside the other's.
        let heir = instance::base_of_leaf(path);
        let path = heir.unwrap_or(path);
        let heir = heir.is_some();
        let own = Group::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let list = own.read("cgroup.controllers").map_err(|error| format!("{}: {error}", path.display()))?;
        let needed = wanted.first().copied();
        let offered: Vec<_> = among(wanted, &list).collect();
        if let Some(needed) = needed.filter(|needed| !offered.contains(needed)) {
            let reason = format!("{}: the {} controller is not to be had there", path.display(), needed.name());
            return Ok((Self::make(path, own)?, Some(reason)));
        }
        let there = own.processes().map_err(|error| format!("{}: {error}", path.display()))?;
        let others = there.iter().filter(|pid| !nano.contains(pid)).count();
        let mut tree = match path.parent() {
            // Only the root of all groups lacks this file: it may hold processes, and hand down what it likes.
            _ if !own.has("cgroup.type") && !heir => Self::make(path, own)?,
            Some(parent) if others > 0 && !heir => Self::beside(parent).map_err(|error| {
                let others = if others == 1 { "another process".to_owned() } else { format!("{others} others") };
                format!(
                    "nano shares its group with {others}, and can have none beside it ({error}); systemd gives it one by \
                     Delegate=yes"
                )
            })?,
            _ => {
                let mut tree = Self::make(path, own)?;
                tree.heir = heir;
                if let Err(error) = tree.move_in(if heir { nano } else { &there }) {
                    tree.give_back();
                    return Ok((tree, Some(format!("{}: {error}", path.display()))));
                }
                tree
            }
        };
        let lacking = tree.take(&offered, needed).err().map(|error| {
            tree.give_back();
            tree.controllers.clear();
            format!("{}: {error}", path.display())
        });
        Ok((tree, lacking))
    }

    fn beside(parent: &Path) -> Result<Self, String> {
        let group = Group::open(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        // The directory above the mount is no group.
        if !group.has(HANDED_DOWN) {
            return Err(format!("{} is none", parent.display()));
        }
        Self::make(parent, group)
    }

    fn make(path: &Path, base: Group) -> Result<Self, String> {
        Instance::remove_stale(&base);
        let instance =
            Instance::make(base).map_err(|error| format!("nano may not make groups in {}: {error}", path.display()))?;
        Ok(Self { instance, controllers: Vec::new(), enabled: Vec::new(), heir: false, moved: Vec::new() })
    }

    /// Moves nano's processes out of the base, which is to hand controllers down.
    fn move_in(&mut self, nano: &[i32]) -> io::Result<()> {
        let leaf = self.instance.group.make(OWN_LEAF)?;
        for pid in nano {
            leaf.add(*pid)?;
            self.moved.push(*pid);
        }
        Ok(())
    }

    /// Gets the controllers handed down to the instance's group.
    fn take(&mut self, offered: &[Controller], needed: Option<Controller>) -> io::Result<()> {
        let base = &self.instance.base;
        let list = base.read(HANDED_DOWN).unwrap_or_default();
        let handed_down: Vec<_> = among(offered, &list).collect();
        for controller in offered {
            let before = handed_down.contains(controller);
            let down = if before { Ok(()) } else { enable(base, *controller) };
            match down.and_then(|()| enable(&self.instance.group, *controller)) {
                Ok(()) => self.controllers.push(*controller),
                Err(error) if Some(*controller) == needed => return Err(error),
                // An optional controller: nano works without it.
                Err(_) => {}
            }
            if !before || self.heir {
                self.enabled.push(*controller);
            }
        }
        if self.controllers.contains(&Controller::Cpu)
            && let Ok(leaf) = self.instance.group.child(OWN_LEAF)
        {
            let _ = leaf.write("cpu.weight", OWN_WEIGHT);
        }
        Ok(())
    }

    /// Puts everything back as it was: moves nano home, and removes the leaf.
    fn give_back(&mut self) {
        let (base, own) = (&self.instance.base, &self.instance.group);
        // A group that hands controllers down takes no processes. A group that nano was not moved out of is used by
        // other programs too.
        for group in [own, base].into_iter().filter(|_| !self.moved.is_empty()) {
            for controller in &self.enabled {
                let _ = group.write(HANDED_DOWN, &format!("-{}", controller.name()));
            }
        }
        if !self.moved.is_empty() {
            // Also a process that came from the nano before and waits for this one.
            let inside = own.child(OWN_LEAF).and_then(|leaf| leaf.processes());
            let pids = inside.unwrap_or_else(|_| self.moved.clone());
            for pid in pids {
                // A nano that took over has the group above handed down: then its leaf is the place.
                if base.add(pid).is_err()
                    && let Some(leaf) = self.instance.leaf_of_another()
                {
                    let _ = leaf.add(pid);
                }
            }
        }
        let _ = own.remove(OWN_LEAF);
        self.enabled.clear();
        self.moved.clear();
    }

    /// Removes all there is.
    pub(super) fn close(mut self, deadline: Instant) -> io::Result<()> {
        let own = &self.instance.group;
        for name in own.children()?.into_iter().filter(|name| name != OWN_LEAF) {
            own.remove_tree(&name, deadline)?;
        }
        self.give_back();
        // What could not be moved away goes on: it is nano itself, or waits for the one that took over.
        if self.instance.group.child(OWN_LEAF).is_ok_and(|leaf| leaf.processes().is_ok_and(|left| !left.is_empty())) {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        self.instance.remove(deadline)
    }
}

/// Hands a controller down to the groups in this one.
pub(super) fn enable(group: &Group, controller: Controller) -> io::Result<()> {
    group.write(HANDED_DOWN, &format!("+{}", controller.name()))
}

/// Writes the limits of a group without processes.
pub(super) fn limit(group: &Group, controller: Controller, limits: &CgroupLimits) -> io::Result<()> {
    match controller {
        Controller::Memory => {
            group.write("memory.max", &limits.memory.to_string())?;
            // Both are missing on old kernels: without swap, and before 4.19.
            for (file, value) in [("memory.swap.max", "0"), ("memory.oom.group", "1")] {
                if group.has(file) {
                    group.write(file, value)?;
                }
            }
            Ok(())
        }
        Controller::Pids => group.write("pids.max", &limits.pids.to_string()),
        // Equal for all apps: what a fresh group has.
        Controller::Cpu => Ok(()),
        #[cfg(test)]
        Controller::HugeTlb => group.write("hugetlb.2MB.max", "4194304"),
    }
}

/// Raises the memory limit of a group.
pub(super) fn raise_memory(group: &Group, bytes: u64) -> io::Result<()> {
    group.write("memory.max", &bytes.to_string())
}

/// Processes that the kernel killed because the group was at its limit.
pub(super) fn oom_kills(group: &Group) -> Option<u64> {
    group.field("memory.events", "oom_kill")
}

/// The wanted controllers that are on a list in the form of `cgroup.controllers`.
fn among<'l>(wanted: &'l [Controller], list: &'l str) -> impl Iterator<Item = Controller> + 'l {
    wanted.iter().copied().filter(|own| list.split_ascii_whitespace().any(|name| name == own.name()))
}

#[cfg(test)]
mod tests;
