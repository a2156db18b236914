//! From a directory to a bundle.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use ignore::WalkBuilder;

use super::{BundleError, FileEntry, MAX_BYTES, MAX_FILES, Manifest, hash_of, sha256};

/// Names that are never part of an app.
const LEFT_OUT: [&str; 5] = [".git", "node_modules", SETTINGS, IGNORE, ".wrangler"];
/// An app's settings, beside its code.
pub(crate) const SETTINGS: &str = "nano.app.json";
/// Patterns as in `.gitignore`.
const IGNORE: &str = ".nanoignore";

/// A bundle in memory.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) hash: String,
    pub(crate) manifest: Manifest,
    /// The files' bytes, one behind the other.
    pub(crate) data: Vec<u8>,
}

/// Packs all files of a directory but those that are left out. Links are refused: where they lead is no part of it.
pub(crate) fn pack(directory: &Path) -> Result<Packed, BundleError> {
    let failed = |path: &Path, source| BundleError::Io { path: path.display().to_string(), source };
    if !directory.is_dir() {
        return Err(failed(directory, std::io::Error::other("this is not a directory")));
    }
    let walk = WalkBuilder::new(directory)
        .standard_filters(false)
        .add_custom_ignore_filename(IGNORE)
        .follow_links(false)
        .filter_entry(|entry| {
            entry.depth() == 0 || !entry.file_name().to_str().is_some_and(|name| LEFT_OUT.contains(&name))
        })
        .build();
    let mut paths = Vec::new();
    for entry in walk {
        let entry = entry.map_err(|error| failed(directory, std::io::Error::other(error)))?;
        let Ok(relative) = entry.path().strip_prefix(directory) else { continue };
        let kind = entry.file_type();
        if kind.is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        if !kind.is_some_and(|kind| kind.is_file()) {
            return Err(BundleError::Kind(entry.path().display().to_string()));
        }
        let text = relative.to_str().ok_or_else(|| BundleError::Path(relative.display().to_string()))?;
        paths.push(text.to_owned());
        if paths.len() > MAX_FILES {
            return Err(BundleError::Files(paths.len()));
        }
    }
    paths.sort();
    let (mut files, mut data) = (Vec::new(), Vec::new());
    for path in paths {
        let place = directory.join(&path);
        let begun = data.len();
        let room = MAX_BYTES.saturating_sub(u64::try_from(begun).unwrap_or(u64::MAX));
        let file = File::open(&place).map_err(|error| failed(&place, error))?;
        let bytes = file.take(room + 1).read_to_end(&mut data).map_err(|error| failed(&place, error))?;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if bytes > room {
            let size = fs::metadata(&place).map_or(bytes, |found| found.len());
            return Err(BundleError::Bytes(size.saturating_add(MAX_BYTES - room)));
        }
        files.push(FileEntry { path, bytes, sha256: sha256(data.get(begun..).unwrap_or_default()) });
    }
    let manifest = Manifest { version: 1, files };
    manifest.check()?;
    Ok(Packed { hash: hash_of(&manifest.to_bytes()?), manifest, data })
}
