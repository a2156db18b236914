//! Warnings about limits of the system that are too low.

use super::*;

#[test]
fn each_that_is_too_low_is_named() {
    let shortage = |need: &Need| {
        let Need { what, name, set, least, why, .. } = *need;
        Shortage { what, name, set, has: 1, least, why }
    };
    let text = TooLittle(NEEDS.iter().map(shortage).collect()).to_string();
    for need in &NEEDS {
        assert!(text.contains(&format!("may have 1 {} ({})", need.what, need.name)), "{text}");
        assert!(need.least <= need.wanted);
    }
    assert_eq!(text.lines().count(), 1);
}
