//! Where this process stands in the control group hierarchies: `/proc/self/cgroup` (cgroups(7)) joined with the mounts in
//! `/proc/self/mountinfo` (proc_pid_mountinfo(5)).

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Both files' text.
#[derive(Debug)]
pub(super) struct OwnCgroup {
    groups: String,
    mounts: String,
}

impl OwnCgroup {
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
mod tests;
