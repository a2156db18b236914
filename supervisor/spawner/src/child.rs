//! What a new process does before it is `nano-worker`. Everything else the worker does itself (`worker/src/sandbox`): a
//! program cannot be executed in a root directory that has no files.

use std::convert::Infallible;
use std::ffi::CStr;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nano_protocol::{ExitCode, ExitReason};
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{chdir, dup2_stderr, dup2_stdin, dup2_stdout, execveat, read, setsid};
use rustix::thread::{CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities};

/// What is executed, and with what.
pub(crate) struct Execution<'e> {
    pub(crate) program: BorrowedFd<'e>,
    pub(crate) arguments: Vec<&'e CStr>,
    pub(crate) stdin: BorrowedFd<'e>,
    pub(crate) stdout: BorrowedFd<'e>,
    pub(crate) stderr: BorrowedFd<'e>,
    /// A byte comes when the process is where it belongs; its end, when the spawner is gone.
    pub(crate) go: BorrowedFd<'e>,
    /// The process has capabilities in a user namespace of its own only, and no user there has them for what he is.
    pub(crate) keep_capabilities: bool,
}

impl Execution<'_> {
    /// Becomes the program, or ends.
    pub(crate) fn carry_out(&self) -> ! {
        let error = match self.try_to() {
            Err(error) => io::Error::from(error),
        };
        // It reaches the supervisor as the worker's last words.
        let _ = writeln!(io::stderr(), "cannot execute nano-worker: {error}");
        #[expect(clippy::disallowed_methods, reason = "a forked child: destructors are its parent's")]
        std::process::exit(ExitCode::Worker(ExitReason::Startup).into());
    }

    fn try_to(&self) -> Result<Infallible, Errno> {
        dup2_stderr(self.stderr)?;
        setsid()?;
        // The worker asks again: changing users ends it.
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        if !self.may_go()? {
            #[expect(clippy::disallowed_methods, reason = "a forked child: destructors are its parent's")]
            std::process::exit(ExitCode::Worker(ExitReason::Startup).into());
        }
        dup2_stdin(self.stdin)?;
        dup2_stdout(self.stdout)?;
        chdir("/")?;
        if self.keep_capabilities {
            keep_capabilities()?;
        }
        SigSet::empty().thread_set_mask()?;
        let no_variables: [&CStr; 0] = [];
        execveat(self.program.as_fd(), c"", &self.arguments, &no_variables, AtFlags::AT_EMPTY_PATH)
    }

    fn may_go(&self) -> Result<bool, Errno> {
        loop {
            match read(self.go, &mut [0]) {
                Err(Errno::EINTR) => {}
                other => return other.map(|count| count == 1),
            }
        }
    }
}

/// Over the execution, which only lets root keep them.
fn keep_capabilities() -> Result<(), Errno> {
    let raw = |error: rustix::io::Errno| Errno::from_raw(error.raw_os_error());
    let mut sets = capabilities(None).map_err(raw)?;
    sets.inheritable = sets.permitted;
    set_capabilities(None, sets).map_err(raw)?;
    for capability in CapabilitySet::all().iter().filter(|one| sets.permitted.contains(*one)) {
        configure_capability_in_ambient_set(capability, true).map_err(raw)?;
    }
    Ok(())
}
