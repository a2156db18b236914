//! The files of certificates after the configuration was read: whether they changed, and what is in them now. Renewals
//! come every few weeks, and the configuration stays as it is.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use nano_config::{CertificateFiles, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config_transfer::CertificateRecord;
use crate::forked_task::{ForkedTask, TaskError, memory, sealed, write};
use crate::watch::{Fingerprint, WatchedPaths};

/// How long reading them may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// The paths of the certificates and keys of one version of the configuration, in its order, with their states when they
/// were read.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct CertificatePaths(Vec<[PathState; 2]>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PathState {
    path: Vec<u8>,
    seen: Fingerprint,
}

impl PathState {
    fn path(&self) -> PathBuf {
        OsString::from_vec(self.path.clone()).into()
    }
}

impl CertificatePaths {
    pub(crate) fn of<'f>(files: impl Iterator<Item = &'f CertificateFiles>) -> Self {
        let state =
            |path: &PathBuf| PathState { path: path.as_os_str().as_bytes().to_vec(), seen: Fingerprint::of(path) };
        Self(files.map(|files| [state(&files.cert), state(&files.key)]).collect())
    }

    /// Adds what is to be watched.
    pub(crate) fn add_places(&self, places: &mut WatchedPaths) {
        for state in self.0.iter().flatten() {
            places.add(&state.path(), Some(state.seen));
        }
    }

    /// The same paths with their states now; `None`: none has changed.
    pub(crate) fn changed(&self) -> Option<Self> {
        let mut now = self.clone();
        let mut changed = false;
        for state in now.0.iter_mut().flatten() {
            let seen = Fingerprint::of(&state.path());
            changed |= seen != state.seen;
            state.seen = seen;
        }
        changed.then_some(now)
    }
}

/// A process that reads them.
#[derive(Debug)]
pub(crate) struct ReadingCertificates {
    /// The request's.
    pub(crate) id: u64,
    pub(crate) task: ForkedTask,
    /// Their states before they were read.
    pub(crate) paths: CertificatePaths,
    outcome: File,
}

/// What the process writes: the files, or why one of them cannot be read.
type Outcome = Result<Vec<CertificateRecord>, String>;

impl ReadingCertificates {
    pub(crate) fn start(id: u64, paths: CertificatePaths) -> io::Result<Self> {
        let mut outcome = memory("certificates")?;
        let task = ForkedTask::start(READ_TIMEOUT, || {
            let read: Outcome = paths.0.iter().map(read).collect();
            write(&mut outcome, &read)
        })?;
        Ok(Self { id, task, paths, outcome })
    }

    /// A file for [`receive_certificates`], once the process has ended.
    pub(crate) fn finish(self) -> io::Result<(OwnedFd, CertificatePaths)> {
        self.task.finish().map_err(|error| match error {
            TaskError::Late => {
                io::Error::other(format!("the certificates were not read within {} s", READ_TIMEOUT.as_secs()))
            }
            TaskError::Io(error) => error,
            TaskError::Ended(how) => io::Error::other(format!("the process that reads certificates ended: {how:?}")),
        })?;
        Ok((sealed(self.outcome)?, self.paths))
    }
}

fn read([cert, key]: &[PathState; 2]) -> Result<CertificateRecord, String> {
    let files =
        CertificateFiles { cert: cert.path(), key: key.path(), cert_pem: [].into(), key_pem: Secret::new(Vec::new()) };
    files.read_again().map(|files| CertificateRecord::of(&files))
}

/// Reads the descriptor of [`crate::wire::Reply::Certificates`]: the files in the order of the configuration. The inner
/// error: why one of them cannot be read.
///
/// # Errors
/// It cannot be read or is malformed.
pub fn receive_certificates(file: OwnedFd) -> io::Result<Result<Vec<CertificateFiles>, String>> {
    let mut text = Zeroizing::new(Vec::new());
    File::from(file).read_to_end(&mut text)?;
    let read: Outcome = serde_json::from_slice(&text)?;
    Ok(read.map(|records| records.into_iter().map(CertificateRecord::files).collect()))
}
