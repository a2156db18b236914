//! `watch: true`: reloads when the configuration file or an app's directory changes. Editors write a file in several
//! steps, and often put a new file in the old one's place: directories are watched, and a change counts once it has
//! been quiet for a moment.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::reload::Trigger;
use crate::supervisor::{Source, Supervisor};

/// Without a further change for so long, it is over.
const QUIET: Duration = Duration::from_millis(150);

/// An app that writes into its own directory all the time is reloaded this often.
const LONGEST: Duration = Duration::from_secs(2);

/// What is watched.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Places {
    /// Directories, with everything below them.
    trees: BTreeSet<PathBuf>,
    /// Entries of directories: the file itself, and links that lead to an app.
    entries: BTreeSet<(PathBuf, OsString)>,
}

impl Places {
    fn add_entry(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            self.entries.insert((parent.to_owned(), name.to_owned()));
        }
    }

    fn concern(&self, event: &Event) -> bool {
        if matches!(event.kind, EventKind::Access(_)) {
            return false;
        }
        // Without a path: the kernel's queue ran over, anything may have changed.
        event.paths.is_empty()
            || event.paths.iter().any(|path| {
                let entry = || Some((path.parent()?.to_owned(), path.file_name()?.to_owned()));
                self.trees.iter().any(|tree| path.starts_with(tree))
                    || entry().is_some_and(|it| self.entries.contains(&it))
            })
    }
}

/// Until it is dropped. Must run in a `LocalSet`.
pub(crate) async fn run(supervisor: Rc<Supervisor>) {
    let mut changed_places = supervisor.rewatch.subscribe();
    let (changed, mut changes) = mpsc::channel(1);
    let mut current = Places::default();
    let mut watcher = None;
    loop {
        changed_places.mark_unchanged();
        let wanted = if supervisor.config().watch { places(&supervisor) } else { Places::default() };
        if wanted != current || watcher.is_none() {
            current = wanted;
            watcher = start(&current, &changed).await;
        }
        tokio::select! {
            outcome = changed_places.changed() => if outcome.is_err() { return },
            Some(()) = changes.recv() => {
                settle(&mut changes).await;
                if supervisor.config().watch {
                    // The outcome is in the log.
                    let _ = supervisor.reload(Trigger::Watch).await;
                    // A directory that was replaced must be watched anew.
                    current = Places::default();
                }
            }
        }
    }
}

async fn settle(changes: &mut mpsc::Receiver<()>) {
    let _ = tokio::time::timeout(LONGEST, async {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
    })
    .await;
}

fn places(supervisor: &Supervisor) -> Places {
    let mut places = Places::default();
    if let Source::File(file) = &supervisor.source {
        places.add_entry(file);
        if let Ok(target) = file.canonicalize() {
            places.add_entry(&target);
        }
    }
    let tried = supervisor.tried.borrow().clone();
    let serving = supervisor.config();
    for config in tried.iter().chain([&serving]) {
        for app in &config.apps {
            places.trees.insert(app.root.clone());
            places.add_entry(&app.path);
        }
    }
    places
}

/// Walks through all directories, of which there may be many: not on this thread.
async fn start(places: &Places, changed: &mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let (places, changed) = (places.clone(), changed.clone());
    tokio::task::spawn_blocking(move || watch(&places, changed)).await.ok().flatten()
}

fn watch(places: &Places, changed: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let concerned = places.clone();
    let on_event = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| concerned.concern(&event)) {
            // A full queue: a change is noted already.
            let _ = changed.try_send(());
        }
    };
    let mut watcher = match notify::recommended_watcher(on_event) {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::error!(%error, "files cannot be watched; reload by hand");
            return None;
        }
    };
    let trees = places.trees.iter().map(|tree| (tree.as_path(), RecursiveMode::Recursive));
    let parents: BTreeSet<&Path> = places.entries.iter().map(|(parent, _)| parent.as_path()).collect();
    let parents = parents.into_iter().filter(|parent| !places.trees.contains(*parent));
    for (path, mode) in trees.chain(parents.map(|parent| (parent, RecursiveMode::NonRecursive))) {
        if let Err(error) = watcher.watch(path, mode) {
            tracing::warn!(path = %path.display(), %error, "this directory cannot be watched");
        }
    }
    Some(watcher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_counts() {
        let mut places = Places::default();
        places.trees.insert("/srv/app".into());
        places.add_entry(Path::new("/etc/nano/nano.json"));
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        let any = EventKind::Any;
        assert!(places.concern(&event(any, "/srv/app/lib/a.js")));
        assert!(places.concern(&event(any, "/etc/nano/nano.json")));
        assert!(places.concern(&Event::new(EventKind::Other)));
        assert!(!places.concern(&event(any, "/etc/nano/nano.json.swp")));
        assert!(!places.concern(&event(any, "/srv/application")));
        let read = EventKind::Access(notify::event::AccessKind::Any);
        assert!(!places.concern(&event(read, "/srv/app/index.js")));
    }
}
