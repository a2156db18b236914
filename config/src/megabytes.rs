//! A size in MB that remembers how it was written, because messages to tenants repeat it.

use crate::json::number::Decimal;

/// A size given in MB (2^20 bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Megabytes {
    bytes: u64,
    text: String,
}

impl Megabytes {
    /// A whole number of MB.
    #[must_use]
    pub fn from_mb(mb: u32) -> Self {
        Self { bytes: u64::from(mb) << 20, text: mb.to_string() }
    }

    /// From the text of a JSON number. `None` when it is negative or does not fit.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        let decimal = Decimal::parse(text)?;
        let bytes = decimal.scaled(1 << 20)?;
        let spelled_plainly = !text.contains(['e', 'E']);
        let text = if !decimal.is_whole() && spelled_plainly { text.to_owned() } else { decimal.plain() };
        Some(Self { bytes, text })
    }

    /// Bytes, rounded down.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number as written, without unit; a whole number has no fraction: `1` and `1.0` are `"1"`, `0.5` is `"0.5"`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests;
