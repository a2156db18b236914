//! Decides which requests may be sent to a worker now, which wait, and which are refused: one for each generation of an
//! app, shared by all shards.
//!
//! A worker takes `max_concurrent` requests at once. Further requests wait in order of arrival, at most
//! [`Admission::queue_bound`] of them over all shards: four times what all workers together may have in flight, and at
//! least 64; and their heads have at most [`QUEUE_BYTES`] together. When the queue is full, requests are refused (503). No
//! request waits longer than `timeout_ms`.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::worker::Worker;

/// Waiting requests for each one that may be in flight.
const QUEUE_FACTOR: u32 = 4;
/// Bytes of the heads of all that wait. They cost more than twice that, as the client sent them and as the worker gets them.
const QUEUE_BYTES: usize = 8 << 20;
/// The queue is never shorter.
const MIN_QUEUE: u32 = 64;

/// Counts of one generation of an app. No locks on the path of a request that need not wait.
#[derive(Debug)]
pub struct Admission {
    max_concurrent: u32,
    queue_bound: u32,
    waiting: AtomicU32,
    waiting_bytes: AtomicUsize,
    freed: Notify,
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

impl Admission {
    /// For `workers` workers, each with at most `max_concurrent` requests in flight.
    #[must_use]
    pub fn new(workers: u16, max_concurrent: u32) -> Self {
        let capacity = u32::from(workers).saturating_mul(max_concurrent);
        Self {
            max_concurrent,
            queue_bound: capacity.saturating_mul(QUEUE_FACTOR).max(MIN_QUEUE),
            waiting: AtomicU32::new(0),
            waiting_bytes: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    /// Most requests that wait.
    #[must_use]
    pub fn queue_bound(&self) -> u32 {
        self.queue_bound
    }

    /// Requests that wait now.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Counts one more request in flight on `worker`, unless it has `max_concurrent` already. True means that the
    /// caller must call [`Self::release`].
    pub fn take(&self, worker: &Worker) -> bool {
        let more = |now: u32| (now < self.max_concurrent).then(|| now + 1);
        let taken = worker.in_flight.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok();
        if taken {
            worker.stir();
        }
        taken
    }

    /// A request that [`Self::take`] counted is over: wakes the request that has waited longest.
    pub fn release(&self, worker: &Worker) {
        worker.in_flight.fetch_sub(1, Ordering::SeqCst);
        // Either this load sees the waiting request, or that request, which counts itself before it tries, sees the
        // free place.
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_one();
        }
    }

    /// There is a new worker, or waiting is pointless now: every waiting request tries again.
    pub fn wake_all(&self) {
        self.freed.notify_waiters();
    }

    /// Joins the queue with a request whose head has so many bytes.
    ///
    /// # Errors
    /// The queue is full.
    pub fn enqueue(&self, bytes: usize) -> Result<QueueEntry<'_>, QueueFull> {
        let fits = |now: usize| now.checked_add(bytes).filter(|sum| *sum <= QUEUE_BYTES);
        self.waiting_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).map_err(|_| QueueFull)?;
        let more = |now: u32| (now < self.queue_bound).then(|| now + 1);
        if self.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_err() {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(QueueFull);
        }
        Ok(QueueEntry { admission: self, bytes })
    }
}

/// A place in the queue. Dropping it leaves the queue.
#[derive(Debug)]
pub struct QueueEntry<'a> {
    admission: &'a Admission,
    bytes: usize,
}

impl<'a> QueueEntry<'a> {
    /// Queued from now on, even before it is first polled. When it is done, try again; if that fails, wait again.
    #[must_use]
    pub fn wait(&self) -> Pin<Box<Notified<'a>>> {
        let mut turn = Box::pin(self.admission.freed.notified());
        turn.as_mut().enable();
        turn
    }
}

impl Drop for QueueEntry<'_> {
    fn drop(&mut self) {
        self.admission.waiting.fetch_sub(1, Ordering::SeqCst);
        self.admission.waiting_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
