//! Renewals and waits.

use super::*;

const DAY: Duration = Duration::from_secs(86400);

fn facts(hostname: &str, begins: SystemTime, life: Duration) -> CertificateFacts {
    CertificateFacts { hostname: hostname.to_owned(), expires: Some(begins + life), begins: Some(begins) }
}

#[test]
fn renewals_are_at_two_thirds_and_spread() {
    let begins = SystemTime::UNIX_EPOCH + 20_000 * DAY;
    let mut seen = std::collections::BTreeSet::new();
    for index in 0..100 {
        let facts = facts(&format!("a{index}.example"), begins, 90 * DAY);
        let at = renewal(&facts);
        assert!(at <= begins + 60 * DAY && at >= begins + 57 * DAY, "{at:?}");
        assert_eq!(at, renewal(&facts));
        seen.insert(at);
    }
    assert!(seen.len() > 50, "{}", seen.len());
    // Those that live for days, as those that live for months.
    let short = renewal(&facts("a.example", begins, 6 * DAY));
    assert!(short <= begins + 4 * DAY && short > begins + 3 * DAY);
}

#[test]
fn dates_that_make_no_sense_mean_at_once() {
    let begins = SystemTime::UNIX_EPOCH + 20_000 * DAY;
    let backwards = CertificateFacts { hostname: "a".to_owned(), expires: Some(begins), begins: Some(begins + DAY) };
    assert_eq!(renewal(&backwards), begins + DAY);
    let unknown = CertificateFacts { hostname: "a".to_owned(), expires: None, begins: Some(begins) };
    assert_eq!(renewal(&unknown), SystemTime::UNIX_EPOCH);
}

#[test]
fn waits_double_up_to_a_bound() {
    let minutes = |is_unreached, failures| wait(is_unreached, failures, None, 0.0).as_secs_f64() / 60.0;
    assert_eq!(
        [1, 2, 3, 7, 8, 60, u32::MAX].map(|failures| minutes(false, failures)),
        [5.0, 10.0, 20.0, 320.0, 360.0, 360.0, 360.0]
    );
    assert_eq!([1, 2, 8, u32::MAX].map(|failures| wait(true, failures, None, 0.0).as_secs()), [5, 10, 600, 600]);
    // An hour has no more than five refusals in it.
    let mut elapsed = Duration::ZERO;
    let mut orders = 1;
    while {
        elapsed += wait(false, orders, None, 0.0);
        elapsed < Duration::from_secs(3600)
    } {
        orders += 1;
    }
    assert!(orders < 5, "{orders}");
    assert_eq!(wait(false, 1, None, 1.0), Duration::from_secs(360));
}

#[test]
fn an_authority_that_asks_for_patience_gets_it() {
    assert_eq!(wait(false, 1, Some(Duration::from_secs(3600)), 1.0), Duration::from_secs(3600));
    assert_eq!(wait(false, 1, Some(Duration::from_secs(1)), 0.0), Duration::from_secs(300));
    assert_eq!(wait(true, 1, Some(Duration::MAX), 0.0), MAX_RETRY_AFTER);
}

#[test]
fn operators_shorten_waits_to_a_fifth() {
    let seconds =
        |wait: u64, after: Option<u64>| soonest(Duration::from_secs(wait), after.map(Duration::from_secs)).as_secs();
    assert_eq!([seconds(300, None), seconds(600, None), seconds(21_600, None)], [60, 120, 4320]);
    assert_eq!([seconds(5, None), seconds(100, None)], [5, 60]);
    assert_eq!([seconds(300, Some(10)), seconds(300, Some(200)), seconds(3600, Some(3600))], [60, 200, 3600]);
}

#[test]
fn a_wrong_clock_does_not_order_again_and_again() {
    let begins = SystemTime::UNIX_EPOCH + 20_000 * DAY;
    let facts = facts("a.example", begins, 90 * DAY);
    assert_eq!(first_renewal(&facts, begins), renewal(&facts));
    // Two months ahead: there seems to be a month left.
    assert_eq!(first_renewal(&facts, begins + 60 * DAY), begins + 70 * DAY);
    assert_eq!(first_renewal(&facts, begins + 90 * DAY), begins + 100 * DAY);
}

#[test]
fn fractions_are_between_0_and_1() {
    for _ in 0..100 {
        assert!((0.0..1.0).contains(&random_fraction()));
    }
}

#[test]
fn a_clock_that_is_ahead_orders_no_certificate_after_the_other() {
    let issued = SystemTime::UNIX_EPOCH + 20_000 * DAY;
    let facts = facts("a.example", issued, 90 * DAY);
    for ahead in [61, 89, 90, 91, 365] {
        let now = issued + ahead * DAY;
        assert!(first_renewal(&facts, now) >= now + 10 * DAY, "{ahead} days");
    }
    // Behind, it is renewed by its own dates.
    assert_eq!(first_renewal(&facts, issued - 365 * DAY), renewal(&facts));
}
