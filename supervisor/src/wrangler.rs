//! `nano import`: the entry of `nano.json` for a project of wrangler, from its wrangler.jsonc, wrangler.json or wrangler.toml
//! (<https://developers.cloudflare.com/workers/wrangler/configuration/>), and what of it nano does not have.

mod entry;
mod read;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use read::ImportError;

/// An entry, and what is to be said about it.
#[derive(Debug)]
pub struct Imported {
    /// One of `apps` in `nano.json`.
    pub entry: Value,
    /// What cannot be honoured, or is to be done by hand: a line each.
    pub notes: Vec<String>,
}

/// Reads the configuration of a project: a file, or the one in a directory. `environment`: which of its environments.
///
/// # Errors
///
/// The file cannot be read, is none of wrangler's, or has no such environment.
pub fn import(path: &Path, environment: Option<&str>) -> Result<Imported, ImportError> {
    let file = read::file_in(path)?;
    let config = read::read(&file)?;
    let config = read::in_environment(config, environment, &file)?;
    let directory = file.parent().map(PathBuf::from).unwrap_or_default();
    Ok(entry::entry(&config, &directory))
}

#[cfg(test)]
mod tests;
