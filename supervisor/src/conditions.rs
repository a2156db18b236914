//! Conditional requests and ranges (RFC 9110 §13 and §14).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderMap, HeaderValue, Method};

/// What is known of the version that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validators {
    /// Bytes.
    pub(crate) size: u64,
    /// When it was changed.
    pub(crate) modified: Option<SystemTime>,
    /// With its quotes, and with `W/` if it is weak.
    pub(crate) etag: Option<HeaderValue>,
}

/// How much of it is the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// Nothing: the client has it.
    NotModified,
    /// Nothing: the client wanted another version.
    Unmet,
    /// These bytes, the last one included.
    Range(u64, u64),
    /// Nothing: the range is behind the end.
    Unsatisfiable,
}

impl Validators {
    /// What a request with these headers gets, in the order of RFC 9110 §13.2.2.
    pub(crate) fn part(&self, method: &Method, asked: &HeaderMap) -> Part {
        if !self.is_wanted(asked) {
            return Part::Unmet;
        }
        if self.is_known(asked) {
            return Part::NotModified;
        }
        // A range is for GET; several, and what is no range of bytes, may be ignored (§14.2).
        let range = (*method == Method::GET).then(|| single(asked, RANGE)).flatten();
        let Some(range) = range.filter(|_| self.is_same(asked)) else { return Part::Whole };
        range.strip_prefix("bytes=").map_or(Part::Whole, |range| self.range(range))
    }

    /// Whether this is the version that `If-Match`, or else `If-Unmodified-Since`, asks for, if one of them is there.
    fn is_wanted(&self, asked: &HeaderMap) -> bool {
        let mut tags = asked.get_all(IF_MATCH).iter().peekable();
        if tags.peek().is_some() {
            let is_own = |tag: &[u8]| tag == b"*" || self.is_strong() && tag == self.tag();
            return tags.any(|tags| listed(tags.as_bytes()).any(is_own));
        }
        let since = single(asked, IF_UNMODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
        since.is_none_or(|since| self.modified.is_some_and(|modified| seconds(modified) <= seconds(since)))
    }

    fn is_strong(&self) -> bool {
        self.tag().starts_with(b"\"")
    }

    /// Empty, as no tag is, where there is none.
    fn tag(&self) -> &[u8] {
        self.etag.as_ref().map_or(b"", HeaderValue::as_bytes)
    }

    /// Whether the client has this version already.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let mut tags = asked.get_all(IF_NONE_MATCH).iter().peekable();
        if tags.peek().is_some() {
            return tags.any(|tags| self.is_among(tags.as_bytes()));
        }
        let since = single(asked, IF_MODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
        // The header has whole seconds.
        since.zip(self.modified).is_some_and(|(since, modified)| seconds(modified) <= seconds(since))
    }

    /// Whether this entity tag is in a list, or the list is `*`. Weak tags count: nothing is written.
    fn is_among(&self, list: &[u8]) -> bool {
        listed(list).any(|tag| tag == b"*" || self.etag.is_some() && opaque(tag) == opaque(self.tag()))
    }

    /// Whether a range counts: without `If-Range`, or if that names this version.
    fn is_same(&self, asked: &HeaderMap) -> bool {
        if !asked.contains_key(IF_RANGE) {
            return true;
        }
        // What can change without another tag can change without another date, too.
        let Some(named) = single(asked, IF_RANGE).filter(|_| self.is_strong()) else { return false };
        if named.as_bytes() == self.tag() {
            return true;
        }
        // A date is exact, or another version (§13.1.5).
        let date = httpdate::parse_http_date(named).ok();
        date.zip(self.modified).is_some_and(|(date, modified)| seconds(date) == seconds(modified))
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

/// The items of a list.
fn listed(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
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
