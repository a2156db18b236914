//! All shards, for the control plane.

use tokio::sync::{mpsc, oneshot};

use super::command::{Done, ShardCommand};

/// The command channels of all shards.
#[derive(Debug, Default)]
pub(crate) struct Shards(Vec<mpsc::Sender<ShardCommand>>);

impl Shards {
    pub(crate) const fn new(commands: Vec<mpsc::Sender<ShardCommand>>) -> Self {
        Self(commands)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Sends each shard a command and waits until all have carried it out. A shard that has ended counts as done.
    pub(crate) async fn broadcast(&self, mut command: impl FnMut(Done) -> Option<ShardCommand>) {
        let mut waits = Vec::with_capacity(self.0.len());
        for shard in &self.0 {
            let (done, wait) = oneshot::channel();
            if let Some(command) = command(done)
                && shard.send(command).await.is_ok()
            {
                waits.push(wait);
            }
        }
        for wait in waits {
            let _ = wait.await;
        }
    }
}
