//! The modules that the workers of a generation requested. They are the files that its code depends on, those that do
//! not exist included.

use std::collections::BTreeMap;

use crate::watch::Print;

/// Largest sum of the paths' lengths, more than any app has: a bound against a compromised supervisor.
const MOST: usize = 1 << 20;

/// Paths beneath the app's directory, each with the state of its file if that could be read.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    modules: BTreeMap<String, Option<Print>>,
    bytes: usize,
}

impl Asked {
    /// Records a requested module.
    pub(crate) fn note(&mut self, path: &str, found: Option<Print>) {
        if let Some(seen) = self.modules.get_mut(path) {
            *seen = found;
        } else if self.bytes + path.len() <= MOST {
            self.bytes += path.len();
            self.modules.insert(path.to_owned(), found);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, Option<Print>)> {
        self.modules.iter().map(|(path, seen)| (path, *seen))
    }
}

#[cfg(test)]
mod tests;
