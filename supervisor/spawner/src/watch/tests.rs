//! What a watcher sees, run on a thread: a test has several, so it must not clone itself.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::{Fingerprint, WatchedPaths, WatcherMessage, process};

struct Watching {
    messages: BufReader<PipeReader>,
    thread: JoinHandle<()>,
    end: PipeWriter,
}

impl Watching {
    /// Returns when nothing is missed any more.
    fn start(places: WatchedPaths) -> Self {
        let (own, messages) = io::pipe().unwrap();
        let (order, end) = io::pipe().unwrap();
        let thread = std::thread::spawn(move || process::watch(places, messages, &order).unwrap());
        let mut watching = Self { messages: BufReader::new(own), thread, end };
        assert!(matches!(watching.word(), Some(WatcherMessage::Covered(coverage)) if coverage.polled == 0));
        watching
    }

    fn word(&mut self) -> Option<WatcherMessage> {
        let mut line = String::new();
        (self.messages.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// Whether it saw something by the time that it was told to go.
    fn saw(mut self) -> bool {
        drop(self.end);
        let messages: Vec<_> = std::iter::from_fn(|| {
            let mut line = String::new();
            (self.messages.read_line(&mut line).unwrap() > 0).then_some(line)
        })
        .collect();
        self.thread.join().unwrap();
        messages.iter().any(|line| matches!(serde_json::from_str(line).unwrap(), WatcherMessage::Changed))
    }
}

/// Two releases, and the ways to them.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for release in ["7", "8"] {
            fs::create_dir_all(place.path("releases").join(release).join("app/lib")).unwrap();
            for module in ["index.js", "lib/a.js"] {
                fs::write(place.path("releases").join(release).join("app").join(module), release).unwrap();
            }
        }
        symlink("releases/7", place.path("latest")).unwrap();
        symlink("latest", place.path("current")).unwrap();
        fs::write(place.path("nano.json"), "").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// In one step.
    fn link(&self, name: &str, target: &str) {
        let fresh = self.path("fresh link");
        symlink(target, &fresh).unwrap();
        fs::rename(fresh, self.path(name)).unwrap();
    }

    fn places(&self) -> WatchedPaths {
        let mut places = WatchedPaths::default();
        for path in
            ["nano.json", "current/app", "current/app/index.js", "current/app/lib/a.js", "current/app/not/there.js"]
        {
            places.add(&self.path(path), Some(Fingerprint::of(&self.path(path))));
        }
        places
    }

    fn sees(&self, change: impl FnOnce(&Self)) -> bool {
        let watching = Watching::start(self.places());
        change(self);
        watching.saw()
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

#[test]
fn only_what_matters_counts() {
    let place = Place::new();
    assert!(!place.sees(|_| ()));
    assert!(!place.sees(|place| write(&place.path("nano.json.swp"), "")));
    assert!(!place.sees(|place| write(&place.path("current/app/app.log"), "")));
    assert!(!place.sees(|place| write(&place.path("current/app/lib/b.js"), "")));
    assert!(!place.sees(|place| write(&place.path("releases/8/app/index.js"), "other")));
    assert!(!place.sees(|place| drop(fs::read(place.path("nano.json")).unwrap())));
    assert!(place.sees(|place| write(&place.path("nano.json"), "{}")));
    assert!(place.sees(|place| write(&place.path("current/app/lib/a.js"), "other")));
    assert!(place.sees(|place| fs::rename(place.path("nano.json.swp"), place.path("nano.json")).unwrap()));
    assert!(place.sees(|place| fs::remove_file(place.path("current/app/index.js")).unwrap()));
    // A module that was requested and was not there.
    assert!(!place.sees(|place| fs::create_dir(place.path("current/app/not")).unwrap()));
    assert!(place.sees(|place| write(&place.path("current/app/not/there.js"), "")));
}

#[test]
fn every_link_of_a_chain_and_every_directory_above_counts() {
    let place = Place::new();
    assert!(place.sees(|place| place.link("latest", "releases/8")));
    assert!(place.sees(|place| place.link("current", "releases/7")));
    assert!(place.sees(|place| place.link("current", "nowhere")));
    // From nowhere to nowhere: there is nothing new to serve.
    assert!(!place.sees(|place| place.link("current", "current")));
    assert!(place.sees(|place| place.link("current", "latest")));
    assert!(
        place.sees(|place| fs::rename(place.path("releases/8/app/lib"), place.path("releases/8/app/bil")).unwrap())
    );
    assert!(
        place.sees(|place| fs::rename(place.path("releases/8/app/bil"), place.path("releases/8/app/lib")).unwrap())
    );
    assert!(place.sees(|place| fs::rename(place.path("releases"), place.path("gone")).unwrap()));
    assert!(place.sees(|place| fs::rename(place.path("gone"), place.path("releases")).unwrap()));
    // Another way to the same files is no change.
    assert!(!place.sees(|place| place.link("current", "releases/8")));
}

#[test]
fn it_follows_where_a_link_leads_now() {
    let place = Place::new();
    let mut watching = Watching::start(place.places());
    for round in 0..3 {
        let (link, release) = if round % 2 == 0 { ("latest", "8") } else { ("latest", "7") };
        place.link(link, &format!("releases/{release}"));
        assert_eq!(watching.word(), Some(WatcherMessage::Changed), "the link");
        write(&place.path(&format!("releases/{release}/app/lib/a.js")), &format!("round {round}"));
        assert_eq!(watching.word(), Some(WatcherMessage::Changed), "what it leads to");
    }
    place.link("latest", "nowhere");
    assert_eq!(watching.word(), Some(WatcherMessage::Changed), "it dangles");
    fs::rename(place.path("releases/7"), place.path("nowhere")).unwrap();
    assert_eq!(watching.word(), Some(WatcherMessage::Changed), "it leads somewhere again");
    assert!(!watching.saw());
}

#[test]
fn what_changed_before_it_began_counts_unless_another_watched() {
    let place = Place::new();
    let places = place.places();
    write(&place.path("nano.json"), "{ }");
    assert!(Watching::start(places.clone()).saw());
    let mut left = places.clone();
    left.leave_to(&places);
    assert!(!Watching::start(left).saw());
}

#[test]
fn a_storm_is_seen_and_so_is_what_comes_after_it() {
    let place = Place::new();
    let mut watching = Watching::start(place.places());
    for round in 0..2000 {
        place.link("current", if round % 2 == 0 { "releases/8" } else { "latest" });
    }
    place.link("current", "releases/8");
    assert_eq!(watching.word(), Some(WatcherMessage::Changed));
    write(&place.path("releases/8/app/index.js"), "the last word");
    assert!(watching.saw());
}
