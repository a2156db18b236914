//! The files of an app as they were listed when its generation was loaded.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use nano_spawner::AssetList;

use super::keep::{KeepBudget, Kept};
use super::resolve::Files;

/// The files, by the paths under which they are served, before anything is encoded: each begins with `/`.
#[derive(Debug)]
pub(crate) struct Manifest {
    files: HashMap<String, Entry>,
    pub(super) budget: KeepBudget,
    state: u64,
}

/// A file.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Its content, once it was read and found room.
    pub(super) kept: OnceLock<Arc<Kept>>,
}

impl Manifest {
    /// `ignored`: the text of `.assetsignore`.
    ///
    /// # Errors
    /// The line of `.assetsignore` that is no pattern, and what is wrong with it.
    pub(crate) fn new(list: AssetList, ignored: &str) -> Result<Self, (usize, String)> {
        let state = list.state();
        let rules = ignore_rules(ignored)?;
        let served = list.files.into_iter().filter(|(path, _)| !is_ignored(&rules, path));
        let files = served.map(|(path, _)| (format!("/{path}"), Entry::default())).collect();
        Ok(Self { files, budget: KeepBudget::default(), state })
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
        self.files.contains_key(path)
    }
}

fn ignore_rules(text: &str) -> Result<Gitignore, (usize, String)> {
    let mut builder = GitignoreBuilder::new("");
    for (index, line) in text.lines().enumerate() {
        builder.add_line(None, line).map_err(|error| (index + 1, error.to_string()))?;
    }
    builder.build().map_err(|error| (text.lines().count(), error.to_string()))
}

fn is_ignored(rules: &Gitignore, path: &str) -> bool {
    !rules.is_empty() && matches!(rules.matched_path_or_any_parents(path, false), Match::Ignore(_))
}

#[cfg(test)]
mod tests;
