//! Descriptors that somebody left open for nano: systemd's sockets, whatever a shell has open. They are the supervisor's
//! business, not the spawner's.

use nix::libc;

/// The first descriptor after standard error.
const FIRST: libc::c_uint = 3;

/// Closes everything but standard input, output and error. Before Linux 5.9 it closes nothing; what is open then stays
/// open here, and is closed by each worker for itself.
pub(crate) fn close_inherited() {
    #[expect(unsafe_code, reason = "descriptors that nobody owns can only be closed by number")]
    // SAFETY: takes integers. The process has just begun: no object here owns a descriptor above standard error.
    unsafe {
        libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0);
    }
}
