//! What is kept, what is refused, and what a full queue does.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::SystemTime;

use super::endpoint::Endpoint;
use super::*;
use crate::telemetry::{OtlpMetrics, SpanResult};

fn span(path: &str) -> SpanRecord {
    let now = SystemTime::now();
    SpanRecord {
        kind: SpanKind::Server,
        trace: [1; 16],
        span: [2; 8],
        parent: None,
        flags: 1,
        state: String::new(),
        name: "GET".to_owned(),
        start: now,
        end: now,
        attributes: vec![("url.path", SpanValue::Text(path.to_owned()))],
        is_error: false,
    }
}

#[test]
fn as_many_traces_are_kept_as_are_asked_for() {
    let queue = Arc::new(SpanQueue::new(Arc::default()));
    let kept = |sample: f64| {
        let tracing = Tracing { spans: Arc::clone(&queue), threshold: threshold(sample) };
        let ids = crate::trace_context::TraceIds::new();
        (0..20_000).filter(|_| tracing.keeps(ids.draw())).count()
    };
    assert_eq!((kept(0.0), kept(1.0)), (0, 20_000));
    let quarter = kept(0.25);
    assert!((4500..5500).contains(&quarter), "{quarter}");
}

#[test]
fn a_full_queue_drops_and_counts_and_a_batch_makes_room() {
    let metrics = Arc::new(OtlpMetrics::default());
    let queue = SpanQueue::new(Arc::clone(&metrics));
    for _ in 0..10_000 {
        queue.push(span("/"));
    }
    assert_eq!(metrics.spans(SpanResult::Dropped), 10_000 - 8192);
    assert_eq!(queue.take().len(), 512);
    queue.push(span("/"));
    assert_eq!(metrics.spans(SpanResult::Dropped), 10_000 - 8192);
    // By bytes.
    let queue = SpanQueue::new(Arc::clone(&metrics));
    let before = metrics.spans(SpanResult::Dropped);
    for _ in 0..6000 {
        queue.push(span(&"a".repeat(1024)));
    }
    let dropped = metrics.spans(SpanResult::Dropped) - before;
    let kept = 6000 - dropped;
    assert!((3700..4200).contains(&kept), "{kept} of about 1.1 KB in 4 MiB");
}

#[test]
fn an_endpoint_is_a_base_or_the_path_itself() {
    let target = |url: &str| Endpoint::new(url, "").unwrap().target;
    assert_eq!(target("http://127.0.0.1:4318"), "/v1/traces");
    assert_eq!(target("http://127.0.0.1:4318/"), "/v1/traces");
    assert_eq!(target("http://a.example/otlp/"), "/otlp/v1/traces");
    assert_eq!(target("http://a.example/otlp/v1/traces"), "/otlp/v1/traces");
    assert_eq!(target("https://a.example/x?y=1"), "/x/v1/traces?y=1");
    let endpoint = Endpoint::new("https://[::1]:4318", "a=b%20c, authorization=Basic%20x=").unwrap();
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("::1", 4318));
    assert_eq!(endpoint.headers["host"], "[::1]:4318");
    assert_eq!(
        (&endpoint.headers["a"], &endpoint.headers["authorization"]),
        (&"b c".parse().unwrap(), &"Basic x=".parse().unwrap())
    );
    assert!(!format!("{endpoint:?}").contains("Basic"), "what is secret is not shown");
    for headers in ["a", "a b=c", "a=b\nc", "a=%0a", &"a=b,".repeat(33)] {
        assert!(matches!(Endpoint::new("http://a", headers), Err(EndpointError::Headers)), "{headers}");
    }
}
