//! Makes a worker's process: clones it into new namespaces, sets up its group from outside, then lets it run.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

use nano_protocol::{LayerReport, SandboxLayer};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::stat::Mode;
use nix::sys::time::{TimeVal, TimeValLike};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getegid, geteuid};

use crate::cgroup::Cgroup;
use crate::child::Execution;
use crate::clone::{Forked, clone};
use crate::dev_null;
use crate::groups::Prepared;
use crate::shortage::explain;
use crate::uid::UidLease;
use crate::wire::{Exit, Status};

/// Bytes of a spare's first argument: room for its app's name.
const TITLE_ROOM: usize = 80;

/// Written to a spare instead of a user's number where nano chooses no users. No user has this number.
const SAME_USER: u32 = u32::MAX;

/// The namespaces that a worker shares with no other process.
const NAMESPACES: libc::c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// Makes the workers' processes.
#[derive(Debug)]
pub(crate) struct ProcessFactory {
    /// `nano-worker`, held by its descriptor: the build that was installed when nano started, with the same version of
    /// the protocol.
    program: OwnedFd,
    null: OwnedFd,
    root: bool,
}

/// Whose a new worker is.
#[derive(Debug)]
pub(crate) enum Owner {
    /// It becomes this user, if nano chooses users.
    Known(Option<Rc<UidLease>>),
    /// Not known yet: a spare.
    Unknown,
}

/// A worker's process. Its zombie stays until [`WorkerProcess::reap`].
#[derive(Debug)]
pub(crate) struct WorkerProcess {
    pid: Pid,
    pub(crate) pidfd: OwnedFd,
    /// Its app's uid, which no other app gets while it lives.
    lease: Option<Rc<UidLease>>,
    /// Its control group.
    pub(crate) group: Option<Cgroup>,
    /// The layers that the spawner made, or why it could not.
    pub(crate) layers: Vec<LayerReport>,
    /// The pipe by which a spare gets its user's number; `None` once it has it.
    adoption: Option<File>,
}

impl ProcessFactory {
    pub(crate) fn new(program: &Path) -> io::Result<Self> {
        let path = |flags| open(program, flags | OFlag::O_CLOEXEC, Mode::empty());
        Ok(Self { program: path(OFlag::O_PATH)?, null: dev_null::open()?, root: geteuid().is_root() })
    }

    /// Starts a worker that is called `name`.
    pub(crate) fn start(
        &self,
        name: &str,
        owner: &Owner,
        stdin: &OwnedFd,
        stderr: &OwnedFd,
        prepared: &Prepared,
    ) -> io::Result<WorkerProcess> {
        let mut namespaces = NAMESPACES;
        if !self.root {
            namespaces |= libc::CLONE_NEWUSER;
        }
        match self.start_in(namespaces, name, owner, stdin, stderr, prepared) {
            Ok(mut worker) => {
                worker.layers.push(report(SandboxLayer::Namespaces, true, self.names().to_owned()));
                Ok(worker)
            }
            Err(error) => {
                // Namespaces are switched off on this machine, or nano is in a container that may not make any.
                let mut worker = self.start_in(0, name, owner, stdin, stderr, prepared)?;
                let reason = self.refusal(&error);
                worker.layers.push(report(SandboxLayer::Root, false, "it needs namespaces".to_owned()));
                worker.layers.push(report(SandboxLayer::Namespaces, false, reason));
                Ok(worker)
            }
        }
    }

    fn start_in(
        &self,
        namespaces: libc::c_int,
        name: &str,
        owner: &Owner,
        stdin: &OwnedFd,
        stderr: &OwnedFd,
        prepared: &Prepared,
    ) -> io::Result<WorkerProcess> {
        let arguments = self.arguments(namespaces, name, owner)?;
        let (told, adoption) = match owner {
            Owner::Known(_) => (None, None),
            Owner::Unknown => {
                let (told, adoption) = io::pipe()?;
                (Some(OwnedFd::from(told)), Some(File::from(OwnedFd::from(adoption))))
            }
        };
        let (waits, go) = io::pipe()?;
        let (waits, mut go) = (OwnedFd::from(waits), File::from(OwnedFd::from(go)));
        let (forked, inside) = clone_into(namespaces, prepared)?;
        match forked {
            Forked::Child => {
                // Otherwise the pipes would never reach their ends.
                drop((go, adoption));
                Execution {
                    program: self.program.as_fd(),
                    arguments: arguments.iter().map(CString::as_c_str).collect(),
                    stdin: stdin.as_fd(),
                    stdout: told.as_ref().unwrap_or(&self.null).as_fd(),
                    stderr: stderr.as_fd(),
                    go: waits.as_fd(),
                    keep_capabilities: namespaces & libc::CLONE_NEWUSER != 0,
                }
                .carry_out()
            }
            Forked::Parent { pid, pidfd } => {
                let mut layers = Vec::new();
                if !self.root {
                    layers.push(report(SandboxLayer::Uid, false, "nano does not run as root".to_owned()));
                }
                // The process waits: its group is set up now.
                let joined = match &prepared.group {
                    Some(group) if !inside => group.add(pid),
                    _ => Ok(()),
                };
                layers.push(match joined {
                    Ok(()) => prepared.report.clone(),
                    Err(error) => report(SandboxLayer::Cgroup, false, error.to_string()),
                });
                let lease = match owner {
                    Owner::Known(lease) => lease.clone(),
                    Owner::Unknown => None,
                };
                let pid = Pid::from_raw(pid);
                let worker = WorkerProcess { pid, pidfd, lease, layers, group: None, adoption };
                go.write_all(b"g")?;
                Ok(worker)
            }
        }
    }

    /// The worker's arguments: which part of its sandbox it can set up. They contain no secrets.
    fn arguments(&self, namespaces: libc::c_int, name: &str, owner: &Owner) -> io::Result<Vec<CString>> {
        // What ps(1) shows; the program does not read it. A spare writes its app's name over it.
        let name = match owner {
            Owner::Known(_) => format!("nano-worker: {name}"),
            Owner::Unknown => format!("{:TITLE_ROOM$}", "nano-worker: (spare)"),
        };
        let mut arguments = vec![name, "serve".to_owned()];
        if namespaces & libc::CLONE_NEWUSER != 0 {
            arguments.push(format!("--identity={}:{}", geteuid(), getegid()));
        }
        if namespaces & libc::CLONE_NEWNS != 0 {
            arguments.push("--empty-root".to_owned());
        }
        match owner {
            Owner::Known(None) => {}
            Owner::Known(Some(lease)) => arguments.push(format!("--user={}", lease.uid)),
            Owner::Unknown => arguments.push("--spare".to_owned()),
        }
        arguments.into_iter().map(|text| CString::new(text).map_err(io::Error::other)).collect()
    }

    fn names(&self) -> &'static str {
        if self.root { "mount pid network ipc uts cgroup" } else { "mount pid network ipc uts cgroup user" }
    }

    fn refusal(&self, error: &io::Error) -> String {
        let why = match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EPERM | Errno::EACCES) if self.root => ": nano lacks CAP_SYS_ADMIN",
            Some(Errno::EPERM | Errno::EACCES) => ": user namespaces are not for users on this machine",
            Some(Errno::ENOSPC | Errno::EUSERS) => ": a limit in /proc/sys/user is reached or 0",
            Some(Errno::EINVAL | Errno::ENOSYS) => ": this kernel has not all of them",
            _ => "",
        };
        if why.is_empty() { explain(error) } else { format!("{error}{why}") }
    }
}

impl WorkerProcess {
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// Whether it is no app's yet.
    pub(crate) fn is_spare(&self) -> bool {
        self.adoption.is_some()
    }

    /// Writes to a spare which user it becomes, if it is to become another one. Once.
    pub(crate) fn adopt(&mut self, lease: Option<Rc<UidLease>>) -> io::Result<()> {
        let user = lease.as_ref().map_or(SAME_USER, |lease| lease.uid);
        self.lease = lease;
        let pipe = self.adoption.take();
        pipe.map_or(Err(io::ErrorKind::NotFound.into()), |mut pipe| pipe.write_all(&user.to_le_bytes()))
    }

    /// Its uid, if nano chose one.
    pub(crate) fn user(&self) -> Option<u32> {
        self.lease.as_ref().map(|lease| lease.uid)
    }

    /// Kills it and all processes of its group. Its pid cannot be reused until it is reaped.
    pub(crate) fn kill(&self) {
        if let Some(group) = &self.group {
            group.kill();
        }
        let _ = killpg(self.pid, Signal::SIGKILL);
        let _ = nix::sys::signal::kill(self.pid, Signal::SIGKILL);
    }

    /// How it ended, if it has. Reaps the process.
    pub(crate) fn reap(&self) -> Option<Exit> {
        // Nothing else reaps children, so the difference of the children's CPU time is this one's.
        let before = cpu_of_children();
        let status = match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive | WaitStatus::Stopped(..) | WaitStatus::Continued(_)) => return None,
            Err(Errno::EINTR) => return None,
            Ok(WaitStatus::Exited(_, code)) => Some(Status::Code(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(Status::Signal(signal as i32)),
            _ => None,
        };
        let cpu = cpu_of_children().saturating_sub(before);
        // The kernel kills with SIGKILL when memory is out, but others do so too.
        let killed = status == Some(Status::Signal(Signal::SIGKILL as i32));
        let out_of_memory = killed && self.group.as_ref().is_some_and(|group| group.oom_kills() > 0);
        Some(Exit { status, cpu_micros: u64::try_from(cpu).unwrap_or(0), out_of_memory })
    }
}

/// Makes a process, in its group if the kernel can do that; returns whether it is in the group.
fn clone_into(namespaces: libc::c_int, prepared: &Prepared) -> io::Result<(Forked, bool)> {
    if let Some(group) = prepared.group.as_ref().and_then(Cgroup::clone_into)
        && let Ok(forked) = clone(namespaces, Some(group))
    {
        return Ok((forked, true));
    }
    // Linux before 5.7, behind filters of system calls, and on v1.
    Ok((clone(namespaces, None)?, false))
}

fn cpu_of_children() -> i64 {
    let micros = |time: TimeVal| time.num_microseconds();
    getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| micros(usage.user_time()) + micros(usage.system_time()))
}

fn report(layer: SandboxLayer, active: bool, detail: String) -> LayerReport {
    LayerReport { layer, active, detail }
}
