//! What the kernel reports about a worker, in `/proc/PID` (proc_pid_status(5), proc_pid_limits(5)). Every process can
//! read these files, also those of a process that is not dumpable; but then they belong to root. The namespaces and the
//! root directory are visible only to processes that may trace it: root's, and those of the user who made the worker's
//! user namespace.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use nano_protocol::SandboxLayer;

/// The highest allowed values of a worker's resource limits, by their names in `/proc/PID/limits`.
const LIMITS: [(&str, u64); 6] = [
    ("Max core file size", 0),
    ("Max open files", 256),
    ("Max file size", 0),
    ("Max locked memory", 0),
    ("Max msgqueue size", 0),
    ("Max processes", 0),
];

/// The namespaces that a worker must not share with nano. (It is in a user namespace of its own only if nano is not
/// root.)
const NAMESPACES: [&str; 6] = ["mnt", "pid", "net", "ipc", "uts", "cgroup"];

/// A worker's state in `/proc` at one moment.
#[derive(Debug)]
pub(crate) struct ProcInspection {
    /// The status of each thread.
    threads: Vec<String>,
    limits: String,
    /// The owner of `/proc/PID/status`. (Not of the directory: that is always the process's user.)
    owner: u32,
    /// Evidence that it shares namespaces with nano.
    shared: Option<String>,
    /// Evidence that its root directory is not empty or can be written to.
    root: Option<String>,
}

impl ProcInspection {
    pub(crate) fn read(pid: u32) -> io::Result<Self> {
        let mut threads = Vec::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            threads.push(fs::read_to_string(thread?.path().join("status"))?);
        }
        if threads.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let limits = fs::read_to_string(format!("/proc/{pid}/limits"))?;
        let owner = fs::metadata(format!("/proc/{pid}/status"))?.uid();
        Ok(Self { threads, limits, owner, shared: shared_namespaces(pid), root: root_directory(pid) })
    }

    /// Evidence that this layer is not in force, if there is any. `user` is the uid that the worker should have.
    pub(crate) fn contradiction(&self, layer: SandboxLayer, user: Option<u32>) -> Option<String> {
        match layer {
            // [`Cgroup::contradiction`](crate::cgroup::Cgroup::contradiction) checks it.
            SandboxLayer::Cgroup => None,
            SandboxLayer::Namespaces => self.shared.clone(),
            SandboxLayer::Root => self.root.clone(),
            SandboxLayer::Uid => {
                let own = user?.to_string();
                let all = [own.as_str(); 4].join("\t");
                self.unlike("Uid", &all).or_else(|| self.unlike("Gid", &all)).or_else(|| self.unlike("Groups", ""))
            }
            SandboxLayer::Capabilities => {
                ["CapInh", "CapPrm", "CapEff", "CapAmb"].iter().find_map(|set| self.unlike(set, "0000000000000000"))
            }
            SandboxLayer::NoNewPrivs => self.unlike("NoNewPrivs", "1"),
            // The files belong to the process's user if it is dumpable, else to root. For a worker that is root the two
            // cannot be told apart.
            SandboxLayer::Undumpable => {
                let told = user.is_some() || !self.is_root();
                (told && self.owner != 0).then(|| format!("files of user {}", self.owner))
            }
            SandboxLayer::Rlimits => LIMITS.iter().find_map(|(name, most)| self.above(name, *most)),
            // The kernel does not show it.
            SandboxLayer::Landlock => None,
            SandboxLayer::Seccomp => self.unlike("Seccomp", "2"),
        }
    }

    fn is_root(&self) -> bool {
        self.unlike("Uid", "0\t0\t0\t0").is_none()
    }

    /// The value of this field in the first thread where it is not `value`.
    fn unlike(&self, field: &str, value: &str) -> Option<String> {
        let other =
            self.threads.iter().map(|status| status_field(status, field)).find(|found| *found != Some(value))?;
        Some(match other {
            Some(other) => format!("{field} {}", other.replace('\t', " ")),
            None => format!("no {field}"),
        })
    }

    /// The limit, if its soft or hard value is over `most`.
    fn above(&self, name: &str, most: u64) -> Option<String> {
        let Some(line) = self.limits.lines().find_map(|line| line.strip_prefix(name)) else {
            return Some(format!("no limit {name:?}"));
        };
        let kept =
            line.split_ascii_whitespace().take(2).all(|value| value.parse().is_ok_and(|value: u64| value <= most));
        (!kept).then(|| format!("{name} {}", line.trim()))
    }
}

/// The first namespace that the worker shares with this process.
fn shared_namespaces(pid: u32) -> Option<String> {
    for name in NAMESPACES {
        let link = |process: &str| fs::read_link(format!("/proc/{process}/ns/{name}"));
        match (link("self"), link(&pid.to_string())) {
            (Ok(own), Ok(workers)) if own != workers => {}
            (Ok(_), Ok(_)) => return Some(format!("the {name} namespace of nano")),
            // A kernel without such namespaces.
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {}
            (Err(error), _) | (_, Err(error)) => return Some(format!("no {name} namespace: {error}")),
        }
    }
    None
}

/// Evidence against a single, empty and read-only mount.
fn root_directory(pid: u32) -> Option<String> {
    match fs::read_dir(format!("/proc/{pid}/root/")).map(|mut entries| entries.next()) {
        Ok(None) => {}
        Ok(Some(_)) => return Some("files in its root directory".to_owned()),
        Err(error) => return Some(format!("no root directory: {error}")),
    }
    match fs::read_to_string(format!("/proc/{pid}/mountinfo")) {
        Ok(mounts) => mount_fault(&mounts),
        Err(error) => Some(format!("no mounts: {error}")),
    }
}

fn mount_fault(mounts: &str) -> Option<String> {
    let mut lines = mounts.lines();
    let (Some(only), None) = (lines.next(), lines.next()) else {
        return Some(format!("{} mounts", mounts.lines().count()));
    };
    // Number, parent, device, root, mount point, options: see proc_pid_mountinfo(5).
    let options = only.split(' ').nth(5).unwrap_or_default();
    (!options.split(',').any(|option| option == "ro")).then(|| format!("a root directory mounted {options}"))
}

fn status_field<'s>(status: &'s str, field: &str) -> Option<&'s str> {
    status.lines().find_map(|line| Some(line.strip_prefix(field)?.strip_prefix(':')?.trim()))
}

#[cfg(test)]
mod tests;
