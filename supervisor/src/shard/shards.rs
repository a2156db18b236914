//! All shards, for the control plane.

use tokio::sync::{mpsc, oneshot};

use super::command::{Done, ShardCommand};

/// The command channels of all shards.
#[derive(Debug, Default, Clone)]
pub(crate) struct Shards(Vec<mpsc::Sender<ShardCommand>>);

impl Shards {
    pub(crate) const fn new(commands: Vec<mpsc::Sender<ShardCommand>>) -> Self {
        Self(commands)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Sends one shard a command: the same one for the same number. False if it has ended.
    pub(crate) async fn send_to(&self, number: u64, command: ShardCommand) -> bool {
        let count = u64::try_from(self.0.len()).unwrap_or(u64::MAX).max(1);
        let at = usize::try_from(number % count).unwrap_or(0);
        match self.0.get(at) {
            Some(shard) => shard.send(command).await.is_ok(),
            None => false,
        }
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
