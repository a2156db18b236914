//! The modules that the workers of a generation requested. They are the files that its code depends on, those that do
//! not exist included.

use std::collections::BTreeMap;

use crate::watch::Fingerprint;

/// Largest sum of the paths' lengths, more than any app has: a bound against a compromised supervisor.
const MAX_PATH_BYTES: usize = 1 << 20;

/// Paths beneath the app's directory, each with the state of its file if that could be read.
#[derive(Debug, Default)]
pub(crate) struct RequestedModules {
    modules: BTreeMap<String, Option<Fingerprint>>,
    bytes: usize,
}

impl RequestedModules {
    /// Records a requested module.
    pub(crate) fn record(&mut self, path: &str, found: Option<Fingerprint>) {
        if let Some(seen) = self.modules.get_mut(path) {
            *seen = found;
        } else if self.bytes + path.len() <= MAX_PATH_BYTES {
            self.bytes += path.len();
            self.modules.insert(path.to_owned(), found);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, Option<Fingerprint>)> {
        self.modules.iter().map(|(path, seen)| (path, *seen))
    }
}

#[cfg(test)]
mod tests;
