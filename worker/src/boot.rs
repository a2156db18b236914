//! What a worker does before it gets its app, in this order. Standard input is the control socket; the environment is
//! empty; nothing is read from files.
//!
//! 1. The sandbox's first half: no descriptors but those three, an empty root directory, the app's user, not dumpable, no
//!    capabilities, no new privileges, few resources, no files (Landlock). After it the process can open nothing; the time
//!    zone is known by then.
//! 2. The process asks the kernel to kill it when the supervisor dies. It blocks the signals that a terminal or systemd
//!    sends to all processes: the supervisor finishes requests in flight and then sends `Drain`.
//! 3. The data links come with the first byte on the control socket.
//! 4. V8's set-up on the main thread; V8's and the watchdog's threads.
//! 5. The sandbox's second half, for all threads: no more of them, and the first half of the system call filter (seccomp).
//! 6. A spare waits here until it is given to an app, whose user it becomes (`Prepared`, `Adopt`).
//! 7. The filter's second half. The worker reports which layers are in force. The supervisor verifies that, and only then
//!    sends `Boot`: name, environment, limits.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use crate::process_title;
use nano_protocol::limits::MAX_LINKS;
use nano_protocol::{ExitCode, ExitReason, Frame, Outbox, PROTOCOL_VERSION, memory};
use nano_runtime::{Connection, PreparedWorker, ServeError, exit_now};
use nano_worker::sandbox::{self, Layers, SandboxArgs};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

/// Serves an app; ends the process. `arguments` say what the spawner set up for it.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ! {
    let prepared = SandboxArgs::from_arguments(arguments).ok_or(BootError::Usage).and_then(prepare);
    let status = match prepared.and_then(|prepared| Ok(prepared.serve(crate::SNAPSHOT)?)) {
        Ok(status) => status,
        Err(error) => {
            let _ = writeln!(io::stderr(), "nano-worker: {error}");
            error.exit_status()
        }
    };
    exit_now(status)
}

/// Why a worker could not serve.
#[derive(Debug, thiserror::Error)]
enum BootError {
    #[error(
        "standard input is no control socket; nano-worker is started by `nano`, by hand only as `nano-worker run SCRIPT`"
    )]
    NoSocket,
    #[error("nano-worker is started by `nano`, by hand only as `nano-worker run SCRIPT`")]
    Usage,
    #[error(
        "the supervisor speaks version {0} of the protocol, this worker version {PROTOCOL_VERSION}: nano and nano-worker are of different builds"
    )]
    Version(u8),
    #[error("cannot {0}: {1}")]
    System(&'static str, io::Error),
    #[error("the spare cannot become its app's user: {0}")]
    User(String),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl BootError {
    fn exit_status(&self) -> i32 {
        match self {
            Self::NoSocket | Self::Usage => ExitCode::Usage.into(),
            Self::Version(_) | Self::System(..) | Self::User(_) => ExitCode::Worker(ExitReason::Startup).into(),
            Self::Serve(error) => error.exit_status(),
        }
    }
}

fn prepare(sandbox_args: SandboxArgs) -> Result<PreparedWorker, BootError> {
    let sandbox = sandbox::enter(Layers::ALL, sandbox_args);
    // What ps(1) shows, also where nano had to execute this program by a descriptor's number.
    let _ = prctl::set_name(c"nano-worker");
    // A supervisor that died before this line closed the control socket, which the next step sees.
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| BootError::System("follow the supervisor", error.into()))?;
    // Before there are threads, which inherit it.
    let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect::<SigSet>();
    signals.thread_block().map_err(|error| BootError::System("block signals", error.into()))?;
    let connection = receive_connection()?;
    let mut control = connection.control.try_clone().map_err(|error| BootError::System("share a socket", error))?;
    let mut prepared = PreparedWorker::prepare(connection)?;
    let mut sandbox = sandbox.close();
    let unwritable = |error| BootError::System("write to the control socket", error);
    if sandbox_args.spare {
        prepared.prepare_isolate(crate::SNAPSHOT, memory::DEFAULT)?;
        write(&mut control, &Frame::Prepared).map_err(unwritable)?;
        process_title::set(&format!("nano-worker: {}", prepared.wait_for_adoption()?));
        let user = adopted_user().map_err(|error| BootError::System("read whose worker it is", error))?;
        sandbox.adopt(user).map_err(BootError::User)?;
        // The change of the user undid it. What is said above of the supervisor's death holds here, too.
        prctl::set_pdeathsig(Signal::SIGKILL)
            .map_err(|error| BootError::System("follow the supervisor", error.into()))?;
    }
    write(&mut control, &Frame::Sandboxed(sandbox.finish())).map_err(unwritable)?;
    Ok(prepared)
}

/// What the spawner writes instead of a user's number: the worker stays the user that it is.
const SAME_USER: u32 = u32::MAX;

/// The user of the app that this spare is given to. The spawner wrote it before the supervisor sent `Adopt`.
fn adopted_user() -> io::Result<Option<u32>> {
    let mut number = [0; size_of::<u32>()];
    let mut pipe = io::stdout().as_fd().try_clone_to_owned().map(File::from)?;
    pipe.read_exact(&mut number)?;
    let user = u32::from_le_bytes(number);
    Ok((user != SAME_USER).then_some(user))
}

/// Writes one of the first frames to the supervisor. There is room for them.
fn write(control: &mut UnixStream, frame: &Frame) -> io::Result<()> {
    let mut outbox = Outbox::default();
    outbox.push(frame);
    while !outbox.is_empty() {
        let mut slices = [IoSlice::new(&[]); 1];
        let count = outbox.io_slices(&mut slices);
        let written = control.write_vectored(slices.get(..count).unwrap_or_default())?;
        outbox.advance(written);
    }
    Ok(())
}

/// Reads the protocol's version and the data links off the control socket.
fn receive_connection() -> Result<Connection, BootError> {
    let control = io::stdin().as_fd().try_clone_to_owned();
    let control = UnixStream::from(control.map_err(|error| BootError::System("use standard input", error))?);
    let mut version = [0];
    let mut space = cmsg_space!([RawFd; MAX_LINKS]);
    let links = {
        let mut buffers = [IoSliceMut::new(&mut version)];
        let received = loop {
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            match recvmsg::<()>(control.as_raw_fd(), &mut buffers, Some(&mut space), flags) {
                Err(Errno::EINTR) => {}
                Err(Errno::ENOTSOCK) => return Err(BootError::NoSocket),
                Err(error) => return Err(BootError::System("read from the control socket", error.into())),
                Ok(received) if received.bytes == 0 => {
                    return Err(BootError::System("reach the supervisor", io::ErrorKind::UnexpectedEof.into()));
                }
                Ok(received) => break received,
            }
        };
        let messages = received.cmsgs().map_err(|error| BootError::System("take over the data links", error.into()))?;
        messages.filter_map(descriptors).flatten().map(own).map(UnixStream::from).collect()
    };
    match version {
        [PROTOCOL_VERSION] => Ok(Connection { control, links }),
        [other] => Err(BootError::Version(other)),
    }
}

fn descriptors(message: ControlMessageOwned) -> Option<Vec<RawFd>> {
    match message {
        ControlMessageOwned::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    }
}

#[expect(unsafe_code, reason = "received descriptors are bare numbers")]
fn own(descriptor: RawFd) -> OwnedFd {
    // SAFETY: the kernel made it for this process by `recvmsg`, and nothing else knows it.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}
