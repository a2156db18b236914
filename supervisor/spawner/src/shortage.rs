//! Explains errors of the kernel. An error number says that a limit was reached, but not which one, nor where it is
//! set.

use std::fs;
use std::io;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};

/// The error, with the limits that can cause it and their present values. For errors of making processes, threads,
/// memory and descriptors.
#[must_use]
pub fn explain(error: &io::Error) -> String {
    let why = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EAGAIN) => format!(
            "no more processes and threads may be made. The limits are RLIMIT_NPROC, which counts all of this user ({}; ulimit -u, LimitNPROC= in a systemd unit), pids.max of the control group{} (TasksMax=, --pids-limit) and kernel.threads-max{}. A nano needs a few processes and threads, and four for each worker",
            limit(Resource::RLIMIT_NPROC),
            now(&pids_max()),
            now("/proc/sys/kernel/threads-max"),
        ),
        Some(Errno::EMFILE) => format!(
            "this process may have no more open files: RLIMIT_NOFILE is {} (ulimit -n, LimitNOFILE= in a systemd unit)",
            limit(Resource::RLIMIT_NOFILE),
        ),
        Some(Errno::ENFILE) => {
            format!("this machine may have no more open files: fs.file-max{}", now("/proc/sys/fs/file-max"))
        }
        Some(Errno::ENOMEM) => format!(
            "the machine has no memory left, or a limit does not let nano have it: RLIMIT_AS is {} (ulimit -v, LimitAS=), RLIMIT_DATA is {} (ulimit -d, LimitDATA=)",
            limit(Resource::RLIMIT_AS),
            limit(Resource::RLIMIT_DATA),
        ),
        Some(Errno::EFBIG) => format!(
            "no file may grow so long, not even in memory: RLIMIT_FSIZE is {} (ulimit -f, LimitFSIZE=)",
            limit(Resource::RLIMIT_FSIZE),
        ),
        Some(Errno::EPERM) => {
            "this user, or the container's profile of system calls (seccomp), may not do that".to_owned()
        }
        _ => return error.to_string(),
    };
    format!("{error}: {why}")
}

fn limit(resource: Resource) -> String {
    match getrlimit(resource) {
        Ok((u64::MAX, _)) => "unlimited".to_owned(),
        Ok((soft, _)) => soft.to_string(),
        Err(error) => error.to_string(),
    }
}

/// ` (N)`, if the file can be read.
fn now(path: &str) -> String {
    fs::read_to_string(path).map(|text| format!(" ({})", text.trim())).unwrap_or_default()
}

/// The limit of this process's own group, in the unified hierarchy.
fn pids_max() -> String {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default().to_owned();
    format!("/sys/fs/cgroup{group}/pids.max")
}

#[cfg(test)]
mod tests;
