//! An app's source maps: places in texts for operators lead to its sources. What the app itself sees (`error.stack`) is
//! not changed: its process has no maps.
//!
//! A map is read when a text first names its module, by the way that modules come: the spawner opens it, beneath the
//! app's directory only. It is kept for the generation, while there is room ([`kept`]).

mod kept;

use std::borrow::Cow;
use std::cell::Cell;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nano_config::AppConfig;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::modules::AppModules;
use super::shown;
use crate::source_map::{MapUrl, SourceMap, url_of};
use kept::KeptMaps;

/// Most bytes of maps that one generation has read in all.
const MAX_READ: usize = 128 << 20;

/// How long a text waits for its turn to have a map read: they are read one by one, since each is in memory meanwhile as it
/// came and as it is kept.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the texts of its generation wait for none after one whose turn did not come.
const REST: Duration = Duration::from_secs(30);

thread_local! {
    /// The turn. The control plane is one thread.
    static TURN: Rc<Semaphore> = Rc::new(Semaphore::new(1));
}

/// Most modules whose map is looked for.
const MAX_MODULES: usize = 4096;

/// Most places in one text: a stack has ten.
const MAX_PLACES: usize = 64;

/// Longest name of a script in a text.
const MAX_NAME: usize = 1024;

/// The maps of one generation.
#[derive(Debug)]
pub(super) struct SourceMaps {
    kept: Rc<KeptMaps>,
    read: Cell<usize>,
    /// Until when no turn is waited for.
    resting: Cell<Option<Instant>>,
}

/// A script's place in a text.
struct Place<'t> {
    /// Where it begins and ends.
    begin: usize,
    end: usize,
    name: &'t str,
    line: u32,
    column: u32,
}

impl SourceMaps {
    pub(super) fn new() -> Self {
        Self { kept: KeptMaps::new(), read: Cell::new(0), resting: Cell::new(None) }
    }

    /// Reads the maps of the modules that this text names, if that was not tried before.
    pub(super) async fn find(&self, app: &AppConfig, modules: &AppModules, text: &str) {
        let prefix = shown::for_app(app);
        for place in places(text) {
            let Some(path) = place.name.strip_prefix(&prefix) else { continue };
            if self.kept.knows(path) {
                continue;
            }
            // Only what was loaded: names in a text are the app's invention.
            let Some(source) = modules.loaded(path) else { continue };
            if self.kept.len() >= MAX_MODULES || self.resting.get().is_some_and(|until| Instant::now() < until) {
                return;
            }
            let turn = TURN.with(Rc::clone);
            // Another text may have it read, when it is less crowded.
            let Ok(Ok(_turn)) = timeout(PATIENCE, turn.acquire()).await else {
                self.resting.set(Some(Instant::now() + REST));
                return;
            };
            if !self.kept.knows(path) {
                self.kept.put(path, self.read(modules, path, source).await);
            }
        }
    }

    async fn read(&self, modules: &AppModules, path: &str, source: Bytes) -> Option<SourceMap> {
        let text = match url_of(&source)? {
            MapUrl::Inline(text) => {
                let range = source.slice_ref(text.as_bytes());
                self.may_read(range.len())?;
                return blocking(move || SourceMap::parse_inline(std::str::from_utf8(&range).ok()?)).await;
            }
            MapUrl::File(name) => modules.other_file(&beside(path, name)?).await?,
        };
        self.may_read(text.len())?;
        blocking(move || SourceMap::parse(&text)).await
    }

    fn may_read(&self, bytes: usize) -> Option<()> {
        let read = self.read.get() + bytes;
        self.read.set(read);
        (read <= MAX_READ).then_some(())
    }

    /// The text with its places in sources, where maps for them were found.
    pub(super) fn originals<'t>(&self, app: &AppConfig, text: &'t str) -> Cow<'t, str> {
        if self.kept.is_empty() {
            return Cow::Borrowed(text);
        }
        let prefix = shown::for_app(app);
        let (mut result, mut done) = (String::new(), 0);
        for place in places(text) {
            let path = place.name.strip_prefix(&prefix);
            let Some((path, map)) = path.and_then(|path| Some((path, self.kept.get(path)?))) else { continue };
            let Some((source, line, column)) = map.original(place.line, place.column) else { continue };
            result.push_str(text.get(done..place.begin).unwrap_or_default());
            result.push_str(&format!("{}:{line}:{column}", name_of(app, path, source)));
            done = place.end;
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        result.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(result)
    }

    /// A module's place in its source.
    pub(super) fn original(&self, app: &AppConfig, path: &str, line: u32, column: u32) -> Option<(String, u32, u32)> {
        let map = self.kept.get(path)?;
        let (source, line, column) = map.original(line, column)?;
        Some((name_of(app, path, source), line, column))
    }
}

/// Large maps take a while to read.
async fn blocking(read: impl FnOnce() -> Option<SourceMap> + Send + 'static) -> Option<SourceMap> {
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

/// The path of a file that a module names, within the app's directory.
fn beside(module: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = module.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A source as operators know it: its path from the working directory, where it lies beneath that.
fn name_of(app: &AppConfig, module: &str, source: &str) -> String {
    if source.contains("://") {
        return source.to_owned();
    }
    let directory = Path::new(module).parent().unwrap_or_else(|| Path::new(""));
    let mut path = PathBuf::new();
    for part in Path::new(&shown::for_operators(app)).join(directory).join(source).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if path.file_name().is_some_and(|name| name != "..") => drop(path.pop()),
            part => path.push(part),
        }
    }
    let working = std::env::current_dir().ok();
    let shown = working.as_ref().and_then(|working| path.strip_prefix(working).ok()).unwrap_or(&path);
    shown.display().to_string()
}

/// The places `NAME:LINE:COLUMN` in a text, in its order.
fn places(text: &str) -> impl Iterator<Item = Place<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let colon = from + memchr::memchr(b':', text.as_bytes().get(from..)?)?;
            from = colon + 1;
            let Some((line, behind)) = number(text, colon + 1) else { continue };
            if text.as_bytes().get(behind) != Some(&b':') {
                continue;
            }
            let Some((column, end)) = number(text, behind + 1) else { continue };
            from = end;
            let mut start = colon.saturating_sub(MAX_NAME);
            while !text.is_char_boundary(start) {
                start += 1;
            }
            let before = text.get(start..colon)?;
            let name = before.rsplit([' ', '(', '\n', '\t', '"', '\'']).next().unwrap_or(before);
            if !name.is_empty() {
                return Some(Place { begin: colon - name.len(), end, name, line, column });
            }
        }
    })
    .take(MAX_PLACES)
}

/// The number that begins there, and where it ends.
fn number(text: &str, at: usize) -> Option<(u32, usize)> {
    let rest = text.get(at..)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).take(10).count();
    Some((rest.get(..digits)?.parse().ok()?, at + digits))
}

#[cfg(test)]
mod tests;
