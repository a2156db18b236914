//! The files of an app as they were listed when its generation was loaded.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use nano_spawner::AssetList;

use super::files::Tagged;
use super::ignored::Ignored;
use super::keep::{KeepBudget, Kept};
use super::resolve::Files;

/// A path may have so many bytes more than the file that it means: `/index.html`, `/`.
const LONGER: usize = 16;

/// The files, by the paths under which they are served, before anything is encoded: each begins with `/`.
#[derive(Debug)]
pub(crate) struct Manifest {
    files: HashMap<String, Entry>,
    /// Bytes of the longest of these paths.
    longest: usize,
    pub(super) budget: KeepBudget,
    state: u64,
}

/// A file.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Its content, once it was read and found room.
    pub(super) kept: OnceLock<Arc<Kept>>,
    /// The first state in which it was read, for those that found no room.
    pub(super) tagged: OnceLock<Box<Tagged>>,
}

impl Manifest {
    /// `ignored`: the text of `.assetsignore`. Blocks, for as long as [`Ignored`] may take.
    ///
    /// # Errors
    /// A line of `.assetsignore`, and what is wrong with it or with all of them.
    pub(crate) fn new(list: AssetList, ignored: &str) -> Result<Self, (usize, String)> {
        let state = list.state();
        let mut ignored = Ignored::parse(ignored, &list)?;
        let mut files = HashMap::with_capacity(list.files.len());
        for (path, _) in list.files {
            if !ignored.has(&path)? {
                files.insert(format!("/{path}"), Entry::default());
            }
        }
        let longest = files.keys().map(String::len).max().unwrap_or_default();
        Ok(Self { files, longest, budget: KeepBudget::default(), state })
    }

    /// Bytes beyond which no path means a file, or another spelling of one. A 404 page for it lies in the directories before.
    pub(super) fn longest_path(&self) -> usize {
        self.longest + LONGER
    }

    /// How many files are served.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether this list is of the same files in the same state.
    pub(crate) fn is_of(&self, list: &AssetList) -> bool {
        self.state == list.state()
    }

    pub(super) fn get(&self, path: &str) -> Option<&Entry> {
        self.files.get(path)
    }
}

impl Files for Manifest {
    fn has(&self, path: &str) -> bool {
        path.len() <= self.longest && self.files.contains_key(path)
    }
}

#[cfg(test)]
mod tests;
