//! Lists an app's assets in a process of its own: a large tree, or a disk that does not answer, must not hold up the
//! spawner.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::asset_list::{AssetList, list};
use crate::files::Directory;
use crate::forked_task::{ForkedTask, TaskError, memory, sealed, write};

/// How long it may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);

/// What the process writes after the list's state (8 bytes, 0 where there is no list): the list, or why there is none.
type Outcome = Result<AssetList, String>;

/// A process that lists.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The request's.
    pub(crate) id: u64,
    pub(crate) generation: u64,
    pub(crate) task: ForkedTask,
    outcome: File,
}

impl Listing {
    pub(crate) fn start(id: u64, generation: u64, root: &Directory) -> io::Result<Self> {
        let mut outcome = memory("assets")?;
        let task = ForkedTask::start(LIST_TIMEOUT, || {
            let listed: Outcome = list(root).map_err(|error| error.to_string());
            let state = listed.as_ref().map_or(0, AssetList::state);
            outcome.write_all(&state.to_le_bytes())?;
            write(&mut outcome, &listed)
        })?;
        Ok(Self { id, generation, task, outcome })
    }

    /// A file for [`receive_assets`] and the list's state, once the process has ended.
    pub(crate) fn finish(mut self) -> io::Result<(OwnedFd, u64)> {
        self.task.finish().map_err(|error| match error {
            TaskError::Late => {
                io::Error::other(format!("the files were not listed within {} s", LIST_TIMEOUT.as_secs()))
            }
            TaskError::Io(error) => error,
            TaskError::Ended(how) => io::Error::other(format!("the process that lists the files ended: {how:?}")),
        })?;
        let mut state = [0; 8];
        self.outcome.rewind()?;
        self.outcome.read_exact(&mut state)?;
        Ok((sealed(self.outcome)?, u64::from_le_bytes(state)))
    }
}

/// Reads the descriptor of [`crate::wire::Reply::AssetList`]. The inner error: why the files could not be listed.
///
/// # Errors
/// It cannot be read or is malformed.
pub fn receive_assets(file: OwnedFd) -> io::Result<Result<AssetList, String>> {
    let mut file = File::from(file);
    let mut text = Vec::new();
    // The spawner has read what comes before.
    file.seek(SeekFrom::Start(8))?;
    file.read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
