//! What a nano gives to the one that takes its place (`nanoctl upgrade`): how it was started. The supervisor writes it
//! down before it has read anything from a client, in a file in memory that cannot be changed; the spawner keeps the file.

use std::collections::BTreeMap;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::forked_task::{memory, sealed};

/// Largest header in bytes: the longest names of 65,536 apps fit.
const MAX_HEADER: u64 = 32 << 20;

/// Largest environment in bytes. The kernel allows less.
const MAX_ENVIRONMENT: u64 = 8 << 20;

/// Variables that are about one process, or about descriptors that only it has.
const OF_ONE_PROCESS: [&[u8]; 5] =
    [b"LISTEN_PID", b"LISTEN_FDS", b"LISTEN_FDNAMES", b"LISTEN_PIDFDID", b"WATCHDOG_PID"];

/// How a nano was started, but for its environment and its configuration's place.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inheritance {
    /// The installed program, as it was called: a link stays a link, so that what it leads to may change.
    program: Vec<u8>,
    /// The threads that take requests, if that was said on the command line.
    shards: Option<usize>,
    /// The apps that the nano before has workers of, with their uids.
    uids: BTreeMap<String, u32>,
}

impl Inheritance {
    /// Of a nano that is started from this program.
    #[must_use]
    pub fn new(program: &Path, shards: Option<usize>, uids: BTreeMap<String, u32>) -> Self {
        Self { program: program.as_os_str().to_owned().into_vec(), shards, uids }
    }

    /// The apps that the nano before has workers of, with their uids.
    #[must_use]
    pub fn into_uids(self) -> BTreeMap<String, u32> {
        self.uids
    }

    /// The file, with this environment.
    ///
    /// # Errors
    /// The kernel gives no file.
    pub(crate) fn write(&self, environment: impl Iterator<Item = (OsString, OsString)>) -> io::Result<OwnedFd> {
        let header = serde_json::to_vec(self)?;
        let mut file = memory("nano-inheritance")?;
        file.write_all(&u64::try_from(header.len()).map_err(io::Error::other)?.to_le_bytes())?;
        file.write_all(&header)?;
        for (name, value) in environment {
            let name = name.into_vec();
            if !OF_ONE_PROCESS.contains(&name.as_slice()) {
                file.write_all(&[&name, b"=".as_slice(), &value.into_vec(), b"\0"].concat())?;
            }
        }
        sealed(file)
    }

    /// What is in such a file, without the environment.
    ///
    /// # Errors
    /// It is none.
    pub fn read(file: impl AsFd) -> io::Result<Self> {
        let (mut file, length) = open(&file)?;
        let mut header = Vec::new();
        (&mut file).take(length).read_to_end(&mut header)?;
        Ok(serde_json::from_slice(&header)?)
    }

    /// The environment, for a process that executes a program and ends if it cannot: it has secrets.
    pub(crate) fn environment(file: impl AsFd) -> io::Result<Vec<CString>> {
        let (mut file, length) = open(&file)?;
        file.seek_relative(i64::try_from(length).map_err(io::Error::other)?)?;
        let mut text = Vec::new();
        file.take(MAX_ENVIRONMENT).read_to_end(&mut text)?;
        let variables = text.split(|byte| *byte == 0).filter(|each| !each.is_empty());
        variables.map(|each| CString::new(each).map_err(io::Error::other)).collect()
    }

    /// The installed program.
    pub(crate) fn program(&self) -> io::Result<CString> {
        CString::new(self.program.clone()).map_err(io::Error::other)
    }

    /// The threads that take requests, if that was said.
    pub(crate) fn shards(&self) -> Option<usize> {
        self.shards
    }
}

/// The file behind the length of its header, and that length.
fn open(file: &impl AsFd) -> io::Result<(File, u64)> {
    let mut file = File::from(file.as_fd().try_clone_to_owned()?);
    file.rewind()?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER { Err(io::ErrorKind::InvalidData.into()) } else { Ok((file, length)) }
}

#[cfg(test)]
mod tests;
