//! Tests of `files.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::{FileTimes, Metadata};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::*;

/// A file that was changed some time before `now`.
fn written(text: &str) -> (File, Metadata) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let found = file.metadata().unwrap();
    (file, found)
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(60)
}

fn etag(version: &Version) -> &str {
    version.etag.to_str().unwrap()
}

#[test]
fn the_same_size_and_time_are_not_the_same_version() {
    let (mut file, before) = written("aaaa");
    let first = Version::of_state(&before, later()).unwrap();
    // The time of change of the content can be set, that of the state cannot.
    file.seek(SeekFrom::Start(0)).unwrap();
    until_another_tick(&file, before.ctime_nsec());
    file.write_all(b"bbbb").unwrap();
    file.set_times(FileTimes::new().set_modified(before.modified().unwrap())).unwrap();
    let after = file.metadata().unwrap();
    assert_eq!((after.len(), after.modified().unwrap()), (before.len(), before.modified().unwrap()));
    let second = Version::of_state(&after, later()).unwrap();
    assert_ne!(first.etag, second.etag);
    // Another file of the same size and time.
    let (other, _) = written("cccc");
    other.set_times(FileTimes::new().set_modified(before.modified().unwrap())).unwrap();
    assert_ne!(Version::of_state(&other.metadata().unwrap(), later()).unwrap().etag, first.etag);
}

/// Waits until a change has another time.
fn until_another_tick(file: &File, before: i64) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        file.set_times(FileTimes::new().set_accessed(SystemTime::now())).unwrap();
        if file.metadata().unwrap().ctime_nsec() != before {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "the clock of the file system stands still");
    }
}

#[test]
fn a_version_that_may_change_without_a_trace_has_a_weak_tag() {
    let (_, found) = written("aaaa");
    assert!(etag(&Version::of_state(&found, found.modified().unwrap()).unwrap()).starts_with("W/\""));
    assert!(etag(&Version::of_state(&found, later()).unwrap()).starts_with('"'));
}

#[test]
fn small_files_have_tags_of_their_content() {
    let tagged = |text: &str, known: Option<Tagged>, budget: &KeepBudget| {
        let (file, _) = written(text);
        let (read, tagged) = read(file, known, budget, later()).unwrap();
        match read {
            Read::Whole(kept) => (true, kept.version.etag.clone(), tagged),
            Read::Open(version, _) => (false, version.etag, tagged),
        }
    };
    let (empty, full) = (KeepBudget::default(), KeepBudget::default());
    let _rooms: Vec<_> = std::iter::from_fn(|| full.reserve(0)).collect();
    let (kept, one, _) = tagged("text", None, &empty);
    let (open, same, found) = tagged("text", None, &full);
    assert!(kept && !open && one == same && found.is_some(), "{one:?} {same:?}");
    assert_ne!(tagged("next", None, &empty).1, one);
    // What was found is not computed again, and holds for that state alone.
    let (file, _) = written("text");
    // As long as it is open no other file is the same one.
    let _open = file.try_clone().unwrap();
    let (_, found) = read(file.try_clone().unwrap(), None, &full, later()).unwrap();
    let lie = found.map(|(state, _)| (state, Tag::of([b"lie"])));
    let (Read::Open(version, _), None) = read(file, lie, &full, later()).unwrap() else { panic!("it is kept") };
    assert_eq!(version.etag, Version::of_content(&written("text").1, Tag::of([b"lie"])).unwrap().etag);
    assert_eq!(tagged("text", lie, &full).1, one);
}

#[test]
fn a_line_a_second_says_how_often_files_could_not_be_read() {
    let complaints = Complaints::default();
    let start = Instant::now();
    assert_eq!(complaints.count(start), Some(1));
    for _ in 0..1000 {
        assert_eq!(complaints.count(start + Duration::from_millis(999)), None);
    }
    assert_eq!(complaints.count(start + Duration::from_secs(1)), Some(1001));
    // A clock that stands still, or seems to go back.
    assert_eq!(complaints.count(start), None);
}

#[test]
fn another_coding_is_another_version() {
    let (file, found) = written("text");
    drop(file);
    for tag in ["\"", "W/\""] {
        let version = if tag == "\"" {
            Version::of_content(&found, Tag::of([b"text"])).unwrap()
        } else {
            Version::of_state(&found, found.modified().unwrap()).unwrap()
        };
        let (plain, coded) = (etag(&version).to_owned(), version.clone().coded("br"));
        assert!(plain.starts_with(tag));
        assert_eq!(etag(&coded), format!("{}-br\"", plain.trim_end_matches('"')));
    }
}
