//! `nano import`: the entry of `nano.json` for a project of wrangler, from its wrangler.jsonc, wrangler.json or wrangler.toml
//! (<https://developers.cloudflare.com/workers/wrangler/configuration/>), and what of it nano does not have.

mod entry;
mod read;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use read::ImportError;

/// An entry, and what is to be said about it.
#[derive(Debug)]
pub struct Imported {
    /// One of `apps` in `nano.json`.
    pub entry: Value,
    /// What cannot be honoured, or is to be done by hand: a line each.
    pub notes: Vec<String>,
}

/// A project's configuration as it is written, and what is made of it.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The file.
    pub(crate) file: PathBuf,
    /// Its keys, in the environment that was asked for.
    pub(crate) keys: Map<String, Value>,
    pub(crate) imported: Imported,
}

/// The file's names, in wrangler's order.
pub(crate) const FILE_NAMES: [&str; 3] = read::NAMES;

/// The configuration of a project, for those who look at its keys too. Paths are beneath the file's directory.
pub(crate) fn configuration(path: &Path, environment: Option<&str>) -> Result<Configuration, ImportError> {
    let file = read::file_in(path)?;
    let keys = read::in_environment(read::read(&file)?, environment, &file)?;
    let directory = file.parent().map(PathBuf::from).unwrap_or_default();
    let imported = entry::entry(&keys, &directory);
    Ok(Configuration { file, keys, imported })
}

/// Reads the configuration of a project: a file, or the one in a directory. `environment`: which of its environments.
///
/// # Errors
///
/// The file cannot be read, is none of wrangler's, or has no such environment.
pub fn import(path: &Path, environment: Option<&str>) -> Result<Imported, ImportError> {
    configuration(path, environment).map(|configuration| configuration.imported)
}

#[cfg(test)]
mod tests;
