//! Whose trace a request belongs to, and what its span says.

#![allow(clippy::unwrap_used, reason = "tests")]

use http::Request;

use super::*;
use crate::downstream::Scheme;

const CALLER: &str = "00-12345678901234567890123456789012-1234567890123456-01";

fn client() -> Client {
    Client { ip: "192.0.2.1".parse().ok(), port: Some(1), scheme: Scheme::Https }
}

fn origin(is_vouched: bool) -> Origin {
    Origin { client: client(), is_vouched }
}

fn head(parent: &[&str]) -> Parts {
    let mut request = Request::get("/p?secret").header("host", "a.example:8443").body(()).unwrap();
    for line in parent {
        request.headers_mut().append(TRACEPARENT, line.parse().unwrap());
    }
    request.headers_mut().append(TRACESTATE, "x=y".parse().unwrap());
    request.into_parts().0
}

fn tracer(sample: bool) -> Tracer {
    Tracer::new(Tracing::for_tests(sample))
}

#[test]
fn a_trusted_caller_decides_and_others_do_not() {
    for (sample, vouched, parent, kept) in [
        (false, true, CALLER, true),
        (true, true, &CALLER.replace("-01", "-00"), false),
        (false, false, CALLER, false),
        (true, false, &CALLER.replace("-01", "-00"), true),
        (true, true, "nonsense", true),
        (false, true, "nonsense", false),
    ] {
        let trace = tracer(sample).begin(&head(&[parent]), origin(vouched));
        assert_eq!(trace.context.is_sampled, kept, "{sample} {vouched} {parent}");
        assert_eq!(trace.head.is_some(), kept);
        let continued = parent != "nonsense";
        assert_eq!(trace.id() == "12345678901234567890123456789012", continued);
        assert_eq!((trace.caller.is_some(), trace.state.is_some()), (continued, continued));
        assert_ne!(trace.context.span, [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56], "nano's own");
    }
    let twice = tracer(true).begin(&head(&[CALLER, CALLER]), origin(true));
    assert!(twice.caller.is_none() && twice.state.is_none() && twice.context.is_random);
}

#[test]
fn a_span_has_no_query_and_is_an_error_where_the_server_is_to_blame() {
    let outcome = |status, code, is_left| Outcome {
        client: client(),
        request_id: "r",
        app: Some(("shop", 3)),
        pid: 7,
        status,
        code,
        is_left,
        took: Duration::from_millis(5),
    };
    let span = |outcome: &Outcome<'_>| tracer(true).begin(&head(&[CALLER]), origin(true)).span(outcome).unwrap();
    let ok = span(&outcome(200, "", false));
    let text = format!("{ok:?}");
    assert!(!text.contains("secret") && text.contains("\"/p\"") && text.contains("8443"), "{text}");
    assert!(!ok.is_error && ok.end.duration_since(ok.start).unwrap() == Duration::from_millis(5));
    for (outcome, is_error, kind) in [
        (outcome(404, "unknown_host", false), false, Some("unknown_host")),
        (outcome(500, "", false), true, Some("500")),
        (outcome(503, "queue_full", false), true, Some("queue_full")),
        (outcome(200, "body_failed", false), true, Some("body_failed")),
        (outcome(200, "client_gone", true), false, Some("client_gone")),
        (outcome(499, "", false), false, None),
    ] {
        let span = span(&outcome);
        assert_eq!(span.is_error, is_error, "{outcome:?}");
        let found = span.attributes.iter().find(|(key, _)| *key == "error.type");
        let found = format!("{:?}", found.map(|(_, value)| value));
        assert!(found.contains(kind.unwrap_or("None")), "{found} {outcome:?}");
        let status = span.attributes.iter().any(|(key, _)| *key == "http.response.status_code");
        assert_eq!(status, outcome.status != 499);
    }
}

#[test]
fn a_hostile_head_makes_a_small_span() {
    let mut request =
        Request::builder().method("A\u{62}C").uri(format!("/{}", "\u{e4}".repeat(30_000))).body(()).unwrap();
    request.headers_mut().insert("host", "h".repeat(5000).parse().unwrap());
    let trace = tracer(true).begin(&request.into_parts().0, origin(false));
    let head = trace.head.unwrap();
    assert!(head.path.len() <= MAX_PATH && head.path.len() > MAX_PATH - 2);
    assert!(head.host.is_none_or(|(host, _)| host.len() <= MAX_HOST));
}
