//! The supplementary groups of the process at the other end of a Unix socket, as the kernel has them since it connected.
//! The account database may say something else: a service may have groups that its user is no member of.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::libc;

/// As many as a process may have (`NGROUPS_MAX`).
const MAX_GROUPS: usize = 65_536;

/// `SO_PEERGROUPS`, since Linux 4.13.
///
/// # Errors
/// The kernel refuses, or does not know the option.
pub fn peer_groups(socket: &impl AsFd) -> nix::Result<Vec<libc::gid_t>> {
    let mut groups: Vec<libc::gid_t> = vec![0; 32];
    loop {
        let room = groups.len() * size_of::<libc::gid_t>();
        let mut length = libc::socklen_t::try_from(room).map_err(|_| Errno::ENOMEM)?;
        #[expect(unsafe_code, reason = "nix has no such option")]
        // SAFETY: the kernel writes at most `length` bytes into `groups`, which has so many, and how many into `length`.
        let answer = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        let count = usize::try_from(length).unwrap_or(0) / size_of::<libc::gid_t>();
        match Errno::result(answer) {
            Ok(_) => {
                groups.truncate(count);
                return Ok(groups);
            }
            // `length` says how much room is needed.
            Err(Errno::ERANGE) if count > groups.len() && count <= MAX_GROUPS => groups.resize(count, 0),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
