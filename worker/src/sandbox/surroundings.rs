//! What the process that started this one made for it, as its arguments say.

use std::ffi::OsString;

/// By default nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `--identity=UID:GID`: a user namespace that knows nobody yet. This is who the process is outside of it.
    pub identity: Option<(u32, u32)>,
    /// `--empty-root`: a mount namespace, and the right to change it.
    pub empty_root: bool,
    /// `--user=UID`: the user and group that it is to be, and the right to become that.
    pub user: Option<u32>,
}

impl Surroundings {
    /// `None` if there is something else among them.
    pub fn from_arguments(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut all = Self::default();
        for argument in arguments {
            let argument = argument.to_str()?;
            match argument.split_once('=') {
                None if argument == "--empty-root" => all.empty_root = true,
                Some(("--user", uid)) => all.user = Some(uid.parse().ok()?),
                Some(("--identity", ids)) => {
                    let (uid, gid) = ids.split_once(':')?;
                    all.identity = Some((uid.parse().ok()?, gid.parse().ok()?));
                }
                _ => return None,
            }
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests;
