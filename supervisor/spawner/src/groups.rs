//! The control groups of all workers: created before a worker starts, read when it has ended, and then removed.

use std::io;
use std::time::{Duration, Instant};

use nano_protocol::{LayerReport, SandboxLayer, memory};
use nix::unistd::{getpid, getppid};

use crate::cgroup::{Backend, Cgroup, CgroupLimits};

/// Processes and threads that a worker may have. It has three, and its system call filter allows no more.
const PIDS: u64 = 8;

/// How long the spawner waits at its end for the kernel to release groups.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Interval of the checks whether it has, in milliseconds.
pub(crate) const RETRY_MS: u8 = 20;

/// This machine's control groups, or why there are none.
#[derive(Debug)]
pub(crate) struct Groups(Result<Backend, String>);

/// A worker's group, created before the worker is started.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) group: Option<Cgroup>,
    /// The layer's report once the worker is in the group.
    pub(crate) report: LayerReport,
}

impl Groups {
    /// Sets up control groups for this process and the supervisor, its parent.
    pub(crate) fn detect() -> Self {
        let nano = [getpid().as_raw(), getppid().as_raw()];
        Self(Backend::detect(&nano).map_err(|unavailable| unavailable.to_string()))
    }

    /// `memory` is the app's `memory_mb` in bytes.
    pub(crate) fn prepare(&mut self, app: &str, memory: u64) -> Prepared {
        let made = match &mut self.0 {
            Ok(backend) => {
                let limits = CgroupLimits { memory: memory::process_limit(memory), pids: PIDS };
                let lacking = (!backend.limits_memory()).then(|| lacks(backend));
                let summary = backend.summary();
                backend.create(app, &limits).map_err(|error| error.to_string()).map(|group| match lacking {
                    Some(reason) => (group, false, reason),
                    None => (group, true, summary),
                })
            }
            Err(reason) => Err(reason.clone()),
        };
        match made {
            Ok((group, active, detail)) => Prepared { group: Some(group), report: report(active, detail) },
            Err(reason) => Prepared { group: None, report: report(false, reason) },
        }
    }

    /// Changes the limits of a group to those of a worker with this `memory_mb`, in bytes. `memory` must not be less than what
    /// the group was made for.
    pub(crate) fn set_memory(group: &Cgroup, memory: u64) -> io::Result<()> {
        group.raise_memory(memory::process_limit(memory))
    }

    /// The worker has ended or was not started.
    pub(crate) fn give_back(&mut self, group: Cgroup) {
        if let Ok(backend) = &mut self.0 {
            backend.remove(group);
        }
    }

    /// Retries removals. Returns whether nothing is left.
    pub(crate) fn sweep(&mut self) -> bool {
        match &mut self.0 {
            Ok(backend) => backend.sweep() == 0,
            Err(_) => true,
        }
    }

    /// Removes all groups, as far as possible.
    pub(crate) fn close(&mut self) {
        let closed = Err("the spawner ends".to_owned());
        if let Ok(backend) = std::mem::replace(&mut self.0, closed) {
            let _ = backend.close(Instant::now() + REMOVE_TIMEOUT);
        }
    }
}

fn lacks(backend: &Backend) -> String {
    backend.lacking().unwrap_or("no memory controller").to_owned()
}

fn report(active: bool, detail: String) -> LayerReport {
    LayerReport { layer: SandboxLayer::Cgroup, active, detail }
}
