//! The `Date` of responses (RFC 9110 §6.6.1), made once for each second. hyper's own waits for the next second after the last
//! one that it saw: when the clock is set back by a year, it stays where it was for a year.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::{DATE, HeaderMap, HeaderValue};

/// The last `Date`, and its second.
#[derive(Debug, Default)]
struct Cached {
    second: Option<u64>,
    text: Option<HeaderValue>,
}

impl Cached {
    /// `None` for a time that HTTP has no text for.
    fn at(&mut self, now: SystemTime) -> Option<HeaderValue> {
        let second = now.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
        if self.second != second {
            self.second = second;
            // `httpdate` knows the years up to 9999.
            let known = second.filter(|second| *second < 253_402_300_800);
            self.text = known.and_then(|second| {
                let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
                HeaderValue::try_from(text).ok()
            });
        }
        self.text.clone()
    }
}

thread_local! {
    static CACHED: RefCell<Cached> = RefCell::default();
}

/// Gives a response its `Date`, unless it has one already. (hyper leaves that alone.)
pub(crate) fn stamp(headers: &mut HeaderMap) {
    if headers.contains_key(DATE) {
        return;
    }
    if let Some(date) = CACHED.with_borrow_mut(|cached| cached.at(SystemTime::now())) {
        headers.insert(DATE, date);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_date_follows_the_clock_in_both_directions() {
        let mut cached = Cached::default();
        let mut at = |seconds: u64, millis: u64| {
            let time = UNIX_EPOCH + Duration::from_millis(seconds * 1000 + millis);
            cached.at(time).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(at(1_800_000_000, 0), "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(at(1_800_000_000, 999), "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(at(1_800_000_001, 0), "Fri, 15 Jan 2027 08:00:01 GMT");
        // Set back by a year, within the same second of another one.
        assert_eq!(at(1_800_000_001 - 365 * 86400, 0), "Thu, 15 Jan 2026 08:00:01 GMT");
        assert_eq!(at(1_800_000_000 - 365 * 86400, 500), "Thu, 15 Jan 2026 08:00:00 GMT");
    }

    #[test]
    fn a_time_that_has_no_text_gives_none() {
        let mut cached = Cached::default();
        assert_eq!(cached.at(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(cached.at(UNIX_EPOCH + Duration::from_secs(253_402_300_800)), None);
        assert!(cached.at(UNIX_EPOCH).is_some());
    }

    #[test]
    fn an_app_s_own_date_is_kept() {
        let mut headers = HeaderMap::new();
        stamp(&mut headers);
        assert_eq!(headers.len(), 1);
        headers.insert(DATE, HeaderValue::from_static("mine"));
        stamp(&mut headers);
        assert_eq!(headers[DATE], "mine");
    }
}
