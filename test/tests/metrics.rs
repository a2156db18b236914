//! Metrics: as promtool wants them, as a real Prometheus scrapes them, and as the contract names them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Prometheus, Site, app_path, finish, repository, tool, until};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// Every metric: its name, and the labels that its series bear besides none.
const METRICS: &[(&str, &[&str])] = &[
    ("nano_stream_buffer_overflows_total", &["app"]),
    ("nano_streams_errored_total", &["app", "cause"]),
    ("nano_stream_buffered_bytes", &["app"]),
    ("nano_stream_buffered_bytes_peak", &["app"]),
    ("nano_stream_buffer_limit_bytes", &["app"]),
    ("nano_http_requests_total", &["app", "code"]),
    ("nano_http_request_duration_seconds", &["app"]),
    ("nano_http_requests_in_flight", &["app"]),
    ("nano_app_stopped", &["app"]),
    ("nano_workers", &["app", "state"]),
    ("nano_worker_starts_total", &["app"]),
    ("nano_worker_exits_total", &["app", "reason"]),
    ("nano_worker_start_duration_seconds", &[]),
    ("nano_worker_heap_bytes", &["app"]),
    ("nano_worker_resident_bytes", &["app"]),
    ("nano_worker_cpu_seconds_total", &["app"]),
    ("nano_config_reloads_total", &["result"]),
    ("nano_config_last_reload_successful", &[]),
    ("nano_build_info", &["version", "v8"]),
];

fn two_apps() -> Nano {
    let site = Site::new();
    site.apps(json!([
        { "name": "one", "hostname": "one.local", "path": app_path("overflow"), "max_buffer_size_mb": 1 },
        { "name": "two", "hostname": "two.local", "path": app_path("overflow"), "max_buffer_size_mb": 2 },
    ]));
    site.serve()
}

fn overflow(nano: &Nano, host: &str, times: u32) {
    for _ in 0..times {
        assert_eq!(nano.get(host, "/write?bytes=4000000").status, 200);
    }
}

#[test]
fn every_metric_of_the_contract_is_there_and_promtool_finds_nothing() {
    let nano = two_apps();
    overflow(&nano, "one.local", 1);
    assert_eq!(nano.get("one.local", "/sink").status, 200);
    assert_eq!(nano.get("two.local", "/gone").status, 404);
    assert_eq!(nano.get("nobody.local", "/").status, 404);
    assert_eq!(nano.ctl(&["restart", "two"]).code, Some(0));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    let metrics = until("a scrape with a worker's exit", || {
        Some(nano.metrics()).filter(|metrics| metrics.sum("nano_worker_exits_total", &[("app", "two")]) > 0.0)
    });
    for (name, labels) in METRICS {
        let series = metrics.text.lines().find(|line| {
            line.split(['{', ' ']).next().is_some_and(|found| found == *name || found == format!("{name}_bucket"))
        });
        let series = series.unwrap_or_else(|| panic!("no {name} in:\n{}", metrics.text));
        for label in *labels {
            assert!(series.contains(&format!("{label}=\"")), "{name} without {label}: {series}");
        }
    }
    for (name, _) in metrics.families() {
        let own = METRICS.iter().any(|(known, _)| *known == name);
        // What later work adds is documented in ARCHITECTURE.md or a page of docs; tidy.rs looks there.
        assert!(own || name.starts_with("nano_"), "a stranger among the metrics: {name}");
    }
    let Some(promtool) = tool("promtool") else { return };
    let verdict = finish(Command::new(promtool).args(["check", "metrics"]), &metrics.text);
    assert_eq!(verdict.code, Some(0), "{verdict:?}\n{}", metrics.text);
    assert_eq!((verdict.stdout.trim(), verdict.stderr.trim()), ("", ""), "{}", metrics.text);
}

#[test]
fn counts_of_requests_durations_and_in_flight_agree() {
    let site = Site::new();
    site.apps(json!([{ "name": "a", "hostname": "a.local", "path": app_path("faults") }]));
    let nano = site.serve();
    for _ in 0..7 {
        assert_eq!(nano.get("a.local", "/hello").status, 200);
    }
    assert_eq!(nano.get("a.local", "/throw").status, 500);
    let metrics = nano.metrics();
    assert_eq!(metrics.get("nano_http_requests_total", &[("app", "a"), ("code", "200")]), Some(7.0));
    assert_eq!(metrics.get("nano_http_requests_total", &[("app", "a"), ("code", "500")]), Some(1.0));
    assert_eq!(metrics.sum("nano_http_request_duration_seconds_count", &[("app", "a")]), 8.0);
    assert_eq!(metrics.sum("nano_http_request_duration_seconds_bucket", &[("app", "a"), ("le", "+Inf")]), 8.0);
    assert_eq!(metrics.get("nano_workers", &[("app", "a"), ("state", "ready")]), Some(1.0));
    assert_eq!(metrics.get("nano_worker_starts_total", &[("app", "a")]), Some(1.0));
    assert_eq!(metrics.sum("nano_worker_exits_total", &[("app", "a")]), 0.0);
    assert_eq!(metrics.sum("nano_config_reloads_total", &[]), 0.0, "the first load is not a reload");
    assert!(metrics.get("nano_worker_resident_bytes", &[("app", "a")]).unwrap() > 1e6);
    until("a report of the heap", || {
        (nano.metrics().get("nano_worker_heap_bytes", &[("app", "a")])? > 1e5).then_some(())
    });
    assert_eq!(metrics.get("nano_http_requests_in_flight", &[("app", "a")]), Some(0.0));
    let mut waiting = nano.connect();
    waiting.send_get("a.local", "/slow?ms=1500").unwrap();
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 1.0);
    assert_eq!(waiting.receive().unwrap().status, 200);
    nano.await_metric("nano_http_requests_in_flight", &[("app", "a")], 0.0);
}

#[test]
fn the_metrics_address_has_five_paths_and_serves_no_app() {
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('app') };");
    site.apps(json!([{ "hostname": "*", "path": "a" }]));
    let nano = site.serve();
    for path in ["/healthz", "/readyz", "/metrics", "/", "/status.json"] {
        assert_eq!(nano.probe(path).status, 200, "{path}");
    }
    for path in ["/apps", "/metrics/", "/reload", "/status", "/index.html"] {
        assert_eq!(nano.probe(path).status, 404, "{path}");
    }
    let kind = nano.probe("/metrics").header("content-type").unwrap().to_owned();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    // And on the apps' port these are the app's paths.
    assert_eq!(nano.get("anything", "/metrics").text(), "app");
}

#[test]
fn metrics_can_be_off() {
    let site = Site::new();
    site.app("a", "export default { fetch: () => new Response('app') };");
    // The control socket has them still.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    site.config(
        json!({ "listen": [free.to_string()], "metrics": "off", "apps": [{ "hostname": "a.local", "path": "a" }] }),
    );
    let mut nano = site.command("nano", &["serve", "--config", "nano.json"]).stderr(Stdio::null()).spawn().unwrap();
    let ctl = || {
        let mut command = site.command("nanoctl", &["metrics"]);
        finish(command.env("NANO_CONTROL_SOCKET", site.path("control.sock")), "")
    };
    let answer = until("the control socket", || Some(ctl()).filter(|answer| answer.code == Some(0)));
    assert!(answer.stdout.contains("nano_build_info{"), "{answer:?}");
    nano.kill().unwrap();
    nano.wait().unwrap();
}

#[test]
fn a_real_prometheus_scrapes_it_and_a_query_returns_the_overflows_per_app() {
    let nano = two_apps();
    let Some(prometheus) = Prometheus::scraping(nano.metrics_address) else { return };
    overflow(&nano, "one.local", 3);
    overflow(&nano, "two.local", 1);
    let pairs = |values: &[(&str, &str)]| -> Vec<(String, String)> {
        values.iter().map(|(app, value)| ((*app).to_owned(), (*value).to_owned())).collect()
    };
    let expected = pairs(&[("one", "3"), ("two", "1")]);
    until("the overflow counter in Prometheus", || {
        (prometheus.by_app("nano_stream_buffer_overflows_total") == expected).then_some(())
    });
    // It continues to count after the worker's death.
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(nano.pid_of("one")), nix::sys::signal::Signal::SIGKILL).unwrap();
    until("a new worker", || (nano.get("one.local", "/ok").status == 200).then_some(()));
    overflow(&nano, "one.local", 2);
    let expected = pairs(&[("one", "5"), ("two", "1")]);
    until("the counter after the worker's death", || {
        (prometheus.by_app("nano_stream_buffer_overflows_total") == expected).then_some(())
    });
    assert_eq!(
        prometheus.by_app("resets(nano_stream_buffer_overflows_total[5m])"),
        pairs(&[("one", "0"), ("two", "0")])
    );
    // The alert rules that ship see it too.
    let alert = r#"count by (app) (ALERTS{alertname="NanoStreamBufferOverflows"})"#;
    until("the alert", || (prometheus.by_app(alert).iter().any(|(app, _)| app == "one")).then_some(()));
}

#[test]
fn the_shipped_scrape_file_and_rules_are_valid() {
    let Some(promtool) = tool("promtool") else { return };
    let file = repository().join("deploy/prometheus/nano.yml");
    let verdict = finish(Command::new(promtool).args(["check", "config"]).arg(file), "");
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
}

#[test]
fn rules_and_dashboard_use_metrics_that_exist() {
    // The page has every metric that there is, and no other: see tidy.rs.
    let documented = std::fs::read_to_string(repository().join("docs/metrics.md")).unwrap();
    for file in ["deploy/prometheus/nano.rules.yml", "deploy/grafana/nano.json"] {
        let text = std::fs::read_to_string(repository().join(file)).unwrap();
        let words =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("nano_"));
        let mut count = 0;
        for word in words {
            let family = word.strip_suffix("_bucket").unwrap_or(word);
            assert!(documented.contains(&format!("`{family}`")), "{file} uses {word}, which is no metric");
            count += 1;
        }
        assert!(count > 5, "{file}");
    }
    let dashboard = std::fs::read_to_string(repository().join("deploy/grafana/nano.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(dashboard["panels"].as_array().is_some_and(|panels| !panels.is_empty()));
    let Some(promtool) = tool("promtool") else { return };
    // Each expression parses: as the rule of a rules file, with Grafana's own variables filled in.
    let mut rules = String::from("groups:\n  - name: dashboard\n    rules:\n");
    for target in dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap())
    {
        let expression = target["expr"].as_str().unwrap().replace("$__rate_interval", "5m").replace("$app", ".*");
        rules.push_str(&format!("      - record: a{}\n        expr: '{expression}'\n", rules.len()));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    std::fs::write(&file, rules).unwrap();
    let verdict = finish(Command::new(promtool).args(["check", "rules"]).arg(file), "");
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
}
