//! What must not be left behind: processes, control groups, sockets, descriptors, memory.

use crate::town::Town;
use nano_test::process::{descendants, descriptors, resident, runs};
use nano_test::{Nano, until};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What the supervisor may have more at the end: buffers of its allocator.
const GROWTH: u64 = 48 << 20;
/// Descriptors that are open for other reasons: clients that come and go.
const LOOSE: usize = 8;

/// What there was before, and what was seen meanwhile.
pub(crate) struct Leftovers {
    supervisor: i32,
    processes: usize,
    descriptors: usize,
    resident: u64,
}

/// Processes and control groups that came across.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pids: BTreeSet<i32>,
    cgroups: BTreeSet<String>,
}

impl Seen {
    /// Takes down who is there.
    pub(crate) fn look(&mut self, nano: &Nano) {
        // Those of the tests are not nano's to remove.
        let own = cgroups("self");
        for pid in descendants(nano.pid()) {
            self.pids.insert(pid);
            self.cgroups.extend(cgroups(&pid.to_string()).difference(&own).cloned());
        }
        self.cgroups.remove("/");
    }
}

impl Leftovers {
    /// As things are while there is load.
    pub(crate) fn of(nano: &Nano) -> Self {
        let supervisor = nano.pid();
        let processes = descendants(supervisor).len();
        let (descriptors, resident) = (descriptors(supervisor).unwrap_or(0), resident(supervisor));
        Self { supervisor, processes, descriptors, resident }
    }

    /// Waits until there are as many processes and descriptors as before, and says what there was and is.
    pub(crate) fn settle(&self, nano: &Nano) -> String {
        until("as many processes and descriptors as before", || {
            let processes = descendants(self.supervisor).len();
            let descriptors = descriptors(nano.pid()).unwrap_or(0);
            (processes <= self.processes && descriptors <= self.descriptors + LOOSE).then_some(())
        });
        let grown = resident(nano.pid()).saturating_sub(self.resident);
        assert!(grown < GROWTH, "the supervisor grew by {grown} bytes");
        let row = |name: &str, before: u64, after: u64| format!("| {name} | {before} | {after} |\n");
        let processes = descendants(self.supervisor).len();
        format!(
            "| of the supervisor | before | after |\n|---|---|---|\n{}{}{}",
            row("processes below it", self.processes as u64, processes as u64),
            row("descriptors", self.descriptors as u64, descriptors(self.supervisor).unwrap_or(0) as u64),
            row("resident KiB", self.resident >> 10, resident(self.supervisor) >> 10),
        )
    }

    /// After its end.
    pub(crate) fn nothing_is_left(town: &Town, seen: &Seen) {
        until("no process is left", || (!seen.pids.iter().any(|pid| runs(*pid) && is_ours(*pid))).then_some(()));
        assert!(!town.nano.control_socket().exists(), "the control socket is left");
        let left = directories(Path::new("/sys/fs/cgroup"), &seen.cgroups);
        assert!(left.is_empty(), "control groups are left: {left:?}");
    }
}

/// Whether a process of that number is a worker still: numbers are given out again.
fn is_ours(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("nano"))
}

/// The control groups of a process, as the kernel names them.
fn cgroups(pid: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    text.lines().filter_map(|line| line.splitn(3, ':').nth(2)).map(str::to_owned).collect()
}

/// Directories of the hierarchies that have one of these names.
fn directories(root: &Path, names: &BTreeSet<String>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if names.iter().any(|name| path.ends_with(name.trim_start_matches('/'))) {
            found.push(path.clone());
        }
        found.extend(directories(&path, names));
    }
    found
}
