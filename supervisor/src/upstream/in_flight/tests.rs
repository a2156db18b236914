//! What is kept of requests for a flight record.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn the_query_and_what_is_long_is_left_out() {
    let about = |target: &str| RequestSummary {
        what: Subject::Request(Method::POST, Some(target.parse().unwrap())),
        id: HeaderValue::from_static("r-1"),
        spans: None,
    };
    let lost = about("/pay?card=4111").lost(Instant::now(), true, false);
    assert_eq!((&*lost.method, &*lost.path, &*lost.id, lost.answering), ("POST", "/pay", "r-1", true));
    let lost = about(&format!("/{}", "x".repeat(10_000))).lost(Instant::now(), false, false);
    assert_eq!(lost.path.len(), MAX_TEXT);
}

#[test]
fn a_run_is_told_by_its_expression() {
    let about =
        RequestSummary { what: Subject::Run("0 4 * * MON".into()), id: HeaderValue::from_static("r-1"), spans: None };
    let lost = about.lost(Instant::now(), false, true);
    assert_eq!((&*lost.method, &*lost.path, &*lost.id), ("scheduled", "0 4 * * MON", "r-1"));
}

#[test]
fn the_culprit_and_the_oldest_are_told() {
    let request = |age: usize, culprit| LostRequest {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        id: age.to_string(),
        age: Duration::from_millis(u64::try_from(age).unwrap()),
        answering: false,
        culprit,
    };
    let lost = InFlight::of((0..100).map(|age| request(age, age == 5)).collect());
    assert_eq!((lost.requests.len(), lost.more), (MAX_LISTED, 100 - MAX_LISTED));
    let ids: Vec<_> = lost.requests.iter().map(|request| request.id.as_str()).take(3).collect();
    assert_eq!(ids, ["5", "99", "98"]);
}
