//! The thread that sends spans: once a second, or when a batch is full. A receiver that does not take them costs memory
//! for what the queue holds and one batch, and nothing else.

use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::time::{Instant, sleep, timeout};

use super::endpoint::Endpoint;
use super::message;
use super::queue::{BATCH, SpanQueue};
use super::send::{SendError, Sender};
use crate::telemetry::{OtlpMetrics, SpanResult};

/// How long spans wait for others.
const EVERY: Duration = Duration::from_secs(1);

/// How often a batch is tried, and the pause after the first failure, which doubles.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause that a receiver may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Runs until the queue is closed and what was in it is sent or given up.
pub(super) fn run(endpoint: &Endpoint, queue: &SpanQueue, metrics: &OtlpMetrics) {
    let mut builder = Builder::new_current_thread();
    let runtime = match builder.enable_all().max_blocking_threads(1).build_local(LocalOptions::default()) {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "no spans are sent"),
    };
    let instance = crate::request_id::RequestIds::new().fresh();
    runtime.block_on(async {
        let mut exporter = Export { sender: Sender::new(endpoint), queue, metrics, failing: false };
        loop {
            let closed = queue.is_closed();
            if !closed {
                let _ = timeout(EVERY, queue.due()).await;
            }
            loop {
                let batch = queue.take();
                let count = batch.len();
                if count > 0 {
                    exporter.export(&message::export_request(batch, instance.as_str()), count).await;
                }
                if count < BATCH {
                    break;
                }
            }
            if closed {
                return;
            }
        }
    });
    // A look-up that hangs is not waited for.
    runtime.shutdown_background();
}

struct Export<'e> {
    sender: Sender<'e>,
    queue: &'e SpanQueue,
    metrics: &'e OtlpMetrics,
    /// The last batch was not taken.
    failing: bool,
}

impl Export<'_> {
    /// Sends a batch, several times if need be.
    async fn export(&mut self, request: &[u8], count: usize) {
        let count = count as u64;
        let mut pause = FIRST_PAUSE;
        for left in (0..TRIES).rev() {
            match self.sender.send(request).await {
                Ok(response) => {
                    let (rejected, message) = message::rejected(&response);
                    let rejected = rejected.min(count);
                    self.metrics.count(SpanResult::Failed, rejected);
                    self.metrics.count(SpanResult::Sent, count - rejected);
                    if std::mem::take(&mut self.failing) {
                        tracing::info!("the receiver of spans takes them again");
                    } else if rejected > 0 {
                        tracing::warn!(rejected, message, "the receiver of spans did not take all of a batch");
                    }
                    return;
                }
                Err(error) => {
                    let again = left > 0 && error.is_transient() && !self.queue.is_closed();
                    if !again {
                        return self.failed(&error, count);
                    }
                    let asked = error.retry_after().unwrap_or(pause).min(LONGEST_PAUSE);
                    pause *= 2;
                    self.pause(asked).await;
                }
            }
        }
    }

    /// One line for the first of several failures in a row: the counter has the rest.
    fn failed(&mut self, error: &SendError, count: u64) {
        self.metrics.count(SpanResult::Failed, count);
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(%error, spans = count, "spans are not taken by the receiver (`otlp`); they are lost and counted");
        }
    }

    /// Ends at once when nano ends.
    async fn pause(&self, most: Duration) {
        let end = Instant::now() + most;
        while Instant::now() < end && !self.queue.is_closed() {
            tokio::select! {
                () = sleep(end - Instant::now()) => {}
                () = self.queue.due() => {}
            }
        }
    }
}
