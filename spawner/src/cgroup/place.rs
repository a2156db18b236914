//! Where this process stands in the control group hierarchies: `/proc/self/cgroup` (cgroups(7)) joined with the mounts in
//! `/proc/self/mountinfo` (proc_pid_mountinfo(5)).

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Both files' text.
#[derive(Debug)]
pub(super) struct Place {
    groups: String,
    mounts: String,
}

impl Place {
    /// This process's.
    pub(super) fn own() -> io::Result<Self> {
        Ok(Self {
            groups: fs::read_to_string("/proc/self/cgroup")?,
            mounts: fs::read_to_string("/proc/self/mountinfo")?,
        })
    }

    /// The directory of our group in the v2 hierarchy.
    pub(super) fn unified(&self) -> Result<PathBuf, String> {
        let group = path_of(&self.groups, "").ok_or("this process is in no v2 group")?;
        self.path(group, |kind, _| kind == "cgroup2")
    }

    /// The directory of our group in the v1 hierarchy with this controller.
    pub(super) fn with_controller(&self, controller: &str) -> Result<PathBuf, String> {
        let has = |list: &str| list.split(',').any(|name| name == controller);
        let group = path_of(&self.groups, controller);
        let group = group.ok_or_else(|| format!("the kernel has no v1 hierarchy with {controller}"))?;
        self.path(group, |kind, options| kind == "cgroup" && has(options))
    }

    fn path(&self, group: &str, wanted: impl Fn(&str, &str) -> bool) -> Result<PathBuf, String> {
        let mounts = self.mounts.lines().filter_map(Mount::parse);
        let mount = mounts.filter(|mount| wanted(mount.kind, mount.options)).last().ok_or("it is not mounted")?;
        // Of a bind mount, or in a container, only a part of the hierarchy is there.
        let group = Path::new(group);
        let below = group.strip_prefix(&mount.root).map_err(|_| {
            format!("our group {} is not below {}, which is mounted", group.display(), mount.root.display())
        })?;
        if below.components().any(|part| part.as_os_str() == "..") {
            return Err(format!("our group {} is outside of this cgroup namespace", group.display()));
        }
        Ok(mount.point.join(below))
    }
}

/// The group in the hierarchy with this controller, or on v2 with the empty name: of lines `ID:CONTROLLERS:PATH`.
pub(super) fn path_of<'g>(groups: &'g str, controller: &str) -> Option<&'g str> {
    groups.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        controllers.split(',').any(|name| name == controller).then_some(path)
    })
}

struct Mount<'l> {
    /// Which directory of the file system is mounted.
    root: PathBuf,
    /// Where.
    point: PathBuf,
    /// The file system's type.
    kind: &'l str,
    /// The file system's own options.
    options: &'l str,
}

impl<'l> Mount<'l> {
    /// `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD…] - TYPE SOURCE SUPER_OPTIONS`
    fn parse(line: &'l str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (unescape(mount.next()?), unescape(mount.next()?));
        let mut system = system.split(' ');
        let (kind, options) = (system.next()?, system.nth(1)?);
        Some(Self { root, point, kind, options })
    }
}

/// Spaces and such are written as a backslash and three octal digits.
fn unescape(field: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(OsStr::from_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const HYBRID: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n";

    fn place(groups: &str, mounts: &str) -> Place {
        Place { groups: groups.to_owned(), mounts: mounts.to_owned() }
    }

    #[test]
    fn a_hybrid_machine_has_both() {
        let own = place("4:memory:/jobs/7\n2:cpu,cpuacct:/\n1:name=systemd:/\n0::/init.scope\n", HYBRID);
        assert_eq!(own.with_controller("memory").unwrap(), Path::new("/sys/fs/cgroup/memory/jobs/7"));
        assert_eq!(own.with_controller("cpu").unwrap(), Path::new("/sys/fs/cgroup/cpu,cpuacct/"));
        assert_eq!(own.unified().unwrap(), Path::new("/sys/fs/cgroup/unified/init.scope"));
        assert!(own.with_controller("pids").unwrap_err().contains("pids"));
    }

    #[test]
    fn a_container_sees_a_part_of_the_hierarchy() {
        let mounts = "9 8 0:26 /docker/abc /sys/fs/cgroup ro,nosuid master:4 - cgroup2 cgroup rw\n";
        assert_eq!(place("0::/docker/abc\n", mounts).unified().unwrap(), Path::new("/sys/fs/cgroup/"));
        assert_eq!(place("0::/docker/abc/sub\n", mounts).unified().unwrap(), Path::new("/sys/fs/cgroup/sub"));
        assert!(place("0::/docker/other\n", mounts).unified().unwrap_err().contains("/docker/other"));
        let namespace = "9 8 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
        assert!(place("0::/../outside\n", namespace).unified().unwrap_err().contains("namespace"));
        assert!(place("0::/\n", "").unified().unwrap_err().contains("not mounted"));
        assert!(place("", namespace).unified().is_err());
    }

    #[test]
    fn a_mount_point_may_have_a_space() {
        let mounts = r"9 8 0:26 / /mnt/a\040b\134c rw - cgroup2 cgroup rw";
        assert_eq!(place("0::/x\n", mounts).unified().unwrap(), Path::new("/mnt/a b\\c/x"));
    }
}
