//! The text of `/metrics`, and counters of workers that ended.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::worker::WorkerId;

fn worker(id: u64) -> Arc<Worker> {
    Arc::new(Worker::new(WorkerId(id), u32::MAX))
}

fn show(metrics: &Metrics, apps: &[(&str, &Arc<AppMetrics>)]) {
    metrics.show_apps(apps.iter().map(|(name, app)| (Arc::from(*name), Arc::clone(app))));
}

/// The value of a series, as it stands in the text.
fn value<'t>(text: &'t str, series: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

fn busy() -> Metrics {
    let metrics = Metrics::default();
    let app = Arc::new(AppMetrics::default());
    app.request_started();
    app.request_finished(200, Duration::from_millis(3));
    app.request_started();
    app.set_buffer_limit(1 << 20);
    app.set_has_crons(true);
    app.cron_run(CronResult::Skipped);
    app.cron_succeeded(60);
    app.worker_moved(None, Some(WorkerState::Ready));
    let report = |layer, active| LayerReport { layer, active, detail: String::new() };
    app.set_sandbox(&[report(SandboxLayer::Seccomp, true), report(SandboxLayer::Uid, false)]);
    metrics.unrouted_request(404);
    metrics.worker_started(Duration::from_millis(40));
    metrics.set_v8("15.2.1");
    let expires = std::time::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    metrics.tls.show_certificates(std::iter::once(("a.example".to_owned(), expires)));
    metrics.tls.handshake(HandshakeResult::Resumed);
    metrics.tls.acme.ordered(true);
    metrics.tls.acme.show(Some(AcmeStanding { valid: 2, waiting: 0, failing: 1 }));
    metrics.fleet().begin();
    metrics.fleet().set(true, 17, true);
    metrics.fleet().set_apps([3, 1, 2]);
    let rollouts = nano_fleet_link::RolloutCounts { running: 2, paused: 1, done: 5, taken_back: 4, leads: true };
    metrics.fleet().set_rollouts(rollouts);
    metrics.spans().count(SpanResult::Dropped, 3);
    show(&metrics, &[("a.example", &app)]);
    metrics
}

#[test]
fn every_metric_is_there_with_its_name() {
    let text = busy().render().unwrap();
    for name in names::all() {
        let kind = format!("{:?}", name.kind).to_lowercase();
        assert!(text.contains(&format!("# HELP {} ", name.name)), "{}", name.name);
        assert!(text.contains(&format!("# TYPE {} {kind}\n", name.name)), "{} {kind}", name.name);
    }
    for (series, expected) in [
        ("nano_tls_handshakes_total{result=\"resumed\"}", "1"),
        ("nano_acme_orders_total{result=\"ok\"}", "1"),
        ("nano_acme_orders_total{result=\"failed\"}", "0"),
        ("nano_acme_names{state=\"valid\"}", "2"),
        ("nano_acme_names{state=\"failing\"}", "1"),
        ("nano_tls_certificate_expiry_timestamp_seconds{hostname=\"a.example\"}", "2000000000"),
        ("nano_http_requests_total{app=\"\",code=\"404\"}", "1"),
        ("nano_http_requests_total{app=\"a.example\",code=\"200\"}", "1"),
        ("nano_http_requests_in_flight{app=\"a.example\"}", "1"),
        ("nano_http_request_duration_seconds_count{app=\"a.example\"}", "1"),
        ("nano_http_request_duration_seconds_bucket{app=\"a.example\",le=\"0.0025\"}", "0"),
        ("nano_http_request_duration_seconds_bucket{app=\"a.example\",le=\"0.005\"}", "1"),
        ("nano_stream_buffer_limit_bytes{app=\"a.example\"}", "1048576"),
        ("nano_streams_errored_total{app=\"a.example\",cause=\"controller\"}", "0"),
        ("nano_cron_runs_total{app=\"a.example\",result=\"skipped\"}", "1"),
        ("nano_cron_runs_total{app=\"a.example\",result=\"ok\"}", "0"),
        ("nano_cron_last_success_timestamp_seconds{app=\"a.example\"}", "60"),
        ("nano_workers{app=\"a.example\",state=\"ready\"}", "1"),
        ("nano_worker_exits_total{app=\"a.example\",reason=\"protocol\"}", "0"),
        ("nano_worker_start_duration_seconds_count", "1"),
        ("nano_worker_sandbox{app=\"a.example\",layer=\"seccomp\"}", "1"),
        ("nano_worker_sandbox{app=\"a.example\",layer=\"uid\"}", "0"),
        ("nano_fleet_connected", "1"),
        ("nano_fleet_revision", "17"),
        ("nano_fleet_lag_seconds", "0"),
        ("nano_fleet_apps{state=\"refused\"}", "1"),
        ("nano_fleet_rollouts{state=\"paused\"}", "1"),
        ("nano_fleet_rollouts{state=\"running\"}", "2"),
        ("nano_fleet_rollouts_ended_total{result=\"done\"}", "5"),
        ("nano_fleet_rollouts_ended_total{result=\"taken_back\"}", "4"),
        ("nano_fleet_leads_rollouts", "1"),
        ("nano_cron_runs_total{app=\"a.example\",result=\"elsewhere\"}", "0"),
        ("nano_otlp_spans_total{result=\"dropped\"}", "3"),
        ("nano_config_reloads_total{result=\"success\"}", "0"),
        ("nano_config_last_reload_successful", "1"),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series} in\n{text}");
    }
    assert_eq!(
        value(&text, "nano_worker_sandbox{app=\"a.example\",layer=\"landlock\"}"),
        None,
        "nothing is known of it"
    );
    assert!(text.contains("nano_build_info{") && text.contains("v8=\"15.2.1\""), "{text}");
}

#[test]
fn promtool_finds_nothing() {
    let Ok(mut promtool) =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()
    else {
        // Not installed here; CI has it.
        return;
    };
    promtool.stdin.take().unwrap().write_all(busy().render().unwrap().as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn counters_survive_their_worker() {
    let metrics = Metrics::default();
    let app = Arc::new(AppMetrics::default());
    show(&metrics, &[("a", &app)]);
    let overflows = || {
        let text = metrics.render().unwrap();
        value(&text, "nano_stream_buffer_overflows_total{app=\"a\"}").unwrap().to_owned()
    };
    let first = worker(1);
    app.register_worker(Arc::clone(&first));
    first.record(&Stats { overflows: 3, buffered: 100, buffered_peak: 500, ..Stats::default() });
    assert_eq!(overflows(), "3");
    first.record_cpu(Duration::from_millis(1500));
    app.worker_gone(&first, ExitReason::Crash);
    assert_eq!(overflows(), "3");
    // A shard reads the dead worker's last frame only now.
    first.record(&Stats { overflows: 4, ..Stats::default() });
    assert_eq!(overflows(), "4");
    drop(first);
    assert_eq!(overflows(), "4");
    let second = worker(2);
    app.register_worker(Arc::clone(&second));
    second.record(&Stats { overflows: 1, buffered: 7, buffered_peak: 9, ..Stats::default() });
    assert_eq!(overflows(), "5");
    let text = metrics.render().unwrap();
    for (series, expected) in [
        ("nano_stream_buffered_bytes{app=\"a\"}", "7"),
        ("nano_stream_buffered_bytes_peak{app=\"a\"}", "500"),
        ("nano_worker_cpu_seconds_total{app=\"a\"}", "1.5"),
        ("nano_worker_starts_total{app=\"a\"}", "2"),
        ("nano_worker_exits_total{app=\"a\",reason=\"crash\"}", "1"),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}");
    }
    assert!(app.lock().gone.is_empty(), "what can report no more is folded into the sum");
}

#[test]
fn the_series_of_a_removed_app_end() {
    let metrics = Metrics::default();
    let (a, b) = (Arc::new(AppMetrics::default()), Arc::new(AppMetrics::default()));
    show(&metrics, &[("a", &a), ("b", &b)]);
    a.request_started();
    a.request_finished(200, Duration::ZERO);
    assert!(metrics.render().unwrap().contains("app=\"b\""));
    show(&metrics, &[("a", &a)]);
    let text = metrics.render().unwrap();
    assert!(!text.contains("app=\"b\""));
    assert_eq!(value(&text, "nano_http_requests_total{app=\"a\",code=\"200\"}"), Some("1"));
}

#[test]
fn reloads_are_told_apart() {
    let metrics = Metrics::default();
    metrics.reloaded(true);
    metrics.reloaded(false);
    let text = metrics.render().unwrap();
    assert_eq!(value(&text, "nano_config_reloads_total{result=\"success\"}"), Some("1"));
    assert_eq!(value(&text, "nano_config_reloads_total{result=\"failure\"}"), Some("1"));
    assert_eq!(value(&text, "nano_config_last_reload_successful"), Some("0"));
    metrics.reloaded(true);
    assert_eq!(value(&metrics.render().unwrap(), "nano_config_last_reload_successful"), Some("1"));
}
