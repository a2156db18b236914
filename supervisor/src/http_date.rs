//! The `Date` of responses (RFC 9110 §6.6.1), made once for each second. hyper's own waits for the second after the
//! last one that it saw: when the clock is set back by a year, it keeps the old date for a year.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::{DATE, HeaderMap, HeaderValue};

/// The last `Date` and its second.
#[derive(Debug, Default)]
struct Cached {
    second: Option<u64>,
    text: Option<HeaderValue>,
}

impl Cached {
    /// `None` for a time that HTTP cannot express.
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
mod tests;
