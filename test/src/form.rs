//! The form of a gate: short or long, and with which seed.

use std::env;

/// Whether the long form is asked for.
#[must_use]
pub fn is_long() -> bool {
    env::var("NANO_GATES").as_deref() == Ok("long")
}

/// The one number or the other.
pub fn sized<T>(short: T, long: T) -> T {
    if is_long() { long } else { short }
}

/// Numbers that look random and can be had again: splitmix64 from `NANO_GATES_SEED`, which is printed.
pub struct Dice(u64);

impl Dice {
    /// Seeded by `NANO_GATES_SEED`, else by this gate's number.
    #[must_use]
    pub fn new(gate: u64) -> Self {
        let seed = env::var("NANO_GATES_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(gate);
        eprintln!("gate {gate}: NANO_GATES_SEED={seed}");
        Self(seed)
    }

    /// Seeded by this number.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(bound).unwrap()).unwrap()
    }
}
