//! Which precompressed sibling of a file a client takes: `Accept-Encoding` (RFC 9110 §12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// A coding of which files may lie beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// The best first.
    pub(super) const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// The end of the sibling's name.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }

    /// The word of HTTP.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// The first of `Coding::ALL` that is there and that the client likes no less than the file as it is.
pub(super) fn choose(asked: &HeaderMap, is_there: impl Fn(Coding) -> bool) -> Option<Coding> {
    let plain = weight(asked, "identity").unwrap_or(0);
    let mut best = None;
    for coding in Coding::ALL.into_iter().filter(|coding| is_there(*coding)) {
        let Some(weight) = weight(asked, coding.name()).filter(|weight| *weight > 0 && *weight >= plain) else {
            continue;
        };
        if best.is_none_or(|(_, most)| weight > most) {
            best = Some((coding, weight));
        }
    }
    best.map(|(coding, _)| coding)
}

/// In thousandths; `None`: it is not named, nor is everything.
fn weight(asked: &HeaderMap, coding: &str) -> Option<u16> {
    let mut any = None;
    for list in asked.get_all(ACCEPT_ENCODING) {
        for item in list.to_str().ok()?.split(',') {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            let weight = weight.map_or(1000, thousandths);
            let is_own = name.eq_ignore_ascii_case(coding) || coding == "gzip" && name.eq_ignore_ascii_case("x-gzip");
            if is_own {
                return Some(weight);
            }
            // What is not compressed need not be named.
            if name == "*" && coding != "identity" {
                any = Some(weight);
            }
        }
    }
    any
}

/// What is no weight is none at all.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" => 1000,
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
