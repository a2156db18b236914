//! Waking at times of the clock.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::*;

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

#[tokio::test]
async fn it_wakes_at_a_time_of_the_clock_and_not_before() {
    for alarm in [Alarm::new(), Alarm(None)] {
        for _ in 0..2 {
            let (begun, start) = (Instant::now(), now());
            alarm.until(start + 50, start).await;
            assert!(begun.elapsed() >= Duration::from_millis(45), "{:?}", begun.elapsed());
        }
        // What is past is now.
        alarm.until(now() - 1, now()).await;
        alarm.until(0, now()).await;
    }
}

#[tokio::test]
async fn one_that_was_given_up_can_be_set_again() {
    let alarm = Alarm::new();
    let far = now() + 1_000_000;
    assert!(tokio::time::timeout(Duration::from_millis(20), alarm.until(far, now())).await.is_err());
    alarm.until(now() + 20, now()).await;
}
