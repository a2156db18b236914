//! Ends of the process that V8 or a limit forces: one line on stderr (which the supervisor reads), then the exit
//! status that says why.

use std::ffi::c_char;
use std::io::{self, Write as _};

use nano_protocol::ExitReason;

/// Ends the process at once: no destructors, no exit handlers, whatever other threads do.
#[expect(unsafe_code, reason = "the only way to end a process without running its exit handlers")]
pub fn exit_now(status: i32) -> ! {
    // SAFETY: takes an integer and does not return.
    unsafe { nix::libc::_exit(status) }
}

/// Says why on stderr and ends the process.
pub(crate) fn die(reason: ExitReason, message: &str) -> ! {
    // One write, so that it is whole even if the heap is not: `message` was there before.
    let _ = io::stderr().write_all(message.as_bytes());
    exit_now(reason.exit_status().into())
}

/// V8 calls this when it cannot get memory that it needs, after the heap limit's last allowance.
pub(crate) extern "C" fn on_out_of_memory(_location: *const c_char, details: &v8::OomDetails) {
    if details.is_heap_oom {
        die(ExitReason::Heap, "nano-worker: the heap limit is reached\n");
    }
    die(ExitReason::Heap, "nano-worker: V8 asked for more memory than there can be\n");
}

/// V8 calls this when it finds itself broken.
pub(crate) fn on_fatal_error(_file: &str, _line: i32, message: &str) {
    let mut stderr = io::stderr();
    for part in ["nano-worker: V8 failed: ", message] {
        let _ = stderr.write_all(part.as_bytes());
    }
    die(ExitReason::Crash, "\n");
}
