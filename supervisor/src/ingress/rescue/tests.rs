//! The response for each failure.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const DIED: Death = Death { reason: None, culprit: false, seen: true };

/// Every kind of failure, with what the table in this module's documentation says of it.
const TABLE: &[(Failure, &str, u16)] = &[
    (Failure::Connection(ConnectionError::Unreadable(400)), "bad_request", 400),
    (Failure::Connection(ConnectionError::Unreadable(414)), "uri_too_long", 414),
    (Failure::Connection(ConnectionError::Unreadable(431)), "headers_too_large", 431),
    (Failure::Connection(ConnectionError::Unreadable(599)), "bad_request", 400),
    (Failure::Connection(ConnectionError::HeadTimeout), "request_timeout", 408),
    (Failure::Connection(ConnectionError::BodyTimeout), "request_timeout", 408),
    (Failure::MissingHost, "missing_host", 400),
    (Failure::SeveralHosts, "several_hosts", 400),
    (Failure::MalformedHost, "malformed_host", 400),
    (Failure::MalformedTarget, "malformed_target", 400),
    (Failure::MalformedBody, "malformed_body", 400),
    (Failure::UnknownHost, "unknown_host", 404),
    (Failure::MethodNotAllowed, "method_not_allowed", 405),
    (Failure::Expectation, "expectation_failed", 417),
    (Failure::BodyTooLarge, "body_too_large", 413),
    (Failure::UriTooLong, "uri_too_long", 414),
    (Failure::HeadersTooLarge, "headers_too_large", 431),
    (Failure::QueueFull, "queue_full", 503),
    (Failure::QueueTimeout, "queue_timeout", 503),
    (Failure::Unavailable(Duration::from_millis(1)), "app_unavailable", 503),
    (Failure::StartFailed(Duration::ZERO), "app_start_failed", 503),
    (Failure::TimedOut, "timeout", 504),
    (Failure::Worker(Failed::TimedOut), "timeout", 504),
    (Failure::Worker(Failed::Reset(ResetReason::HandlerThrew)), "handler_threw", 500),
    (Failure::Worker(Failed::Reset(ResetReason::NoResponse)), "no_response", 500),
    (Failure::Worker(Failed::Reset(ResetReason::Refused)), "worker_refused", 503),
    (Failure::Worker(Failed::Protocol), "worker_protocol", 502),
    (Failure::Worker(Failed::Upload), "malformed_body", 400),
    (Failure::Worker(Failed::Died(DIED)), "worker_died", 502),
    (Failure::Worker(Failed::Died(Death { reason: Some(ExitReason::Cpu), ..DIED })), "cpu_limit", 503),
    (Failure::Worker(Failed::Died(Death { reason: Some(ExitReason::Heap), ..DIED })), "memory_limit", 503),
    (Failure::Worker(Failed::Died(Death { reason: Some(ExitReason::Memory), ..DIED })), "memory_limit", 503),
    (
        Failure::Worker(Failed::Died(Death { reason: Some(ExitReason::Crash), culprit: true, ..DIED })),
        "worker_died",
        502,
    ),
    (Failure::Worker(Failed::Died(Death { reason: Some(ExitReason::Cpu), culprit: true, ..DIED })), "cpu_limit", 503),
    (
        Failure::Worker(Failed::Died(Death { reason: Some(ExitReason::Heap), culprit: true, ..DIED })),
        "memory_limit",
        503,
    ),
    (
        Failure::Worker(Failed::Died(Death { reason: Some(ExitReason::Memory), culprit: true, ..DIED })),
        "memory_limit",
        503,
    ),
];

#[test]
fn the_table_holds() {
    let documented = include_str!("../rescue.rs");
    for (failure, code, status) in TABLE {
        let verdict = failure.verdict();
        assert_eq!((verdict.code, verdict.status.as_u16()), (*code, *status), "{failure:?}");
        assert!(documented.contains(&format!("`{code}`")), "{code} is not documented");
    }
}

#[test]
fn what_will_pass_says_when_to_come_back() {
    for (failure, _, status) in TABLE {
        assert_eq!(failure.verdict().retry_after().is_some(), *status == 503, "{failure:?}");
    }
    for (wait, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (30_000, 30)] {
        let verdict = Failure::Unavailable(Duration::from_millis(wait)).verdict();
        assert_eq!(verdict.retry_after(), Some(seconds));
    }
}

#[test]
fn every_body_is_json_that_reveals_nothing() {
    for (failure, code, _) in TABLE {
        let body = failure.verdict().body("id-1");
        let error: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(error["code"], *code);
        assert_eq!(error["request_id"], "id-1");
        assert!(!body.contains('/') && !body.contains("::"), "{body}");
    }
}
