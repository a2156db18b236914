//! The options of `nano-worker run`. `nano run` passes none: they are for tests, of nano's own and of the Web Platform.

use std::ffi::OsString;

use nano_protocol::CompatibilityFlags;
use nano_runtime::StreamBudget;

const USAGE: &str = "nano run: which script? Usage: nano run SCRIPT.js [ARG…]";

/// What comes before the script.
#[derive(Debug, PartialEq)]
pub(super) struct RunOptions {
    /// `--expose-gc`: a global `gc()`.
    pub(super) expose_gc: bool,
    /// `--max-buffer-size-mb`, `--max-total-buffer-mb`: as in nano.json.
    pub(super) stream_budget: StreamBudget,
    /// `--compatibility-flag`, once for each: as in nano.json.
    pub(super) flags: CompatibilityFlags,
    /// The path of the script.
    pub(super) script: OsString,
}

impl RunOptions {
    /// Reads the options and the script, and leaves the script's own arguments.
    pub(super) fn parse(arguments: &mut impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut expose_gc = false;
        let mut stream_budget = StreamBudget::default();
        let mut flags = CompatibilityFlags::default();
        loop {
            let argument = arguments.next().ok_or(USAGE)?;
            match argument.to_str() {
                Some("--expose-gc") => expose_gc = true,
                Some("--max-buffer-size-mb") => {
                    (stream_budget.max_stream_bytes, stream_budget.max_stream_text) = megabytes(arguments.next())?;
                }
                Some("--max-total-buffer-mb") => {
                    (stream_budget.max_total_bytes, stream_budget.max_total_text) = megabytes(arguments.next())?;
                }
                Some("--compatibility-flag") => flags = flags.with(flag(arguments.next())?),
                Some(option) if option.starts_with("--") => return Err(format!("nano run: unknown option {option}")),
                _ => return Ok(Self { expose_gc, stream_budget, flags, script: argument }),
            }
        }
    }
}

fn flag(word: Option<OsString>) -> Result<CompatibilityFlags, String> {
    let word = word.and_then(|word| word.into_string().ok()).unwrap_or_default();
    let found = CompatibilityFlags::ALL.into_iter().find(|(known, _)| *known == word);
    found.map(|(_, flag)| flag).ok_or_else(|| format!("nano run: there is no compatibility flag '{word}'"))
}

/// Megabytes of 2^20 bytes, and the text itself.
fn megabytes(text: Option<OsString>) -> Result<(u64, String), String> {
    let text = text.and_then(|text| text.into_string().ok()).unwrap_or_default();
    let bytes = text.parse::<f64>().ok().map(|megabytes| megabytes * f64::from(1 << 20)).filter(|bytes| *bytes >= 0.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturates")]
    let bytes = bytes.ok_or_else(|| format!("nano run: '{text}' is not a number of megabytes"))? as u64;
    Ok((bytes, text))
}

#[cfg(test)]
mod tests;
