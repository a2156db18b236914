//! For how long a response is kept (RFC 9111 §3 and §4.2). What says nothing about it is kept for as long as Cloudflare's caches
//! keep it, by its status.

use std::time::{Duration, SystemTime};

use http::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Longer than any response is kept.
const MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Most bytes of all `Cache-Control` of one response. More is not read, at the expense of all apps, and not kept.
const MAX_DIRECTIVES: usize = 8 << 10;

/// How old a response was, and when it becomes stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Freshness {
    /// When its age was zero.
    pub(super) born: SystemTime,
    pub(super) until: SystemTime,
}

/// `None`: it is not to be kept. Takes out of the headers what `Cache-Control` keeps for the client alone.
pub(super) fn of(status: u16, headers: &mut HeaderMap, now: SystemTime) -> Option<Freshness> {
    if headers.get_all(CACHE_CONTROL).iter().map(HeaderValue::len).sum::<usize>() > MAX_DIRECTIVES {
        return None;
    }
    let mut shared = None;
    let mut own = None;
    let mut hidden = Vec::new();
    for list in headers.get_all(CACHE_CONTROL) {
        // What is no text is no directive.
        for (name, value) in directives(list.to_str().unwrap_or("no-store")) {
            match (name.as_str(), value) {
                ("no-store", _) | ("private" | "no-cache", None) => return None,
                ("private" | "no-cache", Some(names)) => hidden.extend(fields(&names)),
                ("s-maxage", value) => shared = shared.or(Some(seconds(value))),
                ("max-age", value) => own = own.or(Some(seconds(value))),
                _ => {}
            }
        }
    }
    for name in hidden {
        headers.remove(name);
    }
    // Who gets a cookie is not known.
    if headers.contains_key(SET_COOKIE) {
        return None;
    }
    let lifetime = match shared.or(own) {
        Some(lifetime) => lifetime,
        None => expiry(headers, now).unwrap_or_else(|| usual(status)),
    };
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    let age = age.unwrap_or_default().min(MAX);
    let left = lifetime.min(MAX).checked_sub(age).filter(|left| !left.is_zero())?;
    Some(Freshness { born: now.checked_sub(age)?, until: now.checked_add(left)? })
}

/// By `Expires`, which counts from `Date`. A date that cannot be read is in the past.
fn expiry(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let date =
        |name: HeaderName| headers.get(name).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    headers.get(EXPIRES)?;
    let expires = date(EXPIRES).unwrap_or(SystemTime::UNIX_EPOCH);
    Some(expires.duration_since(date(DATE).unwrap_or(now)).unwrap_or_default())
}

/// Where nothing says it.
fn usual(status: u16) -> Duration {
    let minutes = match status {
        200 | 301 => 120,
        302 | 303 => 20,
        404 | 410 => 3,
        403 => 1,
        _ => 0,
    };
    Duration::from_secs(minutes * 60)
}

/// A value that is no number is stale at once; one that is too large is as large as there is.
fn seconds(value: Option<String>) -> Duration {
    let value = value.unwrap_or_default();
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    Duration::from_secs(if is_number { value.parse().unwrap_or(u64::MAX) } else { 0 })
}

/// The names in the value of a qualified directive.
fn fields(names: &str) -> Vec<HeaderName> {
    names.split(',').filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok()).collect()
}

/// `Cache-Control`, RFC 9111 §5.2: names in lower case, values without quotes.
fn directives(list: &str) -> Vec<(String, Option<String>)> {
    let mut directives = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let end = rest.find([',', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            None => (None, after),
            Some(after) => {
                let (value, after) = value(after);
                (Some(value), after)
            }
        };
        let name = name.trim().to_ascii_lowercase();
        if !name.is_empty() {
            directives.push((name, value));
        }
        rest = after.find(',').and_then(|comma| after.get(comma + 1..)).unwrap_or_default();
    }
    directives
}

/// A token or a quoted text, and what comes behind it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(chars.next().map(|(_, char)| char)),
            char => value.push(char),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests;
