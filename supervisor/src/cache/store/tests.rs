//! Tests of `store.rs` and `room.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use http::HeaderName;

use super::super::room::{LITTLE, RESERVE};
use super::*;
use crate::cache::{MAX_BODY, Storing, find, key};

const URL: &str = "http://a.example/";

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    let pairs =
        list.iter().map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap()));
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(name, value);
    }
    map
}

fn store(cache: &AppCache, url: &str, asked: &[(&str, &str)], response: &[(&str, &str)], body: &[u8]) -> bool {
    let begun = Storing::begin(cache, key("", url), &headers(asked), (200, headers(response)));
    let Some(mut storing) = begun else { return false };
    let fits = body.chunks(60_000).all(|chunk| storing.push(chunk));
    if fits {
        storing.finish();
    }
    fits
}

fn text(cache: &AppCache, url: &str, asked: &[(&str, &str)]) -> Option<String> {
    let kept = find(cache, &key("", url), &headers(asked))?;
    Some(String::from_utf8(kept.body.to_vec()).unwrap())
}

#[test]
fn an_app_finds_its_own_and_nobody_elses() {
    let caches = Caches::default();
    let (one, other) = (caches.of_app("one"), caches.of_app("other"));
    assert!(store(&one, URL, &[], &[], b"one"));
    assert_eq!(text(&one, URL, &[]).as_deref(), Some("one"));
    assert_eq!(text(&caches.of_app("one"), URL, &[]).as_deref(), Some("one"), "another generation of it");
    assert_eq!(text(&other, URL, &[]), None);
    assert_eq!(find(&one, &key("x", URL), &HeaderMap::new()).map(|kept| kept.status), None, "another cache of it");
    assert!(!other.delete(&key("", URL)) && one.delete(&key("", URL)) && !one.delete(&key("", URL)));
    assert_eq!(caches.used(), 0);
    assert!(store(&one, URL, &[], &[], b"one"));
    drop(one);
    assert_eq!((text(&caches.of_app("one"), URL, &[]), caches.used()), (None, 0), "its last generation is gone");
}

#[test]
fn vary_selects() {
    let caches = Caches::default();
    let cache = caches.of_app("a");
    let vary = [("vary", "Accept-Language, X-A")];
    assert!(store(&cache, URL, &[("accept-language", "de")], &vary, b"de"));
    assert!(store(&cache, URL, &[("accept-language", "en")], &vary, b"en"));
    assert_eq!(text(&cache, URL, &[("accept-language", "de")]).as_deref(), Some("de"));
    assert_eq!(text(&cache, URL, &[("accept-language", "en"), ("x-b", "1")]).as_deref(), Some("en"));
    assert_eq!(text(&cache, URL, &[("accept-language", "en"), ("x-a", "")]), None);
    assert_eq!(text(&cache, URL, &[]), None);
    assert!(store(&cache, URL, &[("accept-language", "de")], &[("vary", "x-a"), ("vary", "accept-language")], b"new"));
    assert_eq!(text(&cache, URL, &[("accept-language", "de")]).as_deref(), Some("new"));
    for vary in ["*", "accept, *", "a b"] {
        assert!(!store(&cache, URL, &[], &[("vary", vary)], b"x"), "{vary}");
    }
    // Of more variants than are kept the one goes that was not used for longest.
    for at in 0..MAX_VARIANTS {
        assert!(store(&cache, URL, &[("accept-language", &at.to_string())], &vary, b"x"));
        assert_eq!(text(&cache, URL, &[("accept-language", "de")]).as_deref(), Some("new"));
    }
    assert_eq!(text(&cache, URL, &[("accept-language", "en")]), None);
    assert!(cache.delete(&key("", URL)));
    assert_eq!(caches.used(), 0);
}

#[test]
fn what_is_stale_is_gone() {
    let caches = Caches::default();
    let cache = caches.of_app("a");
    assert!(store(&cache, URL, &[], &[("cache-control", "max-age=60"), ("age", "10")], b"x"));
    let now = SystemTime::now();
    let at = |seconds| cache.find(&key("", URL), &HeaderMap::new(), now + Duration::from_secs(seconds));
    assert_eq!(at(20).unwrap().headers[AGE], "30");
    assert!(at(51).is_none());
    assert_eq!(caches.used(), 0);
}

#[test]
fn what_is_kept_keeps_nothing_else_of_what_was_read() {
    let (cache, buffer) = (Caches::default().of_app("a"), Arc::new([b'v'; 65_536]));
    struct Read(Arc<[u8; 65_536]>);
    impl AsRef<[u8]> for Read {
        fn as_ref(&self) -> &[u8] {
            &*self.0
        }
    }
    let mut response = headers(&[("cache-control", "max-age=60")]);
    let value = Bytes::from_owner(Read(Arc::clone(&buffer))).slice(..10);
    response.insert("x", HeaderValue::from_maybe_shared(value).unwrap());
    Storing::begin(&cache, key("", URL), &HeaderMap::new(), (200, response)).unwrap().finish();
    assert_eq!(find(&cache, &key("", URL), &HeaderMap::new()).unwrap().headers["x"], "vvvvvvvvvv");
    assert_eq!(Arc::strong_count(&buffer), 1);
}

#[test]
fn an_app_has_its_share_and_its_oldest_go() {
    let caches = Caches::default();
    let cache = caches.of_app("a");
    let large = vec![b'x'; MAX_BODY];
    for at in 0..8 {
        assert!(store(&cache, &format!("{URL}{at}"), &[], &[], &large));
        assert!(text(&cache, &format!("{URL}0"), &[]).is_some(), "it is used");
        assert!(caches.used() <= MAX_APP);
    }
    let kept: Vec<_> = (0..8).filter(|at| text(&cache, &format!("{URL}{at}"), &[]).is_some()).collect();
    assert_eq!(kept, [0, 6, 7]);
    assert!(!store(&cache, URL, &[], &[], &vec![b'x'; MAX_BODY + 1]));
    // Headers count as well, and the least of an entry.
    let cache = caches.of_app("b");
    for at in 0..MAX_APP / ENTRY {
        assert!(store(&cache, &format!("{URL}{at}"), &[], &[], b""));
    }
    assert!(lock(&cache.0.entries).by_age.len() < MAX_APP / ENTRY && cache.0.room.used() <= MAX_APP);
}

#[test]
fn what_is_read_counts_until_the_last_reader_is_done() {
    let caches = Caches::default();
    let cache = caches.of_app("a");
    let mut readers = Vec::new();
    for at in 0..4 {
        let url = format!("{URL}{at}");
        if store(&cache, &url, &[], &[], &vec![b'x'; MAX_BODY]) {
            readers.push(find(&cache, &key("", &url), &HeaderMap::new()).unwrap().body.slice(5..6));
        }
        cache.delete(&key("", &url));
    }
    assert_eq!(readers.len(), 3);
    assert!(caches.used() > 3 * MAX_BODY);
    assert!(!store(&cache, URL, &[], &[], &vec![b'x'; MAX_BODY]));
    // What is begun and not ended counts as well, and no more than that.
    drop(readers.split_off(1));
    let mut begun = Storing::begin(&cache, key("", URL), &HeaderMap::new(), (200, HeaderMap::new())).unwrap();
    assert!(begun.push(&vec![b'x'; MAX_BODY]) && caches.used() > 2 * MAX_BODY);
    drop((begun, readers));
    assert_eq!(caches.used(), 0);
}

#[test]
fn whoever_keeps_most_makes_room_for_others() {
    let caches = Caches::default();
    let greedy: Vec<_> = (0..5).map(|at| caches.of_app(&at.to_string())).collect();
    let large = vec![b'x'; MAX_BODY];
    for (at, app) in greedy.iter().enumerate() {
        for url in 0..3 + at {
            store(app, &format!("{URL}{url}"), &[], &[], &large);
        }
    }
    assert!(caches.used() <= MAX_ALL);
    let small = caches.of_app("small");
    assert!(store(&small, URL, &[], &[], &large[..1000]));
    for _ in 0..20 {
        assert!(store(&greedy[4], &format!("{URL}more"), &[], &[], &large));
        assert!(store(&greedy[4], &format!("{URL}yet"), &[], &[], &large));
    }
    assert!(text(&small, URL, &[]).is_some());
    assert!(caches.used() <= MAX_ALL);
    drop((greedy, small));
    assert_eq!(caches.used(), 0);
}

#[test]
fn readers_of_some_apps_do_not_empty_the_caches_of_others() {
    let caches = Caches::default();
    let honest = caches.of_app("honest");
    assert!(store(&honest, &format!("{URL}a"), &[], &[], b"a"));
    let mut readers = Vec::new();
    let greedy: Vec<_> = (0..4).map(|at| caches.of_app(&at.to_string())).collect();
    for app in &greedy {
        let urls: Vec<_> = (0..63).map(|at| format!("{URL}{at}")).collect();
        let kept = urls.iter().filter(|url| store(app, url, &[], &[], &vec![b'x'; 512 << 10]));
        readers.extend(kept.filter_map(|url| find(app, &key("", url), &HeaderMap::new())));
        for url in &urls {
            app.delete(&key("", url));
        }
    }
    assert!(caches.used() > MAX_ALL - RESERVE - (6 << 20));
    assert!(!store(&honest, &format!("{URL}b"), &[], &[], &vec![b'x'; 7 << 20]), "there is no room");
    // For a little there is, whatever others read.
    let others: Vec<_> = (0..20).map(|at| caches.of_app(&format!("honest {at}"))).collect();
    for app in others.iter().chain([&honest]) {
        assert!(store(app, &format!("{URL}little"), &[], &[], &vec![b'x'; LITTLE / 2]));
        assert!(text(app, &format!("{URL}little"), &[]).is_some());
    }
    assert!(caches.used() <= MAX_ALL);
    drop(others);
    assert_eq!(text(&honest, &format!("{URL}a"), &[]).as_deref(), Some("a"));
    drop(readers);
    assert!(store(&honest, &format!("{URL}b"), &[], &[], &vec![b'x'; 7 << 20]));
}
