//! The start of the nano that is to take this one's place (`nanoctl upgrade`). The supervisor has no right left to start
//! one as it was started itself, so it is done here: the installed program, with the arguments, the environment and the
//! rights that this nano began with. The supervisor gives nothing but the socket over which it hands over, and a pipe for
//! what the new nano prints before it has its log.
//!
//! A process stands between the two: it waits for the new nano, so that its end is known. When the new one has taken
//! over, that process is ended, and the new one becomes a child of whoever adopts orphans: the service manager, or the
//! supervisor that made itself their adopter.

use std::convert::Infallible;
use std::ffi::CString;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, execve, setpgid, setsid};

use super::Spawner;
use crate::clone::{Forked, clone};
use crate::inheritance::Inheritance;
use crate::shortage::explain;
use crate::source::ConfigSource;
use crate::wire::{Reply, SpawnerRefusal, Status};

/// The argument with which `nano serve` takes over from another.
pub const TAKE_OVER_FLAG: &str = "--take-over";

/// What a shell adds to the number of the signal that ended a program.
const BY_SIGNAL: i32 = 128;

/// A nano that was started and has not taken over.
pub(super) struct Successor {
    /// The process that waits for it.
    pid: Pid,
    pub(super) pidfd: OwnedFd,
    /// How it ended, once it has.
    ended: Option<Status>,
    /// Who waits for its end.
    asked: Option<u64>,
}

impl Successor {
    /// Has the process that waits for the new nano kill it, and end as it did.
    fn kill(&self) {
        let _ = kill(self.pid, Signal::SIGTERM);
    }

    /// Whether its end is still to come.
    pub(super) fn runs(&self) -> bool {
        self.ended.is_none()
    }
}

impl Spawner {
    /// Starts the installed nano.
    pub(super) fn start_successor(&mut self, id: u64, descriptors: Vec<OwnedFd>) {
        match self.try_start_successor(descriptors) {
            Ok(()) => self.reply(Reply::SuccessorStarted { id }, None),
            Err(why) => self.refuse(id, why),
        }
    }

    fn try_start_successor(&mut self, descriptors: Vec<OwnedFd>) -> Result<(), SpawnerRefusal> {
        let request = |why: &str| SpawnerRefusal::Request(why.to_owned());
        if self.successor.is_some() {
            return Err(request("another nano is taking over"));
        }
        let Some(inheritance) = &self.inheritance else {
            return Err(request("this nano was not started so that another can take over"));
        };
        let Ok([stdin, stderr]) = <[OwnedFd; 2]>::try_from(descriptors) else {
            return Err(request("a nano that takes over needs a socket and a pipe"));
        };
        rustix::net::sockopt::socket_type(&stdin).map_err(|_| request("a nano takes over by a socket"))?;
        let process = |error: io::Error| SpawnerRefusal::Process(explain(&error));
        let uids = self.uids.as_ref().map(|uids| uids.in_use()).unwrap_or_default();
        let execution = Execution { inheritance, source: &self.source, uids, stdin, stderr };
        match clone(0, None).map_err(process)? {
            Forked::Child => {
                let code = execution.stand_between();
                #[expect(clippy::disallowed_methods, reason = "a forked child: destructors are its parent's")]
                std::process::exit(code)
            }
            Forked::Parent { pid, pidfd } => {
                self.successor = Some(Successor { pid: Pid::from_raw(pid), pidfd, ended: None, asked: None });
                Ok(())
            }
        }
    }

    /// Lets go of the new nano, or kills it; the reply comes when the process that waited for it has ended.
    pub(super) fn end_successor(&mut self, id: u64, keep: bool) {
        let Some(successor) = &mut self.successor else {
            return self.refuse(id, SpawnerRefusal::Request("no other nano is taking over".to_owned()));
        };
        successor.asked = Some(id);
        if successor.runs() {
            if keep {
                let _ = kill(successor.pid, Signal::SIGKILL);
            } else {
                successor.kill();
            }
        }
        self.report_successor();
    }

    /// The process that waited for it has ended.
    pub(super) fn reap_successor(&mut self) {
        if let Some(successor) = &mut self.successor {
            let ended = match waitpid(successor.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => return,
                Ok(WaitStatus::Exited(_, code)) if code > BY_SIGNAL => Status::Signal(code - BY_SIGNAL),
                Ok(WaitStatus::Exited(_, code)) => Status::Code(code),
                _ => Status::Signal(Signal::SIGKILL as i32),
            };
            successor.ended = Some(ended);
        }
        self.report_successor();
    }

    fn report_successor(&mut self) {
        let Some(Successor { ended: Some(status), asked: Some(id), .. }) = &self.successor else { return };
        let reply = Reply::SuccessorEnded { id: *id, status: *status };
        self.reply(reply, None);
        self.successor = None;
    }

    /// The supervisor is gone: a nano that has not taken over ends, too.
    pub(super) fn abandon_successor(&mut self) {
        if let Some(successor) = self.successor.take().filter(Successor::runs) {
            successor.kill();
            let _ = waitpid(successor.pid, None);
        }
    }
}

/// What the new nano is executed with.
struct Execution<'e> {
    inheritance: &'e OwnedFd,
    source: &'e ConfigSource,
    uids: std::collections::BTreeMap<String, u32>,
    stdin: OwnedFd,
    stderr: OwnedFd,
}

impl Execution<'_> {
    /// Starts it and waits for its end. Returns its exit status.
    fn stand_between(self) -> i32 {
        // Its own session: signals of a terminal reach the supervisor that hands over, which passes them on.
        let news: SigSet = [Signal::SIGTERM, Signal::SIGCHLD].into_iter().collect();
        let alone = prctl::set_pdeathsig(Signal::SIGKILL).and_then(|()| setsid());
        let ready = alone.and_then(|_| news.thread_block());
        match ready.map_err(io::Error::from).and_then(|()| clone(0, None)) {
            Ok(Forked::Child) => {
                let Err(error) = self.execute();
                let _ = writeln!(io::stderr(), "it cannot be executed: {error}");
                1
            }
            Ok(Forked::Parent { pid, .. }) => {
                // The other ends must see when the new nano closes them.
                drop((self.stdin, self.stderr));
                let pid = Pid::from_raw(pid);
                loop {
                    match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
                        Ok(WaitStatus::Exited(_, code)) => return code,
                        Ok(WaitStatus::Signaled(_, signal, _)) => return BY_SIGNAL + signal as i32,
                        Ok(_) | Err(Errno::EINTR) => {}
                        Err(_) => return 1,
                    }
                    if news.wait() == Ok(Signal::SIGTERM) {
                        // With what it has started, if it is no nano; the spawner of a nano ends by itself.
                        let _ = killpg(pid, Signal::SIGKILL);
                        let _ = kill(pid, Signal::SIGKILL);
                    }
                }
            }
            Err(error) => {
                let _ = writeln!(io::stderr(), "nano: no process for the nano that is to take over: {error}");
                1
            }
        }
    }

    fn execute(&self) -> io::Result<Infallible> {
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
        dup2_stderr(&self.stderr)?;
        let inherited = Inheritance::read(self.inheritance)?;
        let environment = Inheritance::environment(self.inheritance)?;
        let program = inherited.program()?;
        let mut arguments = vec![program.clone(), c"serve".to_owned()];
        for argument in self.source.to_serve_arguments() {
            arguments.push(CString::new(argument.into_vec())?);
        }
        if let Some(shards) = inherited.shards() {
            arguments.push(CString::new(format!("--shards={shards}"))?);
        }
        arguments.push(CString::new(TAKE_OVER_FLAG)?);
        // Which users its apps' workers have, so that no other app gets one of them.
        let uids = Inheritance::new(std::path::Path::new(""), None, self.uids.clone()).write(std::iter::empty())?;
        dup2_stdin(&self.stdin)?;
        dup2_stdout(&uids)?;
        SigSet::empty().thread_set_mask()?;
        Ok(execve(&program, &arguments, &environment)?)
    }
}
