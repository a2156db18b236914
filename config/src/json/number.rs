//! A JSON number as an exact decimal: `0.1` stays one tenth, `1.0` and `1e0` are the whole number 1.

/// `±digits · 10^exponent`, without trailing zeros in `digits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
}

/// More digits or larger exponents than this are of no use in a configuration, and within it `u128` cannot overflow.
const MAX_DIGITS: usize = 24;
const MAX_EXPONENT: i32 = 36;

impl Decimal {
    /// Reads the text of a JSON number. `None` when it is longer or further from 1 than any sensible value.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()),
            None => (text, Some(0)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let leading = all.trim_start_matches('0');
        let significant = leading.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self { negative: false, digits: 0, exponent: 0 });
        }
        let trailing = i32::try_from(leading.len() - significant.len()).ok()?;
        let fraction = i32::try_from(fraction.len()).ok()?;
        let exponent = exponent?.checked_add(trailing)?.checked_sub(fraction)?;
        if significant.len() > MAX_DIGITS || exponent.abs() > MAX_EXPONENT {
            return None;
        }
        Some(Self { negative, digits: significant.parse().ok()?, exponent })
    }

    pub(crate) fn is_zero(self) -> bool {
        self.digits == 0
    }

    pub(crate) fn is_whole(self) -> bool {
        self.exponent >= 0
    }

    /// The number itself where it is whole, not negative and fits.
    pub(crate) fn whole(self) -> Option<u64> {
        if self.is_whole() { self.scaled(1) } else { None }
    }

    /// `self · factor`, rounded down. `None` when negative or too large.
    pub(crate) fn scaled(self, factor: u32) -> Option<u64> {
        if self.negative {
            return None;
        }
        let product = self.digits.checked_mul(u128::from(factor))?;
        let power = 10u128.checked_pow(self.exponent.unsigned_abs())?;
        let value = if self.exponent < 0 { product / power } else { product.checked_mul(power)? };
        u64::try_from(value).ok()
    }

    /// Plain notation, no exponent.
    pub(crate) fn plain(self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let zeros = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
        if self.is_whole() {
            return format!("{sign}{}{}", self.digits, "0".repeat(zeros));
        }
        let digits = format!("{:0>width$}", self.digits, width = zeros + 1);
        let (whole, fraction) = digits.split_at(digits.len() - zeros);
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests;
