//! What a new process does before it executes `nano-worker`. Everything else is done by the worker itself
//! (`worker/src/sandbox`): a program cannot be executed in a root directory that has no files.

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

/// The program to execute, its arguments and its descriptors.
pub(crate) struct Execution<'e> {
    pub(crate) program: BorrowedFd<'e>,
    pub(crate) arguments: Vec<&'e CStr>,
    pub(crate) stdin: BorrowedFd<'e>,
    pub(crate) stdout: BorrowedFd<'e>,
    pub(crate) stderr: BorrowedFd<'e>,
    /// The spawner writes a byte here when the process is in its group; end of file means that the spawner is gone.
    pub(crate) go: BorrowedFd<'e>,
    /// Keep the capabilities over execve(2). The process has them only in a user namespace of its own, where its user
    /// would lose them otherwise.
    pub(crate) keep_capabilities: bool,
}

impl Execution<'_> {
    /// Executes the program, or ends the process.
    pub(crate) fn carry_out(&self) -> ! {
        let error = match self.try_to() {
            Err(error) => io::Error::from(error),
        };
        // The supervisor reads it as the worker's last output on stderr.
        let _ = writeln!(io::stderr(), "cannot execute nano-worker: {error}");
        #[expect(clippy::disallowed_methods, reason = "a forked child: destructors are its parent's")]
        std::process::exit(ExitCode::Worker(ExitReason::Startup).into());
    }

    fn try_to(&self) -> Result<Infallible, Errno> {
        dup2_stderr(self.stderr)?;
        setsid()?;
        // The worker sets it again, because changing the user clears it.
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

/// Keeps capabilities over execve(2), which drops them for every user but root.
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
