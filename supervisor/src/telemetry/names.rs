//! Names, types and help texts of all metrics: those of `names!`, and what workers report ([`Stats::ALL`]). The documentation is
//! checked against them.

use nano_protocol::{StatKind, Stats};
use prometheus::proto::MetricType;

/// One metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) name: &'static str,
    pub(super) kind: MetricType,
    pub(super) help: &'static str,
}

macro_rules! names {
    ($($constant:ident = $name:literal, $kind:ident, $help:literal;)*) => {
        $(pub(super) const $constant: Name = Name { name: $name, kind: MetricType::$kind, help: $help };)*
        #[cfg(test)]
        const OWN: &[Name] = &[$($constant),*];
    };
}

names! {
    STREAM_LIMIT = "nano_stream_buffer_limit_bytes", GAUGE,
        "Bytes that one stream of the app may hold.";
    REQUESTS = "nano_http_requests_total", COUNTER,
        "HTTP requests answered, by status code; app is empty where no app was found.";
    REQUEST_DURATION = "nano_http_request_duration_seconds", HISTOGRAM,
        "Time from a request's head to the end of its response.";
    REQUESTS_IN_FLIGHT = "nano_http_requests_in_flight", GAUGE,
        "HTTP requests that are being answered or wait, or whose client has left and that a worker has still.";
    RESPONSES_CUT = "nano_http_responses_cut_total", COUNTER,
        "HTTP responses that had begun and did not come to their end, by who is to blame.";
    SOCKETS = "nano_websockets", GAUGE,
        "WebSockets of the app's clients that are open.";
    SOCKETS_OPENED = "nano_websockets_opened_total", COUNTER,
        "WebSockets that the app's clients have opened.";
    CRON_RUNS = "nano_cron_runs_total", COUNTER,
        "Times at which crons of the app were due, by what became of the run.";
    CRON_LAST_SUCCESS = "nano_cron_last_success_timestamp_seconds", GAUGE,
        "When the latest run of a cron of the app that succeeded was due, in seconds since 1970-01-01 UTC.";
    WORKERS = "nano_workers", GAUGE,
        "Workers by state; exited ones wait to be started again.";
    APP_STOPPED = "nano_app_stopped", GAUGE,
        "1 if an operator stopped the app, else 0.";
    SPARES = "nano_spares", GAUGE,
        "Workers that are no app's yet: those that are ready for one, and how many there are to be.";
    WORKER_STARTS = "nano_worker_starts_total", COUNTER,
        "Worker processes started.";
    WORKER_EXITS = "nano_worker_exits_total", COUNTER,
        "Worker processes that ended, by reason.";
    WORKER_START_DURATION = "nano_worker_start_duration_seconds", HISTOGRAM,
        "Time from spawning a worker until it was ready.";
    WORKER_RESIDENT = "nano_worker_resident_bytes", GAUGE,
        "Resident memory of the app's workers.";
    WORKER_CPU = "nano_worker_cpu_seconds_total", COUNTER,
        "CPU time used by the app's workers.";
    WORKER_SANDBOX = "nano_worker_sandbox", GAUGE,
        "1 if the app's workers have this layer of the sandbox, else 0.";
    OTLP_SPANS = "nano_otlp_spans_total", COUNTER,
        "Spans of requests, by what became of them.";
    LOG_UNWRITTEN = "nano_log_lines_unwritten_total", COUNTER,
        "Lines of nano's log that were dropped, because stderr or stdout took no more.";
    LOG_DROPPED = "nano_log_lines_dropped_total", COUNTER,
        "Log lines of the app that were dropped, because there were too many.";
    EGRESS_REQUESTS = "nano_egress_requests_total", COUNTER,
        "Fetches of the app, by result.";
    ACCEPT_PAUSED = "nano_accept_paused_total", COUNTER,
        "Times that a listener could not accept and waited, for lack of file descriptors mostly.";
    CONNECTIONS_REFUSED = "nano_http_connections_refused_total", COUNTER,
        "Connections closed at once because their address had too many.";
    TLS_HANDSHAKES = "nano_tls_handshakes_total", COUNTER,
        "TLS handshakes with clients, by result.";
    TLS_EXPIRY = "nano_tls_certificate_expiry_timestamp_seconds", GAUGE,
        "When a certificate expires, by its first hostname in the configuration.";
    ACME_ORDERS = "nano_acme_orders_total", COUNTER,
        "Orders of certificates that are over, by result.";
    ACME_NAMES = "nano_acme_names", GAUGE,
        "Hostnames for which certificates are ordered: valid, waiting for the first one, or with a last order that failed.";
    PROXY_REFUSED = "nano_proxy_protocol_refused_total", COUNTER,
        "Connections to listeners with proxy_protocol that were closed before HTTP, by cause.";
    RELOADS = "nano_config_reloads_total", COUNTER,
        "Reloads of the configuration, by result.";
    LAST_RELOAD = "nano_config_last_reload_successful", GAUGE,
        "1 if the last reload succeeded or there was none, else 0.";
    FLEET_CONNECTED = "nano_fleet_connected", GAUGE,
        "1 if this node of a fleet has a watch open at etcd, else 0.";
    FLEET_REVISION = "nano_fleet_revision", GAUGE,
        "etcd's revision up to which every change of the fleet's table serves on this node or was refused by it.";
    FLEET_LAG = "nano_fleet_lag_seconds", GAUGE,
        "For how long this node may have served something older than the fleet's table; 0: it serves the newest.";
    FLEET_APPS = "nano_fleet_apps", GAUGE,
        "Apps of the fleet that serve on this node, whose present version it refuses, or has not got yet.";
    FLEET_ROLLOUTS = "nano_fleet_rollouts", GAUGE,
        "Staged rollouts of the fleet that go on, by state.";
    FLEET_ROLLOUTS_ENDED = "nano_fleet_rollouts_ended_total", COUNTER,
        "Staged rollouts of the fleet that ended while this node looked: with the new version, or taken back.";
    FLEET_LEADS = "nano_fleet_leads_rollouts", GAUGE,
        "1 if this node moves the fleet's staged rollouts, else 0.";
    BUILD_INFO = "nano_build_info", GAUGE,
        "Always 1; the labels say what runs.";
}

/// Those whose values workers report, each once.
pub(super) fn reported() -> impl Iterator<Item = Name> {
    let metrics = Stats::ALL.into_iter().filter_map(|stat| Some((stat.kind, stat.metric?)));
    let mut last = "";
    metrics.filter(move |(_, metric)| std::mem::replace(&mut last, metric.name) != metric.name).map(|(kind, metric)| {
        let kind = if kind == StatKind::Total { MetricType::COUNTER } else { MetricType::GAUGE };
        Name { name: metric.name, kind, help: metric.help }
    })
}

/// All of them.
#[cfg(test)]
pub(super) fn all() -> Vec<Name> {
    reported().chain(OWN.iter().copied()).collect()
}
