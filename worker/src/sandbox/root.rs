//! A root directory without files (pivot_root(2)): an empty file system in memory that can hold none, and nothing else
//! mounted.

use std::fs;

use nix::unistd::chdir;
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount};
use rustix::process::pivot_root;
use rustix::system::sethostname;

use super::LayerResult;

/// A directory that every Linux system has. The new root is mounted on it for a moment.
const PLACE: &str = "/proc";

/// Room for one page and for the directory itself. (0 would mean no limit.)
const OPTIONS: &std::ffi::CStr = c"size=4k,nr_inodes=1,mode=0555";

/// Changes to the empty root. The process must be in a mount namespace of its own.
pub(super) fn empty() -> LayerResult {
    let cannot = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    // The host's name must not be visible to an app. This fails where the namespace is still the machine's, which the
    // inspection sees.
    let _ = sethostname(b"worker");
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE).map_err(cannot("private mounts"))?;
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("none", PLACE, "tmpfs", flags, OPTIONS).map_err(cannot("an empty file system"))?;
    chdir(PLACE).map_err(|error| format!("an empty file system: {error}"))?;
    // The old root is mounted on the new one, and then detached.
    pivot_root(".", ".").map_err(cannot("pivot_root"))?;
    unmount(".", UnmountFlags::DETACH).map_err(cannot("the old root"))?;
    chdir("/").map_err(|error| format!("the new root: {error}"))?;
    verify()
}

fn verify() -> LayerResult {
    let empty = fs::read_dir("/").is_ok_and(|mut entries| entries.next().is_none());
    let read_only = statvfs("/").is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY));
    if empty && read_only { Ok(String::new()) } else { Err("the root directory is not empty".to_owned()) }
}
