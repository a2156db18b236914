//! Flight records: what is known of a worker's death, kept for `nanoctl why` and logged once.
//!
//! Different threads see the ends of the process and of its links. Each shard reports at once which requests were on
//! its link ([`LostRequests`]); when all have reported, or after a short wait, the record is written.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use nano_protocol::{ExitReason, Stats};
use serde::Serialize;
use tokio::sync::Notify;

use super::exit::is_planned;
use crate::duration::millis;
use crate::log;
use crate::upstream::{InFlight, LostRequest, truncate_utf8};

/// Records that are kept: of one app, and in all.
const RECORDS_PER_APP: usize = 16;
const RECORDS: usize = 512;

/// Bytes of records that are kept, in their JSON form.
const BYTES: usize = 4 << 20;

/// Most requests that one record lists.
const REQUESTS: usize = 64;

/// How many last lines of a worker are kept, their bytes in all, and the bytes of each.
const LINES: usize = 20;
const LINES_BYTES: usize = 8 * 1024;
const LINE: usize = 1024;

/// How long the record waits for the shards.
const SHARDS: Duration = Duration::from_millis(500);

/// The last lines of a worker, from the control link and stderr.
#[derive(Debug, Default)]
pub(super) struct LastLines {
    lines: VecDeque<String>,
    bytes: usize,
}

impl LastLines {
    pub(super) fn push(&mut self, line: &str) {
        let kept = truncate_utf8(line, LINE).trim_end();
        if kept.is_empty() {
            return;
        }
        self.bytes += kept.len();
        self.lines.push_back(kept.to_owned());
        while self.lines.len() > LINES || self.bytes > LINES_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    fn to_vec(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

/// The requests that were lost with one worker, as the shards report them.
#[derive(Debug, Default)]
pub(super) struct LostRequests {
    lost: RefCell<InFlight>,
    /// Shards that have not reported yet.
    missing: Cell<usize>,
    reported: Notify,
}

impl LostRequests {
    /// So many shards have a link to the worker.
    pub(super) fn expect(&self, shards: usize) {
        self.missing.set(shards);
    }

    pub(super) fn report(&self, lost: InFlight) {
        {
            let mut all = self.lost.borrow_mut();
            all.more += lost.more;
            all.requests.extend(lost.requests);
        }
        self.missing.set(self.missing.get().saturating_sub(1));
        self.reported.notify_one();
    }

    /// Waits until every shard has reported, for a limited time.
    async fn complete(&self) -> InFlight {
        let all = async {
            while self.missing.get() > 0 {
                self.reported.notified().await;
            }
        };
        let _ = tokio::time::timeout(SHARDS, all).await;
        self.lost.take()
    }
}

/// What is known when the process has ended.
#[derive(Debug)]
pub(super) struct DeathReport {
    pub(super) app: String,
    pub(super) pid: u32,
    pub(super) generation: u64,
    pub(super) reason: ExitReason,
    pub(super) how: String,
    /// Why it did not become ready.
    pub(super) detail: Option<String>,
    pub(super) uptime: Duration,
    pub(super) cpu: Duration,
    /// What it last reported.
    pub(super) stats: Stats,
    /// How long before its end it reported; `None`: it never did.
    pub(super) report_age: Option<Duration>,
    /// `memory_mb`.
    pub(super) memory_limit: u64,
    /// The reason was reported to the code that asked for the worker.
    pub(super) is_reported: bool,
    pub(super) lines: Rc<RefCell<LastLines>>,
    pub(super) lost_requests: Rc<LostRequests>,
}

/// One worker's death.
#[derive(Debug, Serialize)]
pub(crate) struct FlightRecord {
    at: String,
    pub(crate) app: String,
    pid: u32,
    generation: u64,
    reason: &'static str,
    how: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    uptime_ms: u64,
    cpu_ms: u64,
    in_flight: usize,
    requests: Vec<FlightRequest>,
    /// `memory_mb`, for heap and array buffers.
    memory_limit_bytes: u64,
    /// How old what follows was when the worker ended; null if it never reported.
    reported_ms_before: Option<u64>,
    heap_bytes: u64,
    array_buffer_bytes: u64,
    buffered_bytes: u64,
    buffered_bytes_peak: u64,
    buffer_overflows: u64,
    streams_errored: Errored,
    last_lines: Vec<String>,
}

/// A request that the worker had.
#[derive(Debug, Serialize)]
struct FlightRequest {
    method: String,
    path: String,
    request_id: String,
    age_ms: u64,
    /// `waiting` for the response's head, or `answering`.
    state: &'static str,
    /// The worker reported it as the request that ended it.
    culprit: bool,
}

#[derive(Debug, Serialize)]
struct Errored {
    overflow: u64,
    sink: u64,
    abort: u64,
    controller: u64,
}

impl FlightRecord {
    fn new(at: String, death: DeathReport, lost: InFlight) -> Self {
        let DeathReport { app, pid, generation, reason, how, detail, uptime, cpu, stats, .. } = death;
        let InFlight { mut requests, more } = lost;
        let in_flight = requests.len() + more;
        requests.sort_by_key(|request| (!request.culprit, std::cmp::Reverse(request.age)));
        requests.truncate(REQUESTS);
        let last_lines = death.lines.borrow().to_vec();
        Self {
            at,
            app,
            pid,
            generation,
            reason: reason.as_str(),
            how,
            detail,
            uptime_ms: millis(uptime),
            cpu_ms: millis(cpu),
            in_flight,
            requests: requests.into_iter().map(FlightRequest::from).collect(),
            memory_limit_bytes: death.memory_limit,
            reported_ms_before: death.report_age.map(millis),
            heap_bytes: stats.heap,
            array_buffer_bytes: stats.array_buffers,
            buffered_bytes: stats.buffered,
            buffered_bytes_peak: stats.buffered_peak,
            buffer_overflows: stats.overflows,
            streams_errored: Errored {
                overflow: stats.errored_by_overflow,
                sink: stats.errored_by_sink,
                abort: stats.errored_by_abort,
                controller: stats.errored_by_controller,
            },
            last_lines,
        }
    }

    fn log(&self) {
        let list = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
        tracing::warn!(
            target: log::FLIGHT,
            app = self.app,
            pid = self.pid,
            generation = self.generation,
            reason = self.reason,
            how = self.how,
            detail = self.detail,
            uptime_ms = self.uptime_ms,
            cpu_ms = self.cpu_ms,
            in_flight = self.in_flight,
            requests = list(serde_json::to_string(&self.requests)),
            memory_limit_bytes = self.memory_limit_bytes,
            reported_ms_before = self.reported_ms_before,
            heap_bytes = self.heap_bytes,
            array_buffer_bytes = self.array_buffer_bytes,
            buffered_bytes = self.buffered_bytes,
            buffered_bytes_peak = self.buffered_bytes_peak,
            buffer_overflows = self.buffer_overflows,
            streams_errored = list(serde_json::to_string(&self.streams_errored)),
            last_lines = list(serde_json::to_string(&self.last_lines)),
            "flight record"
        );
    }
}

impl From<LostRequest> for FlightRequest {
    fn from(lost: LostRequest) -> Self {
        let LostRequest { method, path, id, age, answering, culprit } = lost;
        let state = if answering { "answering" } else { "waiting" };
        Self { method, path, request_id: id, age_ms: millis(age), state, culprit }
    }
}

/// The latest records.
#[derive(Debug, Default)]
pub(crate) struct FlightRecords {
    kept: RefCell<StoredRecords>,
}

#[derive(Debug, Default)]
struct StoredRecords {
    /// With their lengths, the oldest first.
    records: VecDeque<(Rc<FlightRecord>, usize)>,
    bytes: usize,
}

impl FlightRecords {
    /// Writes the record of a death when the shards have reported. A planned end has a record only if requests were
    /// lost in it. One whose reason was reported already is kept and not logged.
    pub(super) async fn write(&self, death: DeathReport) {
        let at = log::timestamp();
        let lost = death.lost_requests.complete().await;
        if is_planned(death.reason) && lost.requests.is_empty() {
            return;
        }
        let is_reported = death.is_reported;
        let record = FlightRecord::new(at, death, lost);
        if !is_reported {
            record.log();
        }
        self.keep(record);
    }

    fn keep(&self, record: FlightRecord) {
        let length = serde_json::to_string(&record).map_or(0, |json| json.len());
        let kept = &mut *self.kept.borrow_mut();
        kept.bytes += length;
        let same_app = |old: &Rc<FlightRecord>| old.app == record.app;
        if kept.records.iter().filter(|(old, _)| same_app(old)).count() >= RECORDS_PER_APP
            && let Some(at) = kept.records.iter().position(|(old, _)| same_app(old))
            && let Some((_, freed)) = kept.records.remove(at)
        {
            kept.bytes -= freed;
        }
        kept.records.push_back((Rc::new(record), length));
        while kept.records.len() > RECORDS || kept.bytes > BYTES {
            let Some((_, freed)) = kept.records.pop_front() else { break };
            kept.bytes -= freed;
        }
    }

    /// The records of an app, the newest first.
    pub(crate) fn of_app(&self, app: &str) -> Vec<Rc<FlightRecord>> {
        self.matching(|record| record.app == app)
    }

    /// The records in which this request was lost, the newest first: it may have been sent to another worker after the
    /// first.
    pub(crate) fn of_request(&self, id: &str) -> Vec<Rc<FlightRecord>> {
        self.matching(|record| record.requests.iter().any(|request| request.request_id == id))
    }

    fn matching(&self, wanted: impl Fn(&FlightRecord) -> bool) -> Vec<Rc<FlightRecord>> {
        let kept = self.kept.borrow();
        kept.records.iter().rev().map(|(record, _)| record).filter(|record| wanted(record)).map(Rc::clone).collect()
    }
}

#[cfg(test)]
mod tests;
