//! Conditional requests and ranges (RFC 9110 §13 and §14).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue};

/// What tells one version of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// Bytes.
    pub(super) size: u64,
    /// When it was changed.
    pub(super) modified: SystemTime,
    /// A strong entity tag, with its quotes.
    pub(super) etag: HeaderValue,
}

/// How much of a file is the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// Nothing: the client has it.
    NotModified,
    /// These bytes, the last one included.
    Range(u64, u64),
    /// Nothing: the range is behind the end.
    Unsatisfiable,
}

impl Version {
    pub(super) fn new(size: u64, modified: SystemTime) -> Self {
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let etag = format!("\"{:x}-{size:x}\"", since.as_nanos());
        Self { size, modified, etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")) }
    }

    /// The version of the same content in a coding, as bytes of its own.
    pub(super) fn coded(mut self, coding: &str) -> Self {
        let plain = self.etag.to_str().unwrap_or_default().trim_end_matches('"');
        if let Ok(etag) = HeaderValue::try_from(format!("{plain}-{coding}\"")) {
            self.etag = etag;
        }
        self
    }

    /// What a GET or HEAD with these headers gets.
    pub(super) fn part(&self, asked: &HeaderMap) -> Part {
        if self.is_known(asked) {
            return Part::NotModified;
        }
        // Several ranges, and what is no range of bytes, may be ignored (§14.2).
        let Some(range) = single(asked, RANGE).filter(|_| self.is_same(asked)) else { return Part::Whole };
        range.strip_prefix("bytes=").map_or(Part::Whole, |range| self.range(range))
    }

    /// Whether the client has this version already.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let mut tags = asked.get_all(IF_NONE_MATCH).iter().peekable();
        if tags.peek().is_some() {
            return tags.any(|tags| self.is_among(tags.as_bytes()));
        }
        let since = single(asked, IF_MODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
        // The header has whole seconds.
        since.is_some_and(|since| seconds(self.modified) <= seconds(since))
    }

    /// Whether this entity tag is in a list, or the list is `*`. Weak tags count: nothing is written.
    fn is_among(&self, list: &[u8]) -> bool {
        list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|tag| {
            let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
            tag == b"*" || tag == self.etag.as_bytes()
        })
    }

    /// Whether a range counts: without `If-Range`, or if that names this version.
    fn is_same(&self, asked: &HeaderMap) -> bool {
        if !asked.contains_key(IF_RANGE) {
            return true;
        }
        let Some(named) = single(asked, IF_RANGE) else { return false };
        if named.as_bytes() == self.etag.as_bytes() {
            return true;
        }
        // A date is exact, or another version (§13.1.5).
        httpdate::parse_http_date(named).is_ok_and(|date| seconds(date) == seconds(self.modified))
    }

    fn range(&self, range: &str) -> Part {
        let Some((first, last)) = range.trim_matches([' ', '\t']).split_once('-') else { return Part::Whole };
        let number = |text: &str| -> Option<u64> {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // More than there can be is as much as there is.
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        let end = self.size.saturating_sub(1);
        match (first, number(first), last, number(last)) {
            ("", None, _, Some(0)) => Part::Unsatisfiable,
            ("", None, _, Some(_)) if self.size == 0 => Part::Unsatisfiable,
            ("", None, _, Some(count)) => Part::Range(self.size.saturating_sub(count), end),
            (_, Some(first), "", None) if first < self.size => Part::Range(first, end),
            (_, Some(first), "", None) if first >= self.size => Part::Unsatisfiable,
            (_, Some(first), _, Some(last)) if last < first => Part::Whole,
            (_, Some(first), _, Some(_)) if first >= self.size => Part::Unsatisfiable,
            (_, Some(first), _, Some(last)) => Part::Range(first, last.min(end)),
            _ => Part::Whole,
        }
    }
}

/// A header that is there once.
fn single(asked: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    let mut values = asked.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

#[cfg(test)]
mod tests;
