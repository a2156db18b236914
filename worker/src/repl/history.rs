//! Where the history is kept: `$XDG_STATE_HOME/nano/history`, else `~/.local/state/nano/history`.

use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Entries that are remembered.
pub(super) const MAX_ENTRIES: usize = 1000;

/// The history's file, its directory made; `None` where there is no home. The file itself is rustyline's, which makes
/// it with mode 0600.
pub(super) fn file() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    make(&state.join("nano"))
}

fn make(directory: &Path) -> Option<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory).ok()?;
    Some(directory.join("history"))
}
