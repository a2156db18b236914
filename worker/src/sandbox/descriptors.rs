//! Inherited descriptors: they would bypass every other layer.

use std::fs;
use std::os::fd::RawFd;

use nix::libc;

/// The first descriptor after standard error.
const FIRST: libc::c_uint = 3;

/// Closes everything but standard input, output and error. nano marks all of its descriptors close-on-exec; the process
/// that started nano may not have.
pub(super) fn close_inherited() {
    #[expect(unsafe_code, reason = "descriptors without an owner can only be closed by number")]
    // SAFETY: takes integers. The process has just begun: no object here owns a descriptor above standard error.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    if closed != 0 {
        // Linux before 5.9.
        close_one_by_one();
    }
}

fn close_one_by_one() {
    let Ok(open) = fs::read_dir("/proc/self/fd") else { return };
    let numbers = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    // The list's own descriptor is closed by then; closing it again does nothing.
    for number in numbers.filter(|number| *number > libc::STDERR_FILENO).collect::<Vec<_>>() {
        #[expect(unsafe_code, reason = "descriptors without an owner can only be closed by number")]
        // SAFETY: as above.
        unsafe {
            libc::close(number);
        }
    }
}
