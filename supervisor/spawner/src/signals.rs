//! What a process takes over of signals from its parent: which of them wait (its mask), and which of them it
//! ignores. Neither is this program's wish.

use nix::sys::signal::{SigHandler, SigSet, Signal, signal};

/// For a process that serves: signals do again what they are there for. Those in `wait` wait until there is a handler
/// for them; before, they would end the process. Call it first of all.
pub fn begin(wait: &[Signal]) {
    for each in Signal::iterator() {
        let to = match each {
            // The standard library's: a stack that overflowed is told from other faults, a closed pipe is an error.
            Signal::SIGSEGV | Signal::SIGBUS | Signal::SIGPIPE => continue,
            // A log file that may not grow is an error of the line that was to be written.
            Signal::SIGXFSZ => SigHandler::SigIgn,
            _ => SigHandler::SigDfl,
        };
        set(each, to);
    }
    mask(wait);
}

/// For a process that becomes another program: what it ignores is perhaps meant so, as by nohup(1). But it
/// must be able to wait for its children.
pub fn begin_program() {
    set(Signal::SIGCHLD, SigHandler::SigDfl);
    mask(&[]);
}

/// Only these wait from now on.
fn mask(wait: &[Signal]) {
    let _ = wait.iter().copied().collect::<SigSet>().thread_set_mask();
}

fn set(each: Signal, to: SigHandler) {
    #[expect(unsafe_code, reason = "a handler could do what no handler may")]
    // SAFETY: no handler is installed, and none that was installed in this process is taken away: it has just
    // begun, and what the standard library installs is left out.
    let _ = unsafe { signal(each, to) };
}
