//! Renders counters as Prometheus text.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nano_protocol::{ExitReason, SandboxLayer, Stats};
use prometheus::proto::{self, LabelPair, MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};

use super::histogram::Histogram;
use super::names::{self, Name};
use super::{AppMetrics, CutBy, EgressResult, HandshakeResult, Metrics, SpanResult, WorkerTotals};
use crate::worker::WorkerState;

/// The media type of [`Metrics::render`]'s text.
pub(super) const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

impl Metrics {
    /// All metrics in Prometheus's text format.
    ///
    /// # Errors
    /// When the encoder refuses a metric, which would be a fault in this module.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        let mut text = Vec::with_capacity(16 * 1024);
        self.encode(&mut text)?;
        String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
    }

    /// One family after the other: as objects, the series of thousands of apps take ten times their text.
    fn encode(&self, text: &mut Vec<u8>) -> Result<(), prometheus::Error> {
        let apps: Vec<_> = self.apps().iter().map(|(name, app)| (Arc::clone(name), Arc::clone(app))).collect();
        let apps: Vec<_> = apps.into_iter().map(|(name, app)| (name, app.totals(), app)).collect();
        let mut add = |name: Name, metrics: Vec<proto::Metric>| {
            // The encoder refuses a family without metrics.
            if metrics.is_empty() { Ok(()) } else { TextEncoder::new().encode(&[family(name, metrics)], text) }
        };
        let per_app = |name: Name, value: &dyn Fn(&WorkerTotals, &AppMetrics) -> f64| {
            apps.iter().map(|(app, totals, metrics)| sample(name, &[("app", app)], value(totals, metrics))).collect()
        };

        use names as n;
        for name in names::reported() {
            add(name, apps.iter().flat_map(|(app, totals, _)| reported(name, app, totals)).collect())?;
        }
        add(n::STREAM_LIMIT, per_app(n::STREAM_LIMIT, &|_, app| load(&app.buffer_limit)))?;
        let unrouted = self.unrouted.seen().map(|(code, count)| ("", code, count));
        let requests = apps.iter().flat_map(|(app, _, own)| own.codes.seen().map(move |(code, n)| (&**app, code, n)));
        let requests = unrouted
            .chain(requests)
            .map(|(app, code, count)| sample(n::REQUESTS, &[("app", app), ("code", &code.to_string())], float(count)));
        add(n::REQUESTS, requests.collect())?;
        let durations = apps.iter().map(|(app, _, own)| histogram(&own.durations, &[("app", app)]));
        add(n::REQUEST_DURATION, durations.collect())?;
        add(n::REQUESTS_IN_FLIGHT, per_app(n::REQUESTS_IN_FLIGHT, &|_, app| float(app.requests_in_flight())))?;
        add(n::RESPONSES_CUT, apps.iter().flat_map(|(app, _, own)| cut(app, own)).collect())?;
        add(n::SOCKETS, per_app(n::SOCKETS, &|_, app| float(app.sockets_open())))?;
        add(n::SOCKETS_OPENED, per_app(n::SOCKETS_OPENED, &|_, app| float(app.sockets_opened())))?;
        add(n::CRON_RUNS, apps.iter().flat_map(|(app, _, own)| cron_runs(app, own)).collect())?;
        let succeeded = apps.iter().filter_map(|(app, _, own)| Some((app, own.cron_last_success()?)));
        let succeeded = succeeded.map(|(app, time)| sample(n::CRON_LAST_SUCCESS, &[("app", app)], float(time)));
        add(n::CRON_LAST_SUCCESS, succeeded.collect())?;
        add(n::WORKERS, apps.iter().flat_map(|(app, _, own)| states(app, own)).collect())?;
        let stopped = |_: &WorkerTotals, app: &AppMetrics| f64::from(u8::from(app.stopped.load(Ordering::Relaxed)));
        add(n::APP_STOPPED, per_app(n::APP_STOPPED, &stopped))?;
        let spares = [("ready", &self.spares_ready), ("wanted", &self.spares_wanted)];
        add(n::SPARES, spares.map(|(state, count)| sample(n::SPARES, &[("state", state)], load(count))).into())?;
        add(n::WORKER_STARTS, per_app(n::WORKER_STARTS, &|_, app| load(&app.worker_starts)))?;
        add(n::WORKER_EXITS, apps.iter().flat_map(|(app, _, own)| exits(app, own)).collect())?;
        add(n::WORKER_START_DURATION, vec![histogram(&self.worker_start_durations, &[])])?;
        add(n::WORKER_RESIDENT, per_app(n::WORKER_RESIDENT, &|totals, _| float(totals.resident)))?;
        add(n::WORKER_CPU, per_app(n::WORKER_CPU, &|totals, _| totals.cpu.as_secs_f64()))?;
        add(n::WORKER_SANDBOX, apps.iter().flat_map(|(app, _, own)| sandbox(app, own)).collect())?;
        add(n::LOG_DROPPED, per_app(n::LOG_DROPPED, &|_, app| load(&app.log_dropped)))?;
        add(n::LOG_UNWRITTEN, vec![sample(n::LOG_UNWRITTEN, &[], float(self.log_unwritten()))])?;
        let spans = self.otlp.get().into_iter().flat_map(|spans| {
            SpanResult::ALL
                .map(|result| sample(n::OTLP_SPANS, &[("result", result.as_str())], float(spans.spans(result))))
        });
        add(n::OTLP_SPANS, spans.collect())?;
        add(n::EGRESS_REQUESTS, apps.iter().flat_map(|(app, _, own)| egress(app, own)).collect())?;
        add(n::ACCEPT_PAUSED, vec![sample(n::ACCEPT_PAUSED, &[], load(&self.accept_pauses))])?;
        add(n::CONNECTIONS_REFUSED, vec![sample(n::CONNECTIONS_REFUSED, &[], load(&self.connections_refused))])?;
        let handshakes = HandshakeResult::ALL.map(|result| {
            sample(n::TLS_HANDSHAKES, &[("result", result.as_str())], float(self.tls.handshakes(result)))
        });
        add(n::TLS_HANDSHAKES, handshakes.into())?;
        let expiries = self.tls.expiries();
        let expiries = expiries.iter().map(|(hostname, at)| sample(n::TLS_EXPIRY, &[("hostname", hostname)], *at));
        add(n::TLS_EXPIRY, expiries.collect())?;
        let orders =
            self.tls.acme.orders().map(|(result, count)| sample(n::ACME_ORDERS, &[("result", result)], load(count)));
        add(n::ACME_ORDERS, orders.into())?;
        let names = self.tls.acme.names().into_iter().flatten();
        add(
            n::ACME_NAMES,
            names.map(|(state, count)| sample(n::ACME_NAMES, &[("state", state)], float(count))).collect(),
        )?;
        let refused = self.proxy_refusals.counts();
        add(
            n::PROXY_REFUSED,
            refused.map(|(cause, count)| sample(n::PROXY_REFUSED, &[("cause", cause)], load(count))).collect(),
        )?;
        let reloads = [("success", &self.reloads_succeeded), ("failure", &self.reloads_failed)];
        add(n::RELOADS, reloads.map(|(result, count)| sample(n::RELOADS, &[("result", result)], load(count))).into())?;
        let last = if self.last_reload_succeeded.load(Ordering::Relaxed) { 1.0 } else { 0.0 };
        add(n::LAST_RELOAD, vec![sample(n::LAST_RELOAD, &[], last)])?;
        if let Some(fleet) = self.fleet.get() {
            let connected = f64::from(u8::from(fleet.connected));
            add(n::FLEET_CONNECTED, vec![sample(n::FLEET_CONNECTED, &[], connected)])?;
            add(n::FLEET_REVISION, vec![sample(n::FLEET_REVISION, &[], float(fleet.revision))])?;
            add(n::FLEET_LAG, vec![sample(n::FLEET_LAG, &[], fleet.lag())])?;
            let states = ["ready", "refused", "pending"].into_iter().zip(fleet.apps);
            let states = states.map(|(state, count)| sample(n::FLEET_APPS, &[("state", state)], float(count)));
            add(n::FLEET_APPS, states.collect())?;
            let rollouts = fleet.rollouts;
            let going_on = [("running", rollouts.running), ("paused", rollouts.paused)];
            let going_on = going_on.map(|(state, count)| sample(n::FLEET_ROLLOUTS, &[("state", state)], float(count)));
            add(n::FLEET_ROLLOUTS, going_on.into())?;
            let ended = [("done", rollouts.done), ("taken_back", rollouts.taken_back)];
            let ended = ended.map(|(how, count)| sample(n::FLEET_ROLLOUTS_ENDED, &[("result", how)], float(count)));
            add(n::FLEET_ROLLOUTS_ENDED, ended.into())?;
            let leads = f64::from(u8::from(rollouts.leads));
            add(n::FLEET_LEADS, vec![sample(n::FLEET_LEADS, &[], leads)])?;
        }
        let build = [("v8", self.v8().unwrap_or_default()), ("version", env!("CARGO_PKG_VERSION"))];
        add(n::BUILD_INFO, vec![sample(n::BUILD_INFO, &build, 1.0)])?;
        Ok(())
    }
}

/// The values of a metric that workers report.
fn reported(name: Name, app: &str, totals: &WorkerTotals) -> Vec<proto::Metric> {
    let values = Stats::ALL.into_iter().zip(totals.stats.values());
    let of_name = values.filter_map(|(stat, value)| Some((stat.metric.filter(|own| own.name == name.name)?, value)));
    of_name
        .map(|(metric, value)| {
            let labels: Vec<_> = [Some(("app", app)), metric.label].into_iter().flatten().collect();
            sample(name, &labels, float(value))
        })
        .collect()
}

fn states(app: &str, metrics: &AppMetrics) -> Vec<proto::Metric> {
    let state = |state: &WorkerState| {
        sample(names::WORKERS, &[("app", app), ("state", state.as_str())], float(metrics.workers(*state)))
    };
    WorkerState::ALL.iter().map(state).collect()
}

fn sandbox(app: &str, metrics: &AppMetrics) -> Vec<proto::Metric> {
    let layer = |(layer, active): (SandboxLayer, bool)| {
        sample(names::WORKER_SANDBOX, &[("app", app), ("layer", layer.as_str())], f64::from(u8::from(active)))
    };
    metrics.sandbox().map(layer).collect()
}

fn egress(app: &str, metrics: &AppMetrics) -> Vec<proto::Metric> {
    let results = EgressResult::ALL.iter().zip(&metrics.egress);
    results
        .map(|(result, count)| {
            sample(names::EGRESS_REQUESTS, &[("app", app), ("result", result.as_str())], load(count))
        })
        .collect()
}

fn cron_runs(app: &str, metrics: &AppMetrics) -> Vec<proto::Metric> {
    let runs = metrics.cron_runs();
    runs.map(|(result, count)| sample(names::CRON_RUNS, &[("app", app), ("result", result.as_str())], load(count)))
        .collect()
}

fn cut(app: &str, metrics: &AppMetrics) -> Vec<proto::Metric> {
    let causes = CutBy::ALL.iter().zip(&metrics.responses_cut);
    causes
        .map(|(cause, count)| sample(names::RESPONSES_CUT, &[("app", app), ("cause", cause.as_str())], load(count)))
        .collect()
}

fn exits(app: &str, metrics: &AppMetrics) -> Vec<proto::Metric> {
    let exits = ExitReason::ALL.iter().zip(&metrics.worker_exits);
    exits
        .map(|(reason, count)| sample(names::WORKER_EXITS, &[("app", app), ("reason", reason.as_str())], load(count)))
        .collect()
}

fn family(name: Name, metrics: Vec<proto::Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.name.to_owned());
    family.set_help(name.help.to_owned());
    family.set_field_type(name.kind);
    family.set_metric(metrics);
    family
}

fn labels(pairs: &[(&str, &str)]) -> Vec<LabelPair> {
    let pair = |&(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        pair
    };
    pairs.iter().map(pair).collect()
}

fn sample(name: Name, pairs: &[(&str, &str)], value: f64) -> proto::Metric {
    let mut metric = proto::Metric::from_label(labels(pairs));
    if name.kind == MetricType::COUNTER {
        let mut counter = proto::Counter::default();
        counter.set_value(value);
        metric.set_counter(counter);
    } else {
        let mut gauge = proto::Gauge::default();
        gauge.set_value(value);
        metric.set_gauge(gauge);
    }
    metric
}

fn histogram(histogram: &Histogram, pairs: &[(&str, &str)]) -> proto::Metric {
    let snapshot = histogram.snapshot();
    let bucket = |(bound, count): (f64, u64)| {
        let mut bucket = proto::Bucket::default();
        bucket.set_upper_bound(bound);
        bucket.set_cumulative_count(count);
        bucket
    };
    let mut histogram = proto::Histogram::default();
    histogram.set_bucket(snapshot.cumulative.into_iter().map(bucket).collect());
    histogram.set_sample_count(snapshot.count);
    histogram.set_sample_sum(snapshot.sum);
    let mut metric = proto::Metric::from_label(labels(pairs));
    metric.set_histogram(histogram);
    metric
}

fn load(counter: &AtomicU64) -> f64 {
    float(counter.load(Ordering::Relaxed))
}

/// Prometheus has floats only; counts beyond 2^53 lose their last digits.
fn float(count: u64) -> f64 {
    count as f64
}
