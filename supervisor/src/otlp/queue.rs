//! The spans that wait to be sent, bounded in number and bytes. Whoever puts one in never waits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::message::SpanRecord;
use crate::telemetry::{OtlpMetrics, SpanResult};

/// Most spans that wait, and most bytes of them.
const MAX_SPANS: usize = 8192;
const MAX_BYTES: usize = 4 << 20;

/// Spans of one request to the receiver; so many are not left waiting for the next second.
pub(super) const BATCH: usize = 512;

#[derive(Debug)]
pub(crate) struct SpanQueue {
    sender: mpsc::Sender<Bytes>,
    /// Of the one thread that sends.
    receiver: Mutex<mpsc::Receiver<Bytes>>,
    count: AtomicUsize,
    bytes: AtomicUsize,
    /// A batch is full, or nano ends.
    due: Notify,
    closed: AtomicBool,
    metrics: Arc<OtlpMetrics>,
}

impl SpanQueue {
    pub(super) fn new(metrics: Arc<OtlpMetrics>) -> Self {
        let (sender, receiver) = mpsc::channel(MAX_SPANS);
        Self {
            sender,
            receiver: Mutex::new(receiver),
            count: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            due: Notify::new(),
            closed: AtomicBool::new(false),
            metrics,
        }
    }

    /// Drops the span, and counts that, if there is no room.
    pub(crate) fn push(&self, span: SpanRecord) {
        if self.bytes.load(Ordering::Relaxed) >= MAX_BYTES || self.count.load(Ordering::Relaxed) >= MAX_SPANS {
            return self.metrics.count(SpanResult::Dropped, 1);
        }
        let span = span.encode();
        let size = span.len();
        self.bytes.fetch_add(size, Ordering::Relaxed);
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if self.sender.try_send(span).is_err() {
            self.took(1, size);
            self.metrics.count(SpanResult::Dropped, 1);
        }
        if count == BATCH {
            self.due.notify_one();
        }
    }

    /// At most a batch of what waits.
    pub(super) fn take(&self) -> Vec<Bytes> {
        // Only the sending thread comes here.
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        let batch: Vec<Bytes> = std::iter::from_fn(|| receiver.try_recv().ok()).take(BATCH).collect();
        self.took(batch.len(), batch.iter().map(Bytes::len).sum());
        batch
    }

    fn took(&self, count: usize, bytes: usize) {
        self.count.fetch_sub(count, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Waits until a batch is full, or nano ends.
    pub(super) async fn due(&self) {
        self.due.notified().await;
    }

    /// What is there is sent, and then no more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.due.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}
