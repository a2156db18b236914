//! Tests of `compatibility_flags.rs`.

use super::*;

#[test]
fn each_flag_is_a_bit_of_its_own_and_others_are_refused() {
    let all = CompatibilityFlags::ALL.iter().fold(CompatibilityFlags::default(), |all, (_, flag)| all.with(*flag));
    assert_eq!(all.words().collect::<Vec<_>>(), ["nodejs_compat", "nodejs_als", "eval_at_start"]);
    assert_eq!(CompatibilityFlags::from_bits(all.bits()), Some(all));
    assert_eq!(CompatibilityFlags::from_bits(all.bits() + 1), None);
    assert_eq!(CompatibilityFlags::default().words().count(), 0);
    assert!(!CompatibilityFlags::NODEJS_ALS.has_any_of(CompatibilityFlags::NODEJS_COMPAT));
}
