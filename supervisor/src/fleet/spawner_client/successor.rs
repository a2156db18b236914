//! The nano that is to take over, started by the spawner.

use std::os::fd::OwnedFd;

use nano_spawner::wire::{Reply, Request, SocketFile, Status};

use super::{SpawnerClient, SpawnerError};

impl SpawnerClient {
    /// Starts the installed nano with these as standard input and standard error. The error is for people.
    pub(crate) async fn start_successor(&self, stdin: OwnedFd, stderr: OwnedFd) -> Result<(), String> {
        match self.ask(|id| Request::StartSuccessor { id }, vec![stdin, stderr]).await {
            Some((Reply::SuccessorStarted { .. }, _)) => Ok(()),
            Some((Reply::Refused { why, .. }, _)) => Err(why.to_string()),
            _ => Err(SpawnerError::Gone.to_string()),
        }
    }

    /// Lets it go on without this nano, or kills it. How it ended, if it is not to go on.
    pub(crate) async fn end_successor(&self, keep: bool) -> Result<Status, String> {
        match self.ask(|id| Request::EndSuccessor { id, keep }, Vec::new()).await {
            Some((Reply::SuccessorEnded { status, .. }, _)) => Ok(status),
            Some((Reply::Refused { why, .. }, _)) => Err(why.to_string()),
            _ => Err(SpawnerError::Gone.to_string()),
        }
    }

    /// These sockets' files are removed when this nano is gone. Once, before anything is read from clients.
    pub(crate) fn sweep(&self, sockets: Vec<SocketFile>) {
        self.send(Request::Sweep { sockets }, Vec::new());
    }

    /// These files are not removed when this nano is gone.
    pub(crate) fn leave_files(&self, paths: Vec<Vec<u8>>) {
        self.send(Request::LeaveFiles { paths }, Vec::new());
    }
}
