//! The responses of each app, and which of them go when there is no room.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::AGE;
use http::{HeaderMap, HeaderValue};

use super::Kept;
use super::freshness::Freshness;
use super::room::{Full, Held, MAX_ALL, MAX_APP, Room};
use super::vary::Selecting;

/// Responses to requests for one URL that differ by what `Vary` names.
const MAX_VARIANTS: usize = 16;

/// What an entry takes beside what it consists of: two tables' places, a header map, allocations of their own.
const ENTRY: usize = 2048;
/// What a header takes beside its name and its value: a place in a table that is half empty, and two allocations.
const HEADER: usize = 256;
/// Most entries that go to make room for one part of a response.
const MAX_EVICTED: usize = 4096;

/// The caches of all apps.
#[derive(Debug, Clone)]
pub struct Caches(Arc<All>);

#[derive(Debug)]
struct All {
    room: Arc<Room>,
    apps: Mutex<HashMap<Arc<str>, Weak<Own>>>,
}

/// The caches of one app, shared by its workers and generations.
#[derive(Debug, Clone)]
pub struct AppCache(Arc<Own>);

#[derive(Debug)]
struct Own {
    all: Arc<All>,
    room: Arc<Room>,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<Arc<str>, Vec<Entry>>,
    /// By when they were last used.
    by_age: BTreeMap<u64, Arc<str>>,
    next: u64,
}

/// One response.
#[derive(Debug)]
pub(super) struct Entry {
    status: u16,
    headers: HeaderMap,
    selecting: Selecting,
    freshness: Freshness,
    body: Bytes,
    age: u64,
}

/// What a body's bytes lie in: they count as long as anyone has a part of them.
struct Stored {
    body: Vec<u8>,
    _held: Held,
}

impl AsRef<[u8]> for Stored {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Default for Caches {
    fn default() -> Self {
        Self(Arc::new(All { room: Room::new(MAX_ALL), apps: Mutex::default() }))
    }
}

impl Caches {
    /// Those of the app with this name. They are gone when no generation of it is left.
    #[must_use]
    pub fn of_app(&self, name: &str) -> AppCache {
        let mut apps = lock(&self.0.apps);
        apps.retain(|_, own| own.strong_count() > 0);
        if let Some(own) = apps.get(name).and_then(Weak::upgrade) {
            return AppCache(own);
        }
        let own = Own { all: Arc::clone(&self.0), room: Room::new(MAX_APP), entries: Mutex::default() };
        let own = Arc::new(own);
        apps.insert(Arc::from(name), Arc::downgrade(&own));
        AppCache(own)
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.0.room.used()
    }
}

impl All {
    /// The app that has most; what its readers still have counts. Others do not make room for those who only read.
    fn largest(&self) -> Option<Arc<Own>> {
        lock(&self.apps).values().filter_map(Weak::upgrade).max_by_key(|own| own.room.used())
    }
}

impl AppCache {
    /// So many bytes, if there is room for them: responses that were not used for long go for that.
    pub(super) fn hold(&self, bytes: usize) -> Option<Held> {
        let mut held = Held::nothing(&self.0.room, &self.0.all.room);
        self.hold_more(&mut held, bytes).then_some(held)
    }

    pub(super) fn hold_more(&self, held: &mut Held, bytes: usize) -> bool {
        // Asked for once, since there may be thousands of apps: it stays the largest for as long as it is made smaller, or nearly.
        let mut largest = None;
        for _ in 0..MAX_EVICTED {
            let evicted = match held.take(bytes) {
                Ok(()) => return true,
                Err(Full::App) => lock(&self.0.entries).evict(),
                Err(Full::All) => {
                    let largest = largest.get_or_insert_with(|| self.0.all.largest());
                    largest.as_ref().is_some_and(|own| lock(&own.entries).evict())
                }
            };
            if !evicted {
                return false;
            }
        }
        false
    }

    pub(super) fn put(&self, key: String, entry: Entry) {
        lock(&self.0.entries).put(key, entry);
    }

    pub(super) fn find(&self, key: &str, asked: &HeaderMap, now: SystemTime) -> Option<Kept> {
        lock(&self.0.entries).find(key, asked, now)
    }

    /// Drops what is kept for a URL. False: nothing was.
    pub(crate) fn delete(&self, key: &str) -> bool {
        lock(&self.0.entries).delete(key, SystemTime::now())
    }
}

impl Entries {
    fn put(&mut self, key: String, mut entry: Entry) {
        let key: Arc<str> = key.into();
        let variants = self.by_key.entry(Arc::clone(&key)).or_default();
        let mut gone: Vec<Entry> = variants.extract_if(.., |old| old.selecting == entry.selecting).collect();
        if variants.len() >= MAX_VARIANTS {
            let oldest = variants.iter().enumerate().min_by_key(|(_, variant)| variant.age).map(|(at, _)| at);
            gone.extend(oldest.map(|at| variants.remove(at)));
        }
        self.next += 1;
        entry.age = self.next;
        variants.push(entry);
        self.by_age.insert(self.next, key);
        for entry in gone {
            self.forget(&entry);
        }
    }

    fn find(&mut self, key: &str, asked: &HeaderMap, now: SystemTime) -> Option<Kept> {
        self.drop_stale(key, now);
        let (key, _) = self.by_key.get_key_value(key)?;
        let key = Arc::clone(key);
        let variants = self.by_key.get_mut(&key)?;
        // The latest one is meant where several are for this request.
        let entry = variants.iter_mut().rev().find(|entry| entry.selecting.select(asked))?;
        self.by_age.remove(&entry.age);
        self.next += 1;
        entry.age = self.next;
        let kept = entry.kept(now);
        self.by_age.insert(self.next, key);
        Some(kept)
    }

    fn delete(&mut self, key: &str, now: SystemTime) -> bool {
        self.drop_stale(key, now);
        let variants = self.by_key.remove(key).unwrap_or_default();
        variants.iter().for_each(|entry| self.forget(entry));
        !variants.is_empty()
    }

    fn drop_stale(&mut self, key: &str, now: SystemTime) {
        let Some(variants) = self.by_key.get_mut(key) else { return };
        let stale: Vec<Entry> = variants.extract_if(.., |entry| entry.freshness.until <= now).collect();
        if variants.is_empty() {
            self.by_key.remove(key);
        }
        stale.iter().for_each(|entry| self.forget(entry));
    }

    /// Drops the one that was not used for longest.
    fn evict(&mut self) -> bool {
        let Some((age, key)) = self.by_age.pop_first() else { return false };
        if let Some(variants) = self.by_key.get_mut(&key) {
            let gone: Vec<Entry> = variants.extract_if(.., |entry| entry.age == age).collect();
            if variants.is_empty() {
                self.by_key.remove(&key);
            }
            gone.iter().for_each(|entry| self.forget(entry));
        }
        true
    }

    /// An entry is not among them any more.
    fn forget(&mut self, entry: &Entry) {
        self.by_age.remove(&entry.age);
    }
}

impl Entry {
    pub(super) fn new(status: u16, headers: HeaderMap, selecting: Selecting, freshness: Freshness) -> Self {
        Self { status, headers, selecting, freshness, body: Bytes::new(), age: 0 }
    }

    /// Bytes that it takes without its body.
    pub(super) fn cost(&self, key: &str) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER);
        ENTRY + key.len() + headers.sum::<usize>() + self.selecting.cost()
    }

    /// The same with its body. `held`: what all of it takes.
    pub(super) fn with(self, body: Vec<u8>, held: Held) -> Self {
        Self { body: Bytes::from_owner(Stored { body, _held: held }), ..self }
    }

    fn kept(&self, now: SystemTime) -> Kept {
        let mut headers = self.headers.clone();
        let age = now.duration_since(self.freshness.born).unwrap_or_default();
        headers.insert(AGE, HeaderValue::from(age.as_secs()));
        Kept { status: self.status, headers, body: self.body.clone() }
    }
}

/// No lock is held where anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
