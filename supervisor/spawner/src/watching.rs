//! Keeps a watcher running: a new one takes over when there is more to watch, and no change is missed in between.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::generation::AppGeneration;
use crate::load::ConfigVersion;
use crate::requested_modules::RequestedModules;
use crate::source::ConfigSource;
use crate::watch::{Fingerprint, WatchedPaths, Watcher};
use crate::wire::Coverage;

/// Workers request modules one after the other: a new watcher waits so long for further ones.
const BATCH_DELAY: Duration = Duration::from_millis(100);

/// Delay before a watcher that ended is replaced.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// The watchers.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    on: bool,
    /// In this order: those that finish, the one that watches, and the one that is about to take over.
    pub(crate) watchers: Vec<Watcher>,
    /// When to check whether a new watcher is needed.
    due: Option<Instant>,
    /// The state of the configuration file when it was last read.
    file: Option<Fingerprint>,
    /// Where apps and certificates were looked for, if the configuration was not valid.
    looked: Vec<(Vec<u8>, Fingerprint)>,
    /// The modules that generations requested which never served, by app: repairing them is a change too.
    left: BTreeMap<String, RequestedModules>,
}

/// The messages of all watchers that were read at once.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) changed: bool,
    pub(crate) coverage: Option<Coverage>,
}

impl Watching {
    /// Switches watching on or off.
    pub(crate) fn set(&mut self, on: bool) {
        self.on = on;
        if on {
            self.due = Some(Instant::now());
        } else {
            self.watchers.clear();
            self.due = None;
        }
    }

    /// More modules were requested.
    pub(crate) fn more(&mut self) {
        if self.on {
            self.due = Some(self.due.unwrap_or_else(|| Instant::now() + BATCH_DELAY));
        }
    }

    /// A generation is closed without having served.
    pub(crate) fn leave(&mut self, app: String, requested: RequestedModules) {
        self.left.insert(app, requested);
    }

    /// The configuration that was loaded last serves now.
    pub(crate) fn forget_left(&mut self) {
        self.left.clear();
    }

    /// The configuration is about to be read: what changes after this counts as a change.
    pub(crate) fn about_to_read(&mut self, source: &ConfigSource) {
        if let ConfigSource::File(file) = source {
            self.file = Some(Fingerprint::of(file));
        }
    }

    /// It was read. If it is not valid, these are the paths where apps and certificates were looked for.
    pub(crate) fn was_read(&mut self, looked: Vec<(Vec<u8>, Fingerprint)>) {
        self.looked = looked;
    }

    /// When to call [`Watching::start_if_due`].
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Starts a watcher for everything that these depend on, if one is due. Later versions and generations know newer
    /// states.
    pub(crate) fn start_if_due<'v>(
        &mut self,
        source: &ConfigSource,
        versions: impl Iterator<Item = &'v ConfigVersion>,
        generations: &BTreeMap<u64, AppGeneration>,
    ) -> io::Result<()> {
        if self.due.is_none_or(|due| due > Instant::now()) {
            return Ok(());
        }
        self.due = None;
        let mut places = WatchedPaths::default();
        if let ConfigSource::File(file) = source {
            places.add(file, self.file);
        }
        for (path, seen) in &self.looked {
            places.add(Path::new(OsStr::from_bytes(path)), Some(*seen));
        }
        let versions: Vec<_> = versions.collect();
        for version in &versions {
            version.certificates.add_places(&mut places);
            version.add_places(&mut places);
        }
        for (app, policy) in versions.iter().flat_map(|version| &version.apps) {
            let own = generations.values().filter(|generation| generation.app == *app);
            let assets_seen = own.clone().filter_map(|generation| generation.assets_seen).next_back();
            policy.add_places(
                assets_seen,
                own.map(|generation| &generation.requested).chain(self.left.get(app)),
                &mut places,
            );
        }
        if self.watchers.last().is_some_and(|newest| newest.places.same_paths(&places)) {
            return Ok(());
        }
        // The present watcher continues until the next one misses nothing.
        self.watchers.retain(|watcher| watcher.is_set);
        if let Some(now) = self.watchers.last() {
            places.leave_to(&now.places);
        }
        self.watchers.push(Watcher::start(places)?);
        Ok(())
    }

    /// Reads the messages of these watchers, by their index in `watchers`.
    pub(crate) fn read_messages(&mut self, ready: &[usize]) -> News {
        let mut news = News::default();
        for at in ready.iter().rev() {
            let Some(watcher) = self.watchers.get_mut(*at) else { continue };
            let report = watcher.read_messages();
            news.changed |= report.changed;
            if watcher.is_set {
                self.watchers.iter_mut().take(*at).for_each(Watcher::retire);
            }
            let is_newest = *at + 1 == self.watchers.len();
            if is_newest && report.coverage.is_some() {
                news.coverage = report.coverage;
            }
            if report.gone {
                self.watchers.remove(*at);
                if is_newest {
                    self.due = Some(Instant::now() + RESTART_DELAY);
                    news.coverage = Some(Coverage {
                        why: Some("the process that watches has ended; another one is started".to_owned()),
                        ..Coverage::default()
                    });
                }
            }
        }
        news
    }
}
