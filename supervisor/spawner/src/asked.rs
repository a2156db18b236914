//! Which modules the workers of a generation asked for: these are the files that its code depends on, also those that were
//! not there.

use std::collections::BTreeMap;

use crate::watch::Print;

/// More modules than any app has, in bytes of their paths: a bound for an attacker who took over the supervisor.
const MOST: usize = 1 << 20;

/// Paths beneath the app's directory, and what was there, if that could be seen.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    modules: BTreeMap<String, Option<Print>>,
    bytes: usize,
}

impl Asked {
    /// A module was asked for.
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
