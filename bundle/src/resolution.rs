//! What a file is by its name, and what was found out about a project's imports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nano_protocol::bundle::{BundleRequest, FileKind};

use crate::missing::Missing;

/// Most imports that are remembered as missing.
const MAX_MISSING: usize = 1024;

/// Most paths that are looked after.
const MAX_FILES: usize = 64 * 1024;

/// What was found out, by many modules at once.
#[derive(Debug, Default)]
pub(crate) struct Found(Mutex<Findings>);

#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The bundle cannot do without them.
    pub(crate) missing: BTreeSet<Missing>,
    /// They fail when the code that requires them runs.
    pub(crate) failing: BTreeSet<Missing>,
    /// Files that are put beside the bundle, by their names there.
    pub(crate) beside: BTreeMap<String, PathBuf>,
    /// Files that decided what was found.
    pub(crate) files: BTreeSet<PathBuf>,
}

impl Found {
    /// Changes what was found.
    pub(crate) fn add(&self, change: impl FnOnce(&mut Findings)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Remembers an import that leads nowhere, and where it might have led.
    pub(crate) fn miss(&self, missing: Missing, fatal: bool, looked: impl Iterator<Item = PathBuf>) {
        self.add(|found| {
            found.looked_at(looked);
            let all = if fatal { &mut found.missing } else { &mut found.failing };
            if all.len() < MAX_MISSING {
                all.insert(missing);
            }
        });
    }

    /// All of it.
    pub(crate) fn take(&self) -> Findings {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Findings {
    pub(crate) fn looked_at(&mut self, paths: impl Iterator<Item = PathBuf>) {
        for path in paths {
            if self.files.len() < MAX_FILES {
                self.files.insert(path);
            }
        }
    }
}

/// What a file is, by the project's rules, then by its name as nano's runtime has it. `None`: code, or what the bundler makes
/// of it.
pub(crate) fn kind(request: &BundleRequest, path: &Path) -> Option<FileKind> {
    let relative = path.strip_prefix(&request.project).unwrap_or(path).to_string_lossy();
    let matches = |glob: &String| fast_glob::glob_match(glob, relative.as_bytes());
    if let Some(rule) = request.rules.iter().find(|rule| rule.globs.iter().any(matches)) {
        return Some(rule.kind);
    }
    match path.extension()?.to_str()? {
        "txt" | "html" | "sql" | "css" | "csv" | "graphql" | "gql" | "hbs" | "md" | "svg" | "xml" | "yaml" | "yml" => {
            Some(FileKind::Text)
        }
        "bin" | "avif" | "dat" | "gif" | "ico" | "jpeg" | "jpg" | "otf" | "pdf" | "png" | "ttf" | "webp" | "woff"
        | "woff2" => Some(FileKind::Data),
        "wasm" => Some(FileKind::CompiledWasm),
        _ => None,
    }
}

/// The files that a relative import might mean.
pub(crate) fn candidates(importer: &Path, specifier: &str) -> Vec<PathBuf> {
    const ENDINGS: &[&str] = &["", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".mts", ".json", "/index.ts", "/index.js"];
    let directory = importer.parent().unwrap_or_else(|| Path::new("/"));
    if specifier.starts_with('.') || specifier.starts_with('/') {
        let base = directory.join(specifier).display().to_string();
        let stem = base.strip_suffix(".js").unwrap_or(&base).to_owned();
        let ts = ["ts", "tsx"].into_iter().map(move |extension| PathBuf::from(format!("{stem}.{extension}")));
        return ENDINGS.iter().map(|ending| PathBuf::from(format!("{base}{ending}"))).chain(ts).collect();
    }
    let package = crate::missing::package_of(specifier);
    let modules = directory.ancestors().map(|at| at.join("node_modules").join(package));
    modules.flat_map(|path| [path.join("package.json"), path]).collect()
}

#[cfg(test)]
mod tests;
