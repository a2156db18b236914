//! Turns of the work that fetches of one link cause in the shard's own thread: answers from the app's static files and caches,
//! and what requests to the network are checked for. A fetch is some bytes to the worker, and may be a millisecond here, so how
//! many are read at once says nothing about that.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::yield_now;

/// The longest that such work of one link goes on while others wait; what was begun is done.
const SLICE: Duration = Duration::from_micros(500);

/// The turns of one link.
#[derive(Debug)]
pub(super) struct FetchTurns {
    line: Semaphore,
    /// What its work took since the others had their turn.
    spent: Cell<Duration>,
}

impl Default for FetchTurns {
    fn default() -> Self {
        Self { line: Semaphore::new(1), spent: Cell::default() }
    }
}

impl FetchTurns {
    /// Does some work when it is its turn. While it waits for something, others have theirs.
    pub(super) async fn take<F: Future>(&self, work: F) -> F::Output {
        {
            let _first = self.line.acquire().await;
            if self.spent.get() >= SLICE {
                yield_now().await;
                self.spent.set(Duration::ZERO);
            }
        }
        let mut work = pin!(work);
        poll_fn(|cx| {
            let begun = Instant::now();
            let poll = work.as_mut().poll(cx);
            self.spent.set(self.spent.get() + begun.elapsed());
            poll
        })
        .await
    }
}

#[cfg(test)]
mod tests;
