//! Where the answers to challenges hang: each is with all shards before the authority is told that it is there.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::downstream::tls::{Challenge, Challenges};
use crate::shard::Shards;
use crate::shard::command::ShardCommand;

/// The answers of all orders that are on their way.
#[derive(Debug)]
pub(super) struct Board {
    shards: Shards,
    shown: RefCell<Challenges>,
    /// Held while the shards are told: what they get last must be the newest.
    telling: Mutex<()>,
}

impl Board {
    pub(super) fn new(shards: Shards) -> Self {
        Self { shards, shown: RefCell::default(), telling: Mutex::new(()) }
    }

    /// Answers a challenge for a name from now on.
    pub(super) async fn show(&self, name: &str, challenge: Challenge) {
        self.shown.borrow_mut().insert(name, challenge);
        self.tell().await;
    }

    /// No longer.
    pub(super) async fn hide(&self, name: &str) {
        self.shown.borrow_mut().remove(name);
        self.tell().await;
    }

    async fn tell(&self) {
        let _alone = self.telling.lock().await;
        let now = self.shown.borrow().clone();
        let now = (!now.is_empty()).then(|| Arc::new(now));
        self.shards.broadcast(|done| Some(ShardCommand::SwapChallenges { challenges: now.clone(), done })).await;
    }
}
