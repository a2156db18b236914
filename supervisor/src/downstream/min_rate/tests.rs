//! Silence, single bytes, and time that does not count.

use super::*;

const TICK: Duration = Duration::from_millis(500);

fn budget() -> RateBudget {
    RateBudget::new(240, TICK, Duration::from_secs(60), Duration::from_secs(20))
}

/// For how many ticks a client is borne that moves so many bytes every so many ticks.
fn borne(pace: &MinRate, bytes: usize, every: usize) -> Option<usize> {
    pace.wait();
    (1..10_000).find(|tick| {
        if tick % every == 0 {
            pace.moved(bytes, &budget());
            pace.wait();
        }
        pace.is_behind(&budget())
    })
}

#[test]
fn silence_is_borne_as_long_as_was_said() {
    let pace = MinRate::default();
    pace.begin_upload(&budget());
    assert_eq!(borne(&pace, 0, 1), Some(41));
    pace.begin_download(&budget());
    assert_eq!(borne(&pace, 0, 1), Some(121));
    // What was sent before buys time, and no more than the longest pause.
    pace.begin_upload(&budget());
    pace.moved(2400, &budget());
    assert_eq!(borne(&pace, 0, 1), Some(61));
    pace.begin_upload(&budget());
    pace.moved(usize::MAX, &budget());
    assert_eq!(borne(&pace, 0, 1), Some(121));
}

#[test]
fn a_byte_now_and_then_buys_no_time() {
    let pace = MinRate::default();
    for (bytes, every) in [(1, 1), (1, 10), (60, 1), (100, 2)] {
        pace.begin_upload(&budget());
        let ticks = borne(&pace, bytes, every);
        assert!(ticks.is_some_and(|ticks| (41..=85).contains(&ticks)), "{bytes} every {every}: {ticks:?}");
    }
    for (bytes, every) in [(120, 1), (240, 2), (2400, 20), (100_000, 39)] {
        pace.begin_upload(&budget());
        assert_eq!(borne(&pace, bytes, every), None, "{bytes} every {every}");
    }
}

#[test]
fn who_is_not_waited_for_pays_nothing() {
    let pace = MinRate::default();
    pace.begin_upload(&budget());
    assert!((0..10_000).all(|_| !pace.is_behind(&budget())));
}
