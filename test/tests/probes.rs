//! The acceptance app: seven probes, in both accessor styles, served from the configuration that `make run` serves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, app_path, repository};
use serde_json::{Value, json};
use std::fs;

const OVERFLOW: &str = r#"{"error":"buffer overflow caught","message":"Stream buffer size limit exceeded (max: 1MB)"}"#;
const CONSOLE: &str = "WritableStream { locked: false, state: 'writable', desiredSize: 1 }";

/// The checked-in configuration, with the app's path made absolute and the ports left to the harness.
fn acceptance_site(app: &str, more: &Value) -> Site {
    let text = fs::read_to_string(repository().join("test/streams/writable/nano.json")).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(config["port"], 8080);
    assert_eq!(
        config["apps"],
        json!([{ "hostname": "writable.local", "path": "../../apps/writable-test", "max_buffer_size_mb": 1 }])
    );
    config.as_object_mut().unwrap().remove("port");
    config["apps"][0]["path"] = json!(app_path(app));
    config["apps"][0].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let site = Site::new();
    site.config(config);
    site
}

fn check_probes(nano: &Nano) {
    let expected = [
        ("/basic", r#"["Hello","World"]"#),
        ("/backpressure", "[2,1,0,-1]"),
        ("/abort", r#"{"aborted":true}"#),
        ("/error", r#"{"error":"caught"}"#),
        ("/ready", r#"{"ready":"ok"}"#),
        ("/buffer-overflow", OVERFLOW),
        ("/console-format", r#"{"logged":true}"#),
    ];
    for (path, body) in expected {
        let response = nano.get("writable.local", path);
        assert_eq!((response.status, response.text().as_str()), (200, body), "{path}");
        assert_eq!(response.header("content-type"), Some("application/json"), "{path}");
    }
    let line = nano.log.wait_for("the printed stream", |record| record["message"] == CONSOLE);
    assert_eq!(line["app"], "writable.local");
}

#[test]
fn standard_style() {
    let nano = acceptance_site("writable-test", &json!({})).serve();
    check_probes(&nano);
}

#[test]
fn older_style_is_found_by_itself() {
    let nano = acceptance_site("writable-test-method", &json!({})).serve();
    check_probes(&nano);
    let about = nano
        .log
        .records()
        .into_iter()
        .filter(|record| record["message"].as_str().is_some_and(|message| message.contains("request_accessors")));
    assert_eq!(about.count(), 1, "the log says once that accessors are methods");
}

#[test]
fn older_style_when_asked_for() {
    let nano = acceptance_site("writable-test-method", &json!({ "request_accessors": "method" })).serve();
    check_probes(&nano);
}

#[test]
fn older_style_under_property_accessors_is_the_apps_error() {
    let nano = acceptance_site("writable-test-method", &json!({ "request_accessors": "property" })).serve();
    let response = nano.get("writable.local", "/basic");
    assert_eq!(response.status, 500);
    nano.log.wait_for_text("request.url is not a function");
}

#[test]
fn every_overflow_is_in_the_metrics_with_its_response() {
    let nano = acceptance_site("writable-test", &json!({})).serve();
    let app = ("app", "writable.local");
    let errored = |cause| nano.metrics().get("nano_streams_errored_total", &[app, ("cause", cause)]);
    assert_eq!(nano.metrics().get("nano_stream_buffer_overflows_total", &[app]), Some(0.0));
    for count in 1..=5 {
        assert_eq!(nano.get("writable.local", "/buffer-overflow").status, 200);
        // At once: the counters are no later than the response.
        assert_eq!(nano.metrics().get("nano_stream_buffer_overflows_total", &[app]), Some(f64::from(count)));
        assert_eq!(errored("overflow"), Some(f64::from(count)));
    }
    assert_eq!(nano.get("writable.local", "/error").status, 200);
    assert_eq!(errored("sink"), Some(1.0));
    assert_eq!(nano.get("writable.local", "/abort").status, 200);
    assert_eq!(errored("abort"), Some(1.0));
    assert_eq!(errored("controller"), Some(0.0));
    assert_eq!(nano.metrics().get("nano_stream_buffer_limit_bytes", &[app]), Some(1_048_576.0));
}
