//! Differences of counters.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::telemetry::AppSample;

fn sample(uptime_ms: u64, answered: u64, durations: [u64; 3]) -> ServerSample {
    let [fast, slow, all] = durations;
    let durations = vec![(Some(10.0), fast), (Some(100.0), slow), (None, all)];
    let counters = AppSample { answered, failed: answered / 10, cpu_ms: answered, durations, ..AppSample::default() };
    let apps = vec![NamedSample { name: "a".to_owned(), counters, ..NamedSample::default() }];
    ServerSample { uptime_ms, apps, ..ServerSample::default() }
}

#[test]
fn they_are_of_the_interval() {
    let before = sample(1000, 100, [100, 100, 100]);
    let now = sample(3000, 300, [200, 300, 300]);
    let rates = &rates(&before, &now)[0];
    assert_eq!((rates.requests_per_second, rates.errors_per_second, rates.cpu_percent), (100.0, 10.0, 10.0));
    assert_eq!(rates.p50_ms, Some(10.0));
    assert!((rates.p99_ms.unwrap() - 98.2).abs() < 0.001, "{rates:?}");
}

#[test]
fn nothing_happened_a_nano_is_another_or_an_app_is_new() {
    let before = sample(1000, 100, [100, 100, 100]);
    let idle = &rates(&before, &sample(2000, 100, [100, 100, 100]))[0];
    assert_eq!((idle.requests_per_second, idle.p50_ms), (0.0, None));
    let other = &rates(&before, &sample(500, 10, [0, 0, 10]))[0];
    assert_eq!((other.requests_per_second, other.p50_ms), (20.0, Some(100.0)));
    let again = &rates(&before, &sample(2000, 10, [10, 10, 10]))[0];
    assert_eq!((again.requests_per_second, again.p50_ms), (10.0, Some(5.0)));
    let new = &rates(&ServerSample { uptime_ms: 1000, ..ServerSample::default() }, &sample(2000, 5, [5, 5, 5]))[0];
    assert_eq!(new.requests_per_second, 5.0);
}
