//! What the spawner set up for this process, by its arguments.

use std::ffi::OsString;

/// What the spawner set up; by default nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SandboxArgs {
    /// `--identity=UID:GID`: a user namespace without mapped users yet, and who the process is outside of it.
    pub identity: Option<(u32, u32)>,
    /// `--empty-root`: a mount namespace of its own, and the right to change it.
    pub empty_root: bool,
    /// `--user=UID`: the user and group to become, and the right to do so.
    pub user: Option<u32>,
    /// `--spare`: which app it is for is said later ([`super::Closed::adopt`]); until then it keeps the right to become
    /// another user, if it has it.
    pub spare: bool,
}

impl SandboxArgs {
    /// `None` if an argument is unknown.
    pub fn from_arguments(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut all = Self::default();
        for argument in arguments {
            let argument = argument.to_str()?;
            match argument.split_once('=') {
                None if argument == "--empty-root" => all.empty_root = true,
                None if argument == "--spare" => all.spare = true,
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
