//! What ps(1) shows of this process: the memory of its first argument (proc_pid_cmdline(5)).

use std::env;
use std::ffi::c_char;

#[expect(unsafe_code, reason = "no crate declares it")]
// SAFETY: it is so declared in errno.h of the C library.
unsafe extern "C" {
    /// The first argument, as the C library got it from the kernel.
    static program_invocation_name: *mut c_char;
}

/// Writes a title over the first argument, as far as there is room, and spaces behind it.
pub(crate) fn set(title: &str) {
    let room = env::args_os().next().map_or(0, |first| first.len());
    let text = title.bytes().filter(|byte| *byte != 0).chain(std::iter::repeat(b' '));
    for (at, byte) in text.take(room).enumerate() {
        #[expect(unsafe_code, reason = "the arguments' memory has no other name")]
        // SAFETY: the C library sets the pointer to the first argument before `main`, and nothing here changes it. The
        // kernel put the arguments in writable memory of this process, and this one is `room` bytes long, without the zero
        // behind it. The standard library copies arguments when they are asked for and keeps no references to them; there is
        // no other thread that asks.
        unsafe {
            program_invocation_name.add(at).write(byte.cast_signed());
        }
    }
}
