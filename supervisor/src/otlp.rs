//! Spans of requests, runs and fetches, and their way to a receiver of OpenTelemetry by OTLP over HTTP with protobuf.
//!
//! A shard makes a span of a sampled request when that is over, encodes it and hands it to [`SpanQueue`], which never
//! waits: what finds no room is dropped and counted. A thread of its own sends what is there, once a second or when a
//! batch is full. Without `otlp` there is none of all that.

mod child;
mod endpoint;
mod export;
mod message;
mod queue;
mod send;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nano_config::OtlpConfig;

pub(crate) use child::{ChildSpans, FetchSpan, method_names};
pub(crate) use endpoint::EndpointError;
pub(crate) use message::{SpanKind, SpanRecord, SpanValue};
pub(crate) use queue::SpanQueue;

use crate::telemetry::Metrics;

/// What shards need to trace requests. Clones are the same.
#[derive(Debug, Clone)]
pub struct Tracing {
    pub(crate) spans: Arc<SpanQueue>,
    /// The part of the traces that begin here which is kept: those whose draw of 56 bits is below it.
    pub(crate) threshold: u64,
}

/// How long what is queued may take to be sent at the end.
const GRACE: Duration = Duration::from_secs(2);

/// The thread that sends. Dropping it sends what is queued, and waits for that.
#[derive(Debug)]
pub(crate) struct Exporter {
    queue: Arc<SpanQueue>,
    ended: std::sync::mpsc::Receiver<()>,
}

/// It could not be started.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    #[error("`otlp`: {0}")]
    Endpoint(#[from] EndpointError),
    #[error("cannot start the thread that sends spans: {0}")]
    Thread(#[from] io::Error),
}

/// Draws of a trace have so many values.
const DRAWS: u64 = 1 << 56;

/// Starts the thread, if there is a receiver.
pub(crate) fn start(config: Option<&OtlpConfig>, metrics: &Metrics) -> Result<Option<(Tracing, Exporter)>, OtlpError> {
    let Some(config) = config else { return Ok(None) };
    let metrics = Arc::clone(metrics.spans());
    let headers = std::env::var("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
    let endpoint = endpoint::Endpoint::new(&config.endpoint, &headers)?;
    let queue = Arc::new(SpanQueue::new(Arc::clone(&metrics)));
    let (end, ended) = std::sync::mpsc::sync_channel(1);
    let taken = Arc::clone(&queue);
    std::thread::Builder::new().name("nano-otlp".to_owned()).spawn(move || {
        export::run(&endpoint, &taken, &metrics);
        let _ = end.send(());
    })?;
    let tracing = Tracing { spans: Arc::clone(&queue), threshold: threshold(config.sample) };
    Ok(Some((tracing, Exporter { queue, ended })))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a part of 2^56, which a float has exactly"
)]
fn threshold(sample: f64) -> u64 {
    (sample.clamp(0.0, 1.0) * DRAWS as f64) as u64
}

impl Tracing {
    /// Keeps all that begin here, or none; nothing is sent.
    #[cfg(test)]
    pub(crate) fn for_tests(keeps: bool) -> Self {
        let spans = Arc::new(SpanQueue::new(Arc::default()));
        Self { spans, threshold: if keeps { DRAWS } else { 0 } }
    }

    /// Whether a trace with this draw is kept.
    pub(crate) fn keeps(&self, draw: u64) -> bool {
        draw % DRAWS < self.threshold
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.queue.close();
        let _ = self.ended.recv_timeout(GRACE);
    }
}

#[cfg(test)]
mod tests;
