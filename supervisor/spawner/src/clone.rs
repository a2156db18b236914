//! Making a process (clone(2)).

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::libc;

/// `CLONE_INTO_CGROUP`. The C library's bindings declare it with the wrong type.
const INTO_CGROUP: u64 = 0x2_0000_0000;

/// Which of the two processes this is.
pub(crate) enum Forked {
    /// The new one.
    Child,
    /// The old one.
    Parent {
        /// The new one, as this process sees it.
        pid: i32,
        /// A pidfd: it never refers to another process, even when the pid is reused.
        pidfd: OwnedFd,
    },
}

/// Makes a process that continues at this point with a copy of this one's memory, in new namespaces (`CLONE_NEW…`) and
/// in this version-2 control group. Call it while there is one thread: the new process would have other threads' locks,
/// but not the threads.
pub(crate) fn clone(namespaces: libc::c_int, group: Option<BorrowedFd<'_>>) -> io::Result<Forked> {
    let mut pidfd: RawFd = -1;
    let flags = libc::CLONE_PIDFD | namespaces;
    let outcome = match clone3(flags, &mut pidfd, group) {
        // Linux before 5.3, and system call filters that cannot read its arguments. (If the namespaces are forbidden,
        // clone(2) fails too.)
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) && group.is_none() => {
            clone_plain(flags, &mut pidfd)
        }
        other => other,
    };
    match outcome? {
        0 => Ok(Forked::Child),
        pid => {
            #[expect(unsafe_code, reason = "the kernel writes a bare number")]
            // SAFETY: the kernel opened it for this process in the call above, and nothing else knows it.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            let pid = i32::try_from(pid).map_err(io::Error::other)?;
            Ok(Forked::Parent { pid, pidfd })
        }
    }
}

fn clone3(flags: libc::c_int, pidfd: &mut RawFd, group: Option<BorrowedFd<'_>>) -> io::Result<libc::c_long> {
    #[expect(unsafe_code, reason = "all fields are integers, for which zero means nothing")]
    // SAFETY: the structure has integers only.
    let mut arguments: libc::clone_args = unsafe { mem::zeroed() };
    arguments.flags = u64::from(flags.cast_unsigned());
    arguments.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    arguments.pidfd = std::ptr::from_mut(pidfd).expose_provenance() as u64;
    if let Some(group) = group {
        arguments.flags |= INTO_CGROUP;
        arguments.cgroup = u64::from(group.as_raw_fd().cast_unsigned());
    }
    #[expect(unsafe_code, reason = "a system call without a wrapper")]
    // SAFETY: the size that is passed is the structure's, and `pidfd` is valid for writes. No stack is given and memory
    // is not shared, so the new process continues with a copy of this one's; there is one thread.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, mem::size_of_val(&arguments)) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(pid) }
}

fn clone_plain(flags: libc::c_int, pidfd: &mut RawFd) -> io::Result<libc::c_long> {
    let (flags, none) = (libc::c_long::from(flags | libc::SIGCHLD), libc::c_long::from(0));
    #[expect(unsafe_code, reason = "a system call whose wrapper wants a stack")]
    // SAFETY: as above; the third argument is where it writes the descriptor, on every architecture.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, none, std::ptr::from_mut(pidfd), none, none) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(pid) }
}

/// Whether clone3(2) is refused. Without arguments it fails with `EINVAL` where it is allowed, and with `ENOSYS` where
/// it does not exist.
pub(crate) fn is_clone3_forbidden() -> bool {
    let none = std::ptr::null::<libc::clone_args>();
    #[expect(unsafe_code, reason = "a system call without a wrapper")]
    // SAFETY: of a structure of no size nothing is read, and no process is made.
    let outcome = unsafe { libc::syscall(libc::SYS_clone3, none, 0) };
    let error = io::Error::last_os_error().raw_os_error();
    outcome < 0 && !matches!(error, Some(libc::EINVAL | libc::ENOSYS))
}
