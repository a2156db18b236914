//! From two samples to what happened between them.

use serde::Serialize;

use crate::control::top::{NamedSample, ServerSample};

/// What an app did in an interval, and what there is of it at the end.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Rates {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) requests_per_second: f64,
    pub(super) errors_per_second: f64,
    /// Half of the requests that ended took less; `None`: none ended.
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
    pub(super) in_flight: u64,
    /// Of one processor.
    pub(super) cpu_percent: f64,
    pub(super) memory_bytes: u64,
    pub(super) buffered_bytes: u64,
    /// Since the app is there.
    pub(super) overflows: u64,
    /// Workers that failed, since the app is there.
    pub(super) restarts: u64,
}

/// Every app of the second sample. One that was not there in the first has counted from zero since.
pub(super) fn rates(before: &ServerSample, now: &ServerSample) -> Vec<Rates> {
    // A nano that was started in between has counted from zero.
    let is_same = now.uptime_ms >= before.uptime_ms;
    let elapsed = if is_same { now.uptime_ms - before.uptime_ms } else { now.uptime_ms };
    let seconds = elapsed.max(1) as f64 / 1000.0;
    let none = NamedSample::default();
    let of = |app: &NamedSample| {
        let before = is_same.then(|| before.apps.iter().find(|each| each.name == app.name)).flatten();
        difference(before.unwrap_or(&none), app, seconds)
    };
    now.apps.iter().map(of).collect()
}

fn difference(before: &NamedSample, app: &NamedSample, seconds: f64) -> Rates {
    let (old, new) = (&before.counters, &app.counters);
    // An app that was removed and added again counts anew.
    let more = |new: u64, old: u64| new.checked_sub(old).unwrap_or(new) as f64;
    let old_count = |at: usize| old.durations.get(at).map_or(0, |(_, count)| *count);
    let restarted = new.answered < old.answered;
    let buckets: Vec<_> = new
        .durations
        .iter()
        .enumerate()
        .map(|(at, (bound, count))| (*bound, if restarted { *count } else { count.saturating_sub(old_count(at)) }))
        .collect();
    Rates {
        name: app.name.clone(),
        state: app.state.clone(),
        requests_per_second: more(new.answered, old.answered) / seconds,
        errors_per_second: more(new.failed, old.failed) / seconds,
        p50_ms: quantile(&buckets, 0.5),
        p99_ms: quantile(&buckets, 0.99),
        in_flight: new.in_flight,
        cpu_percent: more(new.cpu_ms, old.cpu_ms) / seconds / 10.0,
        memory_bytes: new.resident_bytes,
        buffered_bytes: new.buffered_bytes,
        overflows: new.overflows,
        restarts: new.failures,
    }
}

/// As Prometheus' `histogram_quantile`: linear within the bucket. Beyond the last bound it is that bound.
fn quantile(buckets: &[(Option<f64>, u64)], quantile: f64) -> Option<f64> {
    let (_, all) = buckets.last().filter(|(_, all)| *all > 0)?;
    let rank = quantile * *all as f64;
    let (mut lower, mut below) = (0.0, 0);
    for (bound, count) in buckets {
        let Some(bound) = bound else { break };
        if *count as f64 >= rank {
            let within = count.saturating_sub(below).max(1) as f64;
            return Some(lower + (bound - lower) * (rank - below as f64) / within);
        }
        (lower, below) = (*bound, *count);
    }
    Some(lower)
}

#[cfg(test)]
mod tests;
