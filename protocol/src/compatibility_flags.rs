//! What an app has beside the web platform, by `compatibility_flags` of its configuration.

/// A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompatibilityFlags(u8);

impl CompatibilityFlags {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// Modules of Node.js, and its globals.
    pub const NODEJS_COMPAT: Self = Self(1);
    /// `node:async_hooks` alone.
    pub const NODEJS_ALS: Self = Self(2);
    /// `eval` and `new Function` while the app's modules are evaluated.
    pub const EVAL_AT_START: Self = Self(4);

    /// All flags, each with its word in the configuration.
    pub const ALL: [(&'static str, Self); 3] = [
        ("nodejs_compat", Self::NODEJS_COMPAT),
        ("nodejs_als", Self::NODEJS_ALS),
        ("eval_at_start", Self::EVAL_AT_START),
    ];

    /// `None`: a bit that is no flag.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        let known = Self::ALL.iter().fold(0, |known, (_, flag)| known | flag.0);
        (bits & !known == 0).then_some(Self(bits))
    }

    /// A bit for each.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Those of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two have a flag in common.
    #[must_use]
    pub fn has_any_of(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The words of those that are set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(move |(_, flag)| self.has_any_of(*flag)).map(|(word, _)| word)
    }
}

#[cfg(test)]
mod tests;
