//! The rules and the dashboard that ship: tested by promtool, and each query run by a real Prometheus on a real nano under load.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use nano_test::{Nano, Prometheus, Site, app_path, finish, repository, tool, until};
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

const RULES: &str = "deploy/prometheus/nano.rules.yml";

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

/// What comes after `key:` in the rules, of one line or several.
fn values(key: &str) -> Vec<String> {
    let text = read(RULES);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(value) = line.trim_start().trim_start_matches("- ").strip_prefix(&format!("{key}: ")) else {
            continue;
        };
        if value == "|" {
            let indent = |line: &str| line.len() - line.trim_start().len();
            let block = lines[at + 1..].iter().take_while(|next| indent(next) > indent(line));
            found.push(block.copied().collect::<Vec<_>>().join("\n"));
        } else {
            found.push(value.to_owned());
        }
    }
    found
}

/// The dashboard's queries, with Grafana's own variables filled in.
fn dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/nano.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets
        .map(|target| target["expr"].as_str().unwrap().replace("$__rate_interval", "4s").replace("$app", ".*"))
        .collect()
}

#[test]
fn promtool_tests_every_rule() {
    let tests = "test/prometheus/nano.rules.test.yml";
    let text = read(tests);
    for name in values("alert").into_iter().chain(values("record")) {
        assert!(text.contains(&name), "{tests} does not test {name}");
    }
    let Some(promtool) = tool("promtool") else { return };
    let verdict = finish(Command::new(promtool).args(["test", "rules"]).arg(repository().join(tests)), "");
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
}

/// Everything that there are metrics of, but a fleet and orders of certificates.
fn serve() -> Nano {
    let site = Site::new();
    let certified = rcgen::generate_simple_self_signed(vec!["a.local".to_owned()]).unwrap();
    site.file("a.pem", &certified.cert.pem()).file("a.key", &certified.signing_key.serialize_pem());
    site.app("c", "export default { fetch: () => new Response('c'), scheduled() {} };");
    site.config(json!({
        "listen": ["127.0.0.1:0", { "address": "127.0.0.1:0", "tls": true }],
        "tls": { "certificates": [{ "hostnames": ["a.local"], "cert": "a.pem", "key": "a.key" }], "redirect_http": false },
        "otlp": { "endpoint": "http://127.0.0.1:9", "sample": 1 },
        "apps": [
            { "name": "a", "hostname": "a.local", "path": app_path("overflow"), "max_buffer_size_mb": 1 },
            { "name": "b", "hostname": "b.local", "path": app_path("faults") },
            { "name": "c", "hostname": "c.local", "path": "c", "crons": ["0 0 1 1 *"] },
        ],
    }));
    site.serve()
}

/// A little of everything.
fn load(nano: &Nano) {
    assert_eq!(nano.get("a.local", "/write?bytes=4000000").status, 200);
    assert_eq!(nano.get("b.local", "/hello").status, 200);
    assert_eq!(nano.get("b.local", "/throw").status, 500);
    assert_eq!(nano.ctl(&["restart", "b"]).code, Some(0));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
}

/// The selectors of an expression: what an alert looks at, whether or not there is something wrong.
fn selectors(expression: &str) -> BTreeSet<String> {
    let selector = Regex::new(r#"\b(?:nano[_:][a-z0-9_:]+|up)\b(?:\{[^}]*\})?"#).unwrap();
    selector.find_iter(expression).map(|found| found.as_str().to_owned()).collect()
}

#[test]
fn no_query_returns_nothing_where_there_are_data() {
    let nano = serve();
    let Some(prometheus) = Prometheus::scraping(nano.metrics_address) else { return };
    let recorded = values("record");
    let alerts = values("expr").into_iter().flat_map(|expression| selectors(&expression));
    // Those of a fleet and of orders of certificates are there where there are such; 503 and empty rules have nothing to
    // show here.
    let elsewhere = |query: &String| query.contains("nano_fleet_") || query.contains("nano_acme_");
    let alerts = alerts.filter(|selector| !elsewhere(selector) && !selector.contains("code=\"503\""));
    let dashboard = dashboard().into_iter().filter(|query| !elsewhere(query));
    let wanted: BTreeSet<String> = dashboard.chain(recorded).chain(alerts).collect();
    assert!(wanted.len() > 40, "{wanted:?}");
    let mut open = wanted;
    until("data for every query", || {
        load(&nano);
        let number = |sample: &Value| sample["value"][1].as_str().unwrap().parse::<f64>().unwrap();
        open.retain(|query| prometheus.query(query).iter().all(|sample| number(sample).is_nan()));
        eprintln!("without data: {open:?}");
        open.is_empty().then_some(())
    });
}

#[test]
fn the_dashboard_shows_what_an_alert_is_raised_for() {
    let shown = dashboard().join("\n");
    for expression in values("expr") {
        for selector in selectors(&expression) {
            let name = selector.split('{').next().unwrap();
            let indirect = name.contains(':') || ["up", "nano_app_stopped"].contains(&name);
            assert!(indirect || shown.contains(name), "deploy/grafana/nano.json does not show {name}");
        }
    }
}
