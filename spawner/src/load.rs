//! Reading the configuration, in a process that ends with it: every app's secrets are in its text, and neither the
//! spawner nor what it starts later is to have had them in its memory.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nano_config::Config;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use serde::{Deserialize, Serialize};

use crate::clone::{Forked, clone};
use crate::reading::Reading;
use crate::source::Source;

/// What the spawner keeps of a version of the configuration. Nothing of it is a secret.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) uid_base: Option<u32>,
    pub(crate) apps: HashMap<String, Terms>,
}

/// The same of an app.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Terms {
    root: Vec<u8>,
    path: Vec<u8>,
    /// `memory_mb` in bytes.
    pub(crate) memory: u64,
}

impl Terms {
    pub(crate) fn root(&self) -> PathBuf {
        OsString::from_vec(self.root.clone()).into()
    }

    pub(crate) fn path(&self) -> PathBuf {
        OsString::from_vec(self.path.clone()).into()
    }
}

impl Version {
    fn new(number: u64, config: &Config) -> Self {
        let apps = config.apps.iter().map(|app| {
            let bytes = |path: &Path| path.as_os_str().as_bytes().to_vec();
            let terms = Terms { root: bytes(&app.root), path: bytes(&app.path), memory: app.settings.memory_bytes };
            (app.name.clone(), terms)
        });
        Self { number, uid_base: config.uid_base, apps: apps.collect() }
    }
}

/// A process that reads the configuration.
#[derive(Debug)]
pub(crate) struct Loading {
    /// Of the request.
    pub(crate) id: u64,
    pid: Pid,
    pub(crate) pidfd: OwnedFd,
    /// For the supervisor.
    reading: File,
    /// For the spawner; empty if there are faults.
    version: File,
}

impl Loading {
    /// Starts it. `number` is what the version is to be called.
    pub(crate) fn start(id: u64, number: u64, source: &Source) -> io::Result<Self> {
        let (mut reading, mut version) = (memory()?, memory()?);
        match clone(0, None)? {
            Forked::Child => {
                let done = read(number, source, &mut reading, &mut version);
                std::process::exit(i32::from(done.is_err()))
            }
            Forked::Parent { pid, pidfd } => Ok(Self { id, pid: Pid::from_raw(pid), pidfd, reading, version }),
        }
    }

    /// What came of it, once the process has ended: what the supervisor gets, and the version if it is one.
    pub(crate) fn finish(mut self) -> io::Result<(OwnedFd, Option<Version>)> {
        match waitpid(self.pid, Some(WaitPidFlag::WNOHANG))? {
            WaitStatus::Exited(_, 0) => {}
            other => {
                return Err(io::Error::other(format!("the process that reads the configuration ended: {other:?}")));
            }
        }
        let mut text = Vec::new();
        self.version.rewind()?;
        self.version.read_to_end(&mut text)?;
        let version = if text.is_empty() { None } else { Some(serde_json::from_slice(&text)?) };
        self.reading.rewind()?;
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        fcntl_add_seals(&self.reading, seals)?;
        Ok((self.reading.into(), version))
    }
}

fn memory() -> io::Result<File> {
    Ok(memfd_create("configuration", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?.into())
}

fn read(number: u64, source: &Source, reading: &mut File, version: &mut File) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    match source.load() {
        Ok((text, config)) => {
            write(reading, &Reading::found(number, text, &config))?;
            write(version, &Version::new(number, &config))
        }
        Err(error) => write(reading, &Reading::faults(&error)),
    }
}

fn write(file: &mut File, value: &impl Serialize) -> io::Result<()> {
    let mut writer = io::BufWriter::new(file);
    serde_json::to_writer(&mut writer, value)?;
    writer.flush()
}
