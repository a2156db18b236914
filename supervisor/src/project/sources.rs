//! Which files belong to a project: packages may lie above its directory, where several projects share them.

use std::fs;
use std::path::{Path, PathBuf};

/// Files that only the uppermost directory of several projects has.
const OF_WORKSPACES: &[&str] = &["pnpm-workspace.yaml", "lerna.json", "nx.json", "turbo.json"];

/// The directory that everything of the project is in: that of the repository or workspace that it is part of, or its
/// own. Never one that holds more than projects: the user's home, or `/`.
pub(crate) fn root_of(directory: &Path) -> PathBuf {
    let home = std::env::home_dir().and_then(|home| fs::canonicalize(home).ok());
    let within = directory.ancestors().take_while(|at| at.parent().is_some() && home.as_deref() != Some(*at));
    let root = within.filter(|at| is_workspace(at)).last();
    root.unwrap_or(directory).to_owned()
}

fn is_workspace(directory: &Path) -> bool {
    if directory.join(".git").exists() || OF_WORKSPACES.iter().any(|name| directory.join(name).is_file()) {
        return true;
    }
    let package = fs::read(directory.join("package.json")).ok();
    let package = package.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    package.is_some_and(|package| package.get("workspaces").is_some())
}
