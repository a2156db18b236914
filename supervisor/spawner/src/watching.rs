//! Which watcher watches: a new one takes over when there is more to watch, and nothing is missed in between.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::asked::Asked;
use crate::generation::Generation;
use crate::load::Version;
use crate::source::Source;
use crate::watch::{Places, Print, Watcher};
use crate::wire::Coverage;

/// Modules are asked for one after the other: a new watcher waits for the next ones.
const MORE: Duration = Duration::from_millis(100);

/// A watcher that ended is replaced after so long.
const MEND: Duration = Duration::from_secs(1);

/// The watchers.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    on: bool,
    /// The one that watches, those that finish, and last the one that is about to take over.
    pub(crate) watchers: Vec<Watcher>,
    /// When to see whether another one is needed.
    due: Option<Instant>,
    /// Of the configuration's file when it was read last.
    file: Option<Print>,
    /// Where apps were looked for, if it was not valid.
    looked: Vec<(Vec<u8>, Print)>,
    /// What generations asked for that did not come to serve, by their app: mending it is a change, too.
    left: BTreeMap<String, Asked>,
}

/// What watchers said.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) changed: bool,
    pub(crate) coverage: Option<Coverage>,
}

impl Watching {
    /// Says whether to watch.
    pub(crate) fn set(&mut self, on: bool) {
        self.on = on;
        if on {
            self.due = Some(Instant::now());
        } else {
            self.watchers.clear();
            self.due = None;
        }
    }

    /// There may be more to watch.
    pub(crate) fn more(&mut self) {
        if self.on {
            self.due = Some(self.due.unwrap_or_else(|| Instant::now() + MORE));
        }
    }

    /// A generation is closed that has not come to serve.
    pub(crate) fn leave(&mut self, app: String, asked: Asked) {
        self.left.insert(app, asked);
    }

    /// What was loaded last serves.
    pub(crate) fn forget_left(&mut self) {
        self.left.clear();
    }

    /// The configuration is going to be read. What changes from here on is a change.
    pub(crate) fn about_to_read(&mut self, source: &Source) {
        if let Source::File(file) = source {
            self.file = Some(Print::of(file));
        }
    }

    /// It was read; if it is not valid, apps were looked for there.
    pub(crate) fn was_read(&mut self, looked: Vec<(Vec<u8>, Print)>) {
        self.looked = looked;
    }

    /// When to call [`Watching::start_if_due`].
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Has everything watched that these depend on, if it is time to see to that. Of versions and generations the later
    /// ones know better what was read.
    pub(crate) fn start_if_due<'v>(
        &mut self,
        source: &Source,
        versions: impl Iterator<Item = &'v Version>,
        generations: &BTreeMap<u64, Generation>,
    ) -> io::Result<()> {
        if self.due.is_none_or(|due| due > Instant::now()) {
            return Ok(());
        }
        self.due = None;
        let mut places = Places::default();
        if let Source::File(file) = source {
            places.add(file, self.file);
        }
        for (path, seen) in &self.looked {
            places.add(Path::new(OsStr::from_bytes(path)), Some(*seen));
        }
        for (app, terms) in versions.flat_map(|version| &version.apps) {
            let own = generations.values().filter(|generation| generation.app == *app);
            terms.add_places(own.map(|generation| &generation.asked).chain(self.left.get(app)), &mut places);
        }
        if self.watchers.last().is_some_and(|newest| newest.places.same_paths(&places)) {
            return Ok(());
        }
        // The one that watches goes on until the next one misses nothing.
        self.watchers.retain(|watcher| watcher.is_set);
        if let Some(now) = self.watchers.last() {
            places.leave_to(&now.places);
        }
        self.watchers.push(Watcher::start(places)?);
        Ok(())
    }

    /// Hears those of which there is something to read, by their places in `watchers`.
    pub(crate) fn hear(&mut self, ready: &[usize]) -> News {
        let mut news = News::default();
        for at in ready.iter().rev() {
            let Some(watcher) = self.watchers.get_mut(*at) else { continue };
            let said = watcher.hear();
            news.changed |= said.changed;
            if watcher.is_set {
                self.watchers.iter_mut().take(*at).for_each(Watcher::retire);
            }
            let is_newest = *at + 1 == self.watchers.len();
            if is_newest && said.coverage.is_some() {
                news.coverage = said.coverage;
            }
            if said.gone {
                self.watchers.remove(*at);
                if is_newest {
                    self.due = Some(Instant::now() + MEND);
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
