//! What apps keep by the Cache API: responses, in memory, for the workers of one app and all its generations, and for no
//! other app. Bytes are bounded for each app and for all ([`room`]), and count until the last reader is done.

mod freshness;
mod room;
mod store;
mod vary;

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use room::Held;
pub(crate) use room::MAX_BODY;
use store::Entry;
pub use store::{AppCache, Caches};

/// A response that is being stored.
#[derive(Debug)]
pub(crate) struct Storing {
    cache: AppCache,
    key: String,
    entry: Entry,
    body: Vec<u8>,
    held: Held,
}

/// Where a response is kept: the name of one of the app's caches, and a URL.
pub(crate) fn key(cache: &str, url: &str) -> String {
    // A URL has no line breaks.
    format!("{url}\n{cache}")
}

impl Storing {
    /// Begins to store a response to a GET with the headers `asked`. `None`: it is not one to store, or there is no room.
    pub(crate) fn begin(
        cache: &AppCache,
        key: String,
        asked: &HeaderMap,
        (status, mut headers): (u16, HeaderMap),
    ) -> Option<Self> {
        let now = SystemTime::now();
        let freshness = freshness::of(status, &mut headers, now)?;
        own(&mut headers);
        let vary = vary::Selecting::of(&headers, asked)?;
        let entry = Entry::new(status, headers, vary, freshness);
        let held = cache.hold(entry.cost(&key))?;
        Some(Self { cache: cache.clone(), key, entry, body: Vec::new(), held })
    }

    /// Takes a part of the body. False: it is too large, and nothing is stored.
    pub(crate) fn push(&mut self, data: &[u8]) -> bool {
        let length = self.body.len() + data.len();
        if length > MAX_BODY {
            return false;
        }
        if length > self.body.capacity() {
            // What is reserved is held, and copied once in a while.
            let capacity = length.max(self.body.capacity() * 2).min(MAX_BODY);
            if !self.cache.hold_more(&mut self.held, capacity - self.body.capacity()) {
                return false;
            }
            self.body.reserve_exact(capacity - self.body.len());
        }
        self.body.extend_from_slice(data);
        true
    }

    /// The body is whole: the response takes the place of the one that was kept for such requests.
    pub(crate) fn finish(mut self) {
        self.held.release(self.body.capacity() - self.body.len());
        self.body.shrink_to_fit();
        self.cache.put(self.key, self.entry.with(self.body, self.held));
    }
}

/// Makes the values copies. They are parts of what was read from the worker's link, with whatever else came then.
fn own(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        if let Ok(copy) = HeaderValue::from_bytes(value.as_bytes()) {
            *value = copy;
        }
    }
}

/// A response that was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) status: u16,
    /// As they were stored, and `age`.
    pub(crate) headers: HeaderMap,
    /// Bytes of it count for the app until they are dropped.
    pub(crate) body: Bytes,
}

/// The fresh response to a request for `key` with these headers.
pub(crate) fn find(cache: &AppCache, key: &str, asked: &HeaderMap) -> Option<Kept> {
    cache.find(key, asked, SystemTime::now())
}
