//! What a process inherits from its parent about signals: its mask and the signals that it ignores. nano sets both
//! anew.

use nix::sys::signal::{SigHandler, SigSet, Signal, signal};

/// For a process that serves: resets all signals to their default action. Those in `wait` are blocked until there is a
/// handler for them; before that they would end the process. Call it first of all.
pub fn begin(wait: &[Signal]) {
    for each in Signal::iterator() {
        let to = match each {
            // The standard library has handlers for these: they report a stack overflow, and make a closed pipe an
            // error.
            Signal::SIGSEGV | Signal::SIGBUS | Signal::SIGPIPE => continue,
            // Ignored: a log file at its size limit then fails the write of a line, not the process.
            Signal::SIGXFSZ => SigHandler::SigIgn,
            _ => SigHandler::SigDfl,
        };
        set(each, to);
    }
    mask(wait);
}

/// For a process that executes another program. The signals that it ignores stay ignored, as nohup(1) wants it, except
/// SIGCHLD: it must be able to wait for its children.
pub fn begin_program() {
    set(Signal::SIGCHLD, SigHandler::SigDfl);
    mask(&[]);
}

/// Blocks exactly these signals.
fn mask(wait: &[Signal]) {
    let _ = wait.iter().copied().collect::<SigSet>().thread_set_mask();
}

fn set(each: Signal, to: SigHandler) {
    #[expect(unsafe_code, reason = "a handler could do what no handler may")]
    // SAFETY: no handler is installed, and no handler is removed: the process has just begun, and the standard
    // library's handlers are left out.
    let _ = unsafe { signal(each, to) };
}
