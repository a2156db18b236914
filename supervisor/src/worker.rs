//! One worker process, as every shard and the control plane see it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use nano_protocol::{ExitReason, Stats};

/// A worker's number: unique in the supervisor's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub u64);

/// What shards and the control plane share about a worker. No locks: atomics, and one value that is set once.
#[derive(Debug)]
pub struct Worker {
    /// Its number.
    pub id: WorkerId,
    /// Its process.
    pub pid: u32,
    /// Requests in flight over all its links.
    pub in_flight: AtomicU32,
    /// Why it ends or ended, as far as anybody knows; the first word counts.
    exit: OnceLock<ExitReason>,
    stats: SharedStats,
}

#[derive(Debug, Default)]
struct SharedStats {
    overflows: AtomicU64,
    errored_by_overflow: AtomicU64,
    errored_by_sink: AtomicU64,
    errored_by_abort: AtomicU64,
    errored_by_controller: AtomicU64,
    buffered: AtomicU64,
    buffered_peak: AtomicU64,
    heap: AtomicU64,
    array_buffers: AtomicU64,
}

impl Worker {
    /// A worker that was just spawned.
    #[must_use]
    pub fn new(id: WorkerId, pid: u32) -> Self {
        Self { id, pid, in_flight: AtomicU32::new(0), exit: OnceLock::new(), stats: SharedStats::default() }
    }

    /// Says why the worker ends. The first reason that anybody gives stays.
    pub fn set_exit(&self, reason: ExitReason) {
        let _ = self.exit.set(reason);
    }

    /// Why the worker ends or ended, if anybody said so.
    #[must_use]
    pub fn exit(&self) -> Option<ExitReason> {
        self.exit.get().copied()
    }

    /// Takes a worker's report. Reports come over several links in any order, so counters only ever grow here.
    pub fn record(&self, stats: &Stats) {
        let own = &self.stats;
        own.overflows.fetch_max(stats.overflows, Ordering::Relaxed);
        own.errored_by_overflow.fetch_max(stats.errored_by_overflow, Ordering::Relaxed);
        own.errored_by_sink.fetch_max(stats.errored_by_sink, Ordering::Relaxed);
        own.errored_by_abort.fetch_max(stats.errored_by_abort, Ordering::Relaxed);
        own.errored_by_controller.fetch_max(stats.errored_by_controller, Ordering::Relaxed);
        own.buffered_peak.fetch_max(stats.buffered_peak, Ordering::Relaxed);
        own.buffered.store(stats.buffered, Ordering::Relaxed);
        own.heap.store(stats.heap, Ordering::Relaxed);
        own.array_buffers.store(stats.array_buffers, Ordering::Relaxed);
    }

    /// What the worker reported so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let own = &self.stats;
        let read = |value: &AtomicU64| value.load(Ordering::Relaxed);
        Stats {
            overflows: read(&own.overflows),
            errored_by_overflow: read(&own.errored_by_overflow),
            errored_by_sink: read(&own.errored_by_sink),
            errored_by_abort: read(&own.errored_by_abort),
            errored_by_controller: read(&own.errored_by_controller),
            buffered: read(&own.buffered),
            buffered_peak: read(&own.buffered_peak),
            heap: read(&own.heap),
            array_buffers: read(&own.array_buffers),
        }
    }
}
