//! When memory is given back.

use super::*;

const MB: u64 = 1 << 20;

#[test]
fn what_a_peak_took_is_given_back_and_what_is_in_use_is_looked_at_rarely() {
    let mut memory = SpareMemory { least: u64::MAX, pause: OFTEN };
    assert!(!memory.is_due(20 * MB));
    assert!(!memory.is_due(27 * MB));
    assert!(memory.is_due(300 * MB));
    memory.given(300 * MB, 100 * MB);
    assert_eq!(memory.pause, OFTEN);
    for _ in 0..9 {
        assert!(memory.is_due(100 * MB));
        memory.given(100 * MB, 99 * MB);
    }
    assert_eq!(memory.pause, RARELY);
    assert!(memory.is_due(99 * MB));
    memory.given(99 * MB, 21 * MB);
    assert_eq!(memory.pause, OFTEN);
    assert!(!memory.is_due(21 * MB));
}
