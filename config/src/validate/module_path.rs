//! `path` of an app → the module that it means.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::address::Fault;
use crate::error::quote_path;
use crate::validate::assets::AssetsPlace;

/// The module that a directory stands for.
const INDEX: &str = "index.js";

/// What a usable `path` of an app means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// See [`crate::AppConfig::path`].
    pub path: PathBuf,
    /// See [`crate::AppConfig::root`].
    pub root: PathBuf,
    /// See [`crate::AppConfig::entry`].
    pub entry: String,
    /// The directory of `assets`, if the app has them.
    pub assets: Option<AssetsPlace>,
}

impl Module {
    /// See [`crate::AppConfig::shown`]. `text`: the path as it was written.
    pub(crate) fn shown(&self, text: &str) -> Option<String> {
        if text.starts_with('/') {
            return None;
        }
        let is_file = self.path.file_name().is_some_and(|name| name == self.entry.as_str());
        let directory = if is_file { text.rsplit_once('/').map_or("", |(directory, _)| directory) } else { text };
        let mut directory = directory.trim_end_matches('/');
        while let Some(rest) = directory.strip_prefix("./") {
            directory = rest.trim_start_matches('/');
        }
        Some(if matches!(directory, "" | ".") { String::new() } else { format!("{directory}/") })
    }
}

/// What is at one of the paths where an app is looked for.
enum Found {
    Module(Module),
    Nothing,
    /// Something that is not an app: why, and what to do.
    Unusable(String, Option<String>),
}

/// Looks beside the config file, then in the working directory; the first path where anything exists counts.
pub(crate) fn resolve(text: &str, directory: &Path, cwd: &Path) -> Result<Module, Fault> {
    if text.is_empty() {
        return Err(("the path must not be empty".to_owned(), None));
    }
    if text.contains('\0') {
        return Err(("a path must not hold a NUL character".to_owned(), None));
    }
    let beside = directory.join(text);
    let within = cwd.join(text);
    if beside == within || same_directory(directory, cwd) {
        return single(beside);
    }
    match (look(beside.clone()), look(within.clone())) {
        (Found::Module(module), _) | (Found::Nothing, Found::Module(module)) => Ok(module),
        (Found::Nothing, Found::Nothing) => {
            Err((format!("there is neither {} nor {}", quote_path(&beside), quote_path(&within)), None))
        }
        (Found::Nothing, Found::Unusable(why, suggestion)) => {
            Err((format!("{why}, and there is no {}", quote_path(&beside)), suggestion))
        }
        (Found::Unusable(why, suggestion), Found::Nothing) => {
            Err((format!("{why}, and there is no {}", quote_path(&within)), suggestion))
        }
        (Found::Unusable(why, _), Found::Module(_)) => Err((
            format!("{why}, and it comes before {} because it is beside the configuration", quote_path(&within)),
            Some("write the path that is meant in full".to_owned()),
        )),
        (Found::Unusable(why, suggestion), Found::Unusable(other, _)) => {
            Err((format!("{why}, and {other}"), suggestion))
        }
    }
}

/// The module at an absolute path.
pub(crate) fn single(path: PathBuf) -> Result<Module, Fault> {
    match look(path.clone()) {
        Found::Module(module) => Ok(module),
        Found::Nothing => Err((format!("there is no {}", quote_path(&path)), None)),
        Found::Unusable(why, suggestion) => Err((why, suggestion)),
    }
}

/// The paths whose files decide whether `path` is an app.
pub(crate) fn looked_at(path: &Path) -> [PathBuf; 2] {
    [path.to_owned(), path.join(INDEX)]
}

fn same_directory(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn look(path: PathBuf) -> Found {
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return dangling(&path).map_or(Found::Nothing, |why| Found::Unusable(why, None));
        }
        Err(error) => return Found::Unusable(format!("{} cannot be read: {error}", quote_path(&path)), None),
    };
    if metadata.is_dir() { directory(path) } else { file(path, metadata.is_file()) }
}

/// The link on the way that leads nowhere, if that is the fault.
fn dangling(path: &Path) -> Option<String> {
    let is_link = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let way = path.ancestors().find(|way| is_link(way) && fs::metadata(way).is_err())?;
    let target = fs::read_link(way).ok()?;
    Some(format!("{} is a link that leads nowhere (to {})", quote_path(way), quote_path(&target)))
}

fn directory(path: PathBuf) -> Found {
    match fs::metadata(path.join(INDEX)) {
        Ok(metadata) if metadata.is_file() => module(path.clone(), &path, INDEX),
        Ok(_) => Found::Unusable(format!("{} is not a file", quote_path(&path.join(INDEX))), None),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(why) = dangling(&path.join(INDEX)) {
                return Found::Unusable(why, None);
            }
            let others = ["index.mjs", "main.js", "app.js", "server.js", "src/index.js", "dist/index.js"];
            let other = others.into_iter().find(|other| path.join(other).is_file());
            let suggestion = other.map(|other| format!("`path` may name the file itself: there is {other}"));
            Found::Unusable(format!("{} has no {INDEX}", quote_path(&path)), suggestion)
        }
        Err(error) => Found::Unusable(format!("{} cannot be read: {error}", quote_path(&path.join(INDEX))), None),
    }
}

fn file(path: PathBuf, regular: bool) -> Found {
    let is_module = path.extension().is_some_and(|extension| extension == "js" || extension == "mjs");
    if !regular || !is_module {
        return Found::Unusable(format!("{} is neither a directory nor a .js or .mjs file", quote_path(&path)), None);
    }
    match (path.parent().map(Path::to_path_buf), path.file_name().and_then(OsStr::to_str).map(str::to_owned)) {
        (Some(parent), Some(entry)) => module(path, &parent, &entry),
        _ => Found::Unusable(format!("{} has no usable file name", quote_path(&path)), None),
    }
}

fn module(path: PathBuf, root: &Path, entry: &str) -> Found {
    match root.canonicalize() {
        Ok(root) => Found::Module(Module { path, root, entry: entry.to_owned(), assets: None }),
        Err(error) => Found::Unusable(format!("{} cannot be read: {error}", quote_path(root)), None),
    }
}

#[cfg(test)]
mod tests;
