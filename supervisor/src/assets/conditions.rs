//! Conditional requests and ranges (RFC 9110 §13 and §14).

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{Context, SHA256};
use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderMap, HeaderValue, Method};
use nano_spawner::Fingerprint;

/// What tells one version of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// Bytes.
    pub(super) size: u64,
    /// When it was changed.
    pub(super) modified: SystemTime,
    /// With its quotes, and with `W/` if it is weak.
    pub(super) etag: HeaderValue,
}

/// How much of a file is the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
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

impl Version {
    /// The version with this content: the same on every machine, and after files were written anew as they were.
    pub(super) fn of_content(found: &Metadata, tag: Tag) -> io::Result<Self> {
        Ok(Self { size: found.len(), modified: found.modified()?, etag: tag.quoted(true) })
    }

    /// The version of a file in this state, whose content is not read for that. The tag is weak where the file could be
    /// changed without another state: RFC 9110 §8.8.1.
    pub(super) fn of_state(found: &Metadata, now: SystemTime) -> io::Result<Self> {
        let state = Fingerprint::from(found);
        let numbers = [found.dev(), found.ino(), found.size()].map(u64::to_le_bytes);
        let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()].map(i64::to_le_bytes);
        let tag = Tag::of([numbers.as_flattened(), times.as_flattened()]);
        Ok(Self { size: found.len(), modified: found.modified()?, etag: tag.quoted(state.is_settled(now)) })
    }

    /// The version of the same content in a coding, as bytes of its own.
    pub(super) fn coded(mut self, coding: &str) -> Self {
        let plain = self.etag.to_str().unwrap_or_default().trim_end_matches('"');
        if let Ok(etag) = HeaderValue::try_from(format!("{plain}-{coding}\"")) {
            self.etag = etag;
        }
        self
    }

    /// What a request with these headers gets, in the order of RFC 9110 §13.2.2.
    pub(super) fn part(&self, method: &Method, asked: &HeaderMap) -> Part {
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
            let is_own = |tag: &[u8]| tag == b"*" || self.is_strong() && tag == self.etag.as_bytes();
            return tags.any(|tags| listed(tags.as_bytes()).any(is_own));
        }
        let since = single(asked, IF_UNMODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
        since.is_none_or(|since| seconds(self.modified) <= seconds(since))
    }

    fn is_strong(&self) -> bool {
        self.etag.as_bytes().starts_with(b"\"")
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
        listed(list).any(|tag| tag == b"*" || opaque(tag) == opaque(self.etag.as_bytes()))
    }

    /// Whether a range counts: without `If-Range`, or if that names this version.
    fn is_same(&self, asked: &HeaderMap) -> bool {
        if !asked.contains_key(IF_RANGE) {
            return true;
        }
        // What can change without another tag can change without another date, too.
        let Some(named) = single(asked, IF_RANGE).filter(|_| self.is_strong()) else { return false };
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

/// A digest that is a tag's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag([u8; 16]);

impl Tag {
    /// The tag of these bytes.
    pub(super) fn of<const N: usize>(parts: [&[u8]; N]) -> Self {
        let mut digest = Context::new(&SHA256);
        parts.into_iter().for_each(|part| digest.update(part));
        // Half of it is enough to tell versions apart.
        Self(digest.finish().as_ref().first_chunk().copied().unwrap_or_default())
    }

    fn quoted(self, strong: bool) -> HeaderValue {
        let weak = if strong { "" } else { "W/" };
        let etag = format!("{weak}\"{:032x}\"", u128::from_be_bytes(self.0));
        HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("W/\"\""))
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
