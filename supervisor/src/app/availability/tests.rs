//! Probes while the breaker is open, and results that come too late.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn one_probe_at_a_time() {
    let own = Availability::default();
    own.restored();
    assert_eq!(own.enter(), BreakerDecision::Pass);
    own.refuse(Outage::Crashes, Duration::from_secs(9));
    let BreakerDecision::Refused(refusal) = own.enter() else { unreachable!() };
    assert_eq!(refusal.outage, Outage::Crashes);
    assert!(refusal.retry_after <= Duration::from_secs(9) && refusal.retry_after > Duration::from_secs(8));
    own.restored();
    assert!(own.is_on_probation());
    assert_eq!(own.enter(), BreakerDecision::Probe);
    assert!(matches!(own.enter(), BreakerDecision::Refused(_)));
    own.restored();
    assert!(matches!(own.enter(), BreakerDecision::Refused(_)), "a second worker allows no second probe");
    own.release();
    assert_eq!(own.enter(), BreakerDecision::Probe);
    own.close_breaker();
    own.release();
    assert_eq!((own.enter(), own.is_on_probation()), (BreakerDecision::Pass, false));
}

#[test]
fn a_late_word_of_the_dead_does_not_open_it() {
    let own = Availability::default();
    own.refuse(Outage::StartFails, Duration::ZERO);
    own.close_breaker();
    own.release();
    let refusal = own.refused().unwrap();
    // The start is due, and its outcome is not known yet.
    assert_eq!(refusal, Refusal { outage: Outage::StartFails, retry_after: Duration::ZERO });
    assert_eq!(own.enter(), BreakerDecision::Refused(refusal));
}
