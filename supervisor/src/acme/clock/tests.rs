//! Clocks that are set, and that go wrong slowly.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_step_back_is_seen_once_and_steps_forward_are_none() {
    let (wall, steady) = (SystemTime::UNIX_EPOCH + 9000 * HOUR, Instant::now());
    let mut clock = Clock::new(wall, steady);
    assert_eq!(clock.set_back(wall + HOUR, steady + HOUR), None);
    assert_eq!(clock.set_back(wall - 999 * HOUR, steady + HOUR), Some(1000 * HOUR));
    assert_eq!(clock.set_back(wall - 998 * HOUR, steady + 2 * HOUR), None);
    assert_eq!(clock.set_back(wall + 500 * HOUR, steady + 3 * HOUR), None, "forward");
    assert_eq!(clock.set_back(wall + 500 * HOUR, steady + 4 * HOUR), Some(HOUR), "it stood still");
}

#[test]
fn small_steps_add_up() {
    let (wall, steady) = (SystemTime::UNIX_EPOCH + 9000 * HOUR, Instant::now());
    let mut clock = Clock::new(wall, steady);
    let step = Duration::from_secs(50);
    assert_eq!(clock.set_back(wall - step, steady), None);
    assert_eq!(clock.set_back(wall - 2 * step, steady), Some(2 * step));
}
