//! The older hierarchies (Documentation/admin-guide/cgroup-v1), one for each controller or few of them. nano's processes
//! stay where they are; a worker is moved into its groups while it waits.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::group::Group;
use super::instance::Instance;
use super::own_cgroup::OwnCgroup;
use super::{CgroupLimits, Controller};

const MEMORY: &str = "memory.limit_in_bytes";

/// Memory and swap together; missing where the kernel does not count swap.
const MEMORY_AND_SWAP: &str = "memory.memsw.limit_in_bytes";

/// One hierarchy.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) instance: Instance,
    pub(super) controllers: Vec<Controller>,
}

impl Tree {
    /// Those with the controllers that nano uses; without the one for memory it is no use.
    pub(super) fn detect(own: &OwnCgroup) -> Result<(Vec<Self>, Option<String>), String> {
        let mut trees: Vec<(PathBuf, Self)> = Vec::new();
        let mut lacking = Vec::new();
        for controller in Controller::ALL {
            match Self::find(own, controller, &mut trees) {
                Ok(()) => {}
                Err(reason) if controller == Controller::Memory => return Err(reason),
                Err(reason) => lacking.push(format!("{}: {reason}", controller.name())),
            }
        }
        let trees = trees.into_iter().map(|(_, tree)| tree).collect();
        Ok((trees, Some(lacking.join("; ")).filter(|reasons| !reasons.is_empty())))
    }

    fn find(own: &OwnCgroup, controller: Controller, trees: &mut Vec<(PathBuf, Self)>) -> Result<(), String> {
        let path = own.with_controller(controller.name())?;
        // Some mount two controllers together.
        if let Some((_, tree)) = trees.iter_mut().find(|(other, _)| same(other, &path)) {
            tree.controllers.push(controller);
            return prepare(&tree.instance.group, controller).map_err(|error| error.to_string());
        }
        let base = Group::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Instance::remove_stale(&base);
        let instance =
            Instance::make(base).map_err(|error| format!("nano may not make groups in {}: {error}", path.display()))?;
        if let Err(error) = prepare(&instance.group, controller) {
            let _ = instance.remove(Instant::now());
            return Err(error.to_string());
        }
        trees.push((path, Self { instance, controllers: vec![controller] }));
        Ok(())
    }

    /// Removes all groups.
    pub(super) fn close(self, deadline: Instant) -> io::Result<()> {
        self.instance.remove(deadline)
    }
}

fn same(one: &PathBuf, other: &PathBuf) -> bool {
    one == other || matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

/// Sets up the group of all workers.
fn prepare(group: &Group, controller: Controller) -> io::Result<()> {
    match controller {
        Controller::Cpu => {
            // All workers together weigh as much as one of nano's threads on each processor; nano's threads are outside
            // this group.
            let processors = std::thread::available_parallelism().map_or(1, usize::from);
            group.write("cpu.shares", &(1024 * processors).to_string())
        }
        _ => Ok(()),
    }
}

/// Writes the limits of a group without processes.
pub(super) fn limit(group: &Group, controller: Controller, limits: &CgroupLimits) -> io::Result<()> {
    match controller {
        Controller::Memory => {
            let bytes = limits.memory.to_string();
            group.write(MEMORY, &bytes)?;
            if group.has(MEMORY_AND_SWAP) { group.write(MEMORY_AND_SWAP, &bytes) } else { Ok(()) }
        }
        Controller::Pids => group.write("pids.max", &limits.pids.to_string()),
        // Equal for all apps: what a fresh group has.
        Controller::Cpu => Ok(()),
        #[cfg(test)]
        Controller::HugeTlb => Ok(()),
    }
}

/// Raises the memory limit of a group.
pub(super) fn raise_memory(group: &Group, bytes: u64) -> io::Result<()> {
    let bytes = bytes.to_string();
    // It must never be less than that of memory alone.
    if group.has(MEMORY_AND_SWAP) {
        group.write(MEMORY_AND_SWAP, &bytes)?;
    }
    group.write(MEMORY, &bytes)
}

/// Processes that the kernel killed because the group was at its limit.
pub(super) fn oom_kills(group: &Group) -> Option<u64> {
    // Linux before 4.13 has no such count: a killed worker whose group was at its limit counts as one.
    group.field("memory.oom_control", "oom_kill").or_else(|| group.number("memory.failcnt").map(|full| full.min(1)))
}
