//! Descriptors that nano inherited: systemd's sockets, whatever a shell left open. The supervisor uses them, the
//! spawner must not have them.

use nix::libc;

/// The first descriptor after standard error.
const FIRST: libc::c_uint = 3;

/// Closes everything but standard input, output and error. On Linux before 5.9 it closes nothing; the descriptors then
/// stay open here, and each worker closes them for itself.
pub(crate) fn close_inherited() {
    #[expect(unsafe_code, reason = "descriptors without an owner can only be closed by number")]
    // SAFETY: takes integers. The process has just begun: no object here owns a descriptor above standard error.
    unsafe {
        libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0);
    }
}
