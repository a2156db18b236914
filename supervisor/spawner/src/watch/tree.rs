//! Directories of static files, which are watched as a whole.

use std::path::{Path, PathBuf};

use crate::asset_list;
use crate::files::Directory;

/// The state of what is beneath a directory, as far as it is served; 0 where that cannot be listed.
pub(super) fn state(path: &Path) -> u64 {
    Directory::open(path).and_then(|root| asset_list::list(&root)).map_or(0, |list| list.state())
}

/// The directory and those beneath it that hold what is served.
pub(super) fn directories(path: &Path) -> Vec<PathBuf> {
    let beneath = Directory::open(path).and_then(|root| asset_list::directories(&root)).unwrap_or_default();
    let mut all = vec![path.to_owned()];
    all.extend(beneath.into_iter().map(|directory| path.join(directory)));
    all
}
