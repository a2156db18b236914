//! What is agreed on of `permessage-deflate` (RFC 7692 §7.1).
//!
//! As a server nano answers that neither side takes anything over from one message to the next: a client then costs no
//! compressor (some 300 KB) and no decompressor (some 50 KB) while it is idle, which ten thousand of them could not have.
//! Any client must go along with that (§7.1.1). As a client nano offers the same.

/// What nano offers as a client.
pub(super) const OFFER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The name of the extension.
const NAME: &str = "permessage-deflate";

/// The largest window, which both sides have if nothing else is said.
const MAX_BITS: u8 = 15;

/// What is agreed on: the window, in bits, that this side compresses with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreement {
    pub(super) bits: u8,
}

/// The parameters of one offer or answer; `None` if one of them is not known, is there twice or has a wrong value.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parameters {
    server_no_context: bool,
    client_no_context: bool,
    server_bits: Option<u8>,
    /// `Some(None)`: without a value.
    client_bits: Option<Option<u8>>,
}

impl Parameters {
    fn parse(text: &str) -> Option<Self> {
        let mut all = Self::default();
        for parameter in text.split(';') {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name, Some(value.trim().trim_matches('"'))),
                None => (parameter, None),
            };
            let bits = |value: &str| match value.as_bytes() {
                [digit @ b'8'..=b'9'] => Some(digit - b'0'),
                [b'1', digit @ b'0'..=b'5'] => Some(10 + digit - b'0'),
                _ => None,
            };
            let is_first = match (name.trim().to_ascii_lowercase().as_str(), value) {
                ("server_no_context_takeover", None) => !std::mem::replace(&mut all.server_no_context, true),
                ("client_no_context_takeover", None) => !std::mem::replace(&mut all.client_no_context, true),
                ("server_max_window_bits", Some(value)) => all.server_bits.replace(bits(value)?).is_none(),
                ("client_max_window_bits", None) => all.client_bits.replace(None).is_none(),
                ("client_max_window_bits", Some(value)) => all.client_bits.replace(Some(bits(value)?)).is_none(),
                _ => false,
            };
            if !is_first {
                return None;
            }
        }
        Some(all)
    }
}

/// The parameters of each `permessage-deflate` in a header.
fn deflates(header: &str) -> impl Iterator<Item = Option<Parameters>> {
    header.split(',').filter_map(|extension| {
        let (name, parameters) = match extension.split_once(';') {
            Some((name, parameters)) => (name, Some(parameters)),
            None => (extension, None),
        };
        let is_deflate = name.trim().eq_ignore_ascii_case(NAME);
        is_deflate.then(|| parameters.map_or_else(|| Some(Parameters::default()), Parameters::parse))
    })
}

/// The answer of a server to what a client offers, and what is agreed on by that; `None`: nothing is.
pub(super) fn answer(offers: &str) -> Option<(String, Agreement)> {
    // A window of 2^8 bytes is more than zlib can do; the next offer may be without.
    let taken = deflates(offers).flatten().find(|offer| offer.server_bits != Some(8))?;
    let mut answer = format!("{NAME}; server_no_context_takeover; client_no_context_takeover");
    let bits = taken.server_bits.unwrap_or(MAX_BITS);
    if taken.server_bits.is_some() {
        answer.push_str(&format!("; server_max_window_bits={bits}"));
    }
    Some((answer, Agreement { bits }))
}

/// What a client is bound to by the answer of a server.
///
/// # Errors
/// The answer is none to [`OFFER`].
pub(super) fn agreed(answer: &str) -> Result<Option<Agreement>, ()> {
    if answer.trim().is_empty() {
        return Ok(None);
    }
    let mut all = deflates(answer);
    match (all.next(), all.next(), answer.contains(',')) {
        // A server that does not say so takes its context over; and it must not ask for what was not offered.
        (Some(Some(only)), None, false) if only.server_no_context && only.client_bits.is_none() => {
            Ok(Some(Agreement { bits: MAX_BITS }))
        }
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests;
