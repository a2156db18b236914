//! Failures: told apart, counted, cut to size.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn problem(text: &str) -> Problem {
    serde_json::from_str(text).unwrap()
}

#[test]
fn problems_are_told_apart() {
    let kind = |text: &str| OrderError::from(&problem(text));
    let urn = |what: &str| format!(r#"{{"type": "urn:ietf:params:acme:error:{what}", "detail": "so it is"}}"#);
    assert!(matches!(kind(&urn("rateLimited")), OrderError::RateLimited(_)));
    assert!(matches!(kind(&urn("accountDoesNotExist")), OrderError::NoAccount(_)));
    assert!(matches!(kind(&urn("badNonce")), OrderError::Unreached(_)));
    assert!(matches!(kind(&urn("rejectedIdentifier")), OrderError::Refused(_)));
    assert!(matches!(kind(r#"{"status": 503}"#), OrderError::Unreached(_)));
    let refused = kind(&urn("rejectedIdentifier")).to_string();
    assert_eq!(refused, "the certificate authority refuses: so it is (urn:ietf:params:acme:error:rejectedIdentifier)");
    assert_eq!(kind("{}").to_string(), "the certificate authority refuses: without a reason");
}

#[test]
fn what_a_stranger_says_is_short_and_on_one_line() {
    assert_eq!(said("a\nb\x1b[2J\0c"), "a b [2J c");
    let long = said(&"ä".repeat(100_000));
    assert_eq!(long.chars().count(), MAX_SAID + 1);
}

#[test]
fn failures_in_a_row_are_counted_and_wait() {
    let error = OrderError::Refused("no".to_owned());
    let now = SystemTime::now();
    let first = Failure::after(None, &error, None);
    let second = Failure::after(Some(&first), &error, None);
    assert_eq!((first.count, second.count), (1, 2));
    let within = |at: SystemTime, least: u64, most: u64| {
        let wait = at.duration_since(now).unwrap().as_secs();
        assert!((least..=most).contains(&wait), "{wait}");
    };
    within(first.next(), 299, 365);
    within(second.next(), 599, 730);
    within(first.soonest(), 59, 75);
    within(second.soonest(), 119, 150);
    // What the authority says holds for operators, too.
    let patient = Failure::after(None, &error, Some(Duration::from_secs(7200)));
    within(patient.next(), 7199, 7205);
    within(patient.soonest(), 7199, 7205);
    let unreached = Failure::after(None, &OrderError::Unreached(String::new()), None);
    within(unreached.next(), 4, 11);
    assert!(unreached.soonest() <= unreached.next());
}

#[test]
fn times_of_a_file_are_bounded() {
    let text = format!(r#"{{"count": 1, "why": "", "at": 0, "next": {0}, "soonest": {0}}}"#, u64::MAX);
    let failure: Failure = serde_json::from_str(&text).unwrap();
    assert!(failure.next() <= SystemTime::now() + schedule::MAX_RETRY_AFTER);
}

#[test]
fn a_failure_of_a_clock_that_was_ahead_waits_no_longer_than_any_other() {
    let year = Duration::from_secs(365 * 86_400);
    let mut failure = Failure::after(None, &OrderError::Refused(String::new()), None);
    let wait = failure.next - failure.at;
    failure.at += year.as_secs();
    failure.next += year.as_secs();
    failure.soonest += year.as_secs();
    let most = SystemTime::now() + Duration::from_secs(wait + 1);
    assert!(failure.next() <= most && failure.soonest() <= failure.next(), "read from a file");
    failure.set_back(year);
    assert!(failure.next() <= most && failure.next() > SystemTime::now(), "seen while nano runs");
}
