//! What `nano` asks of `nano-bundle`, and what that answers: one JSON text on its standard input, one on its standard
//! output. Paths are absolute.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The module that an answer's [`Bundle`] begins with, in [`BundleRequest::out`]. Its source map is beside it.
pub const BUNDLE_ENTRY: &str = "index.js";

/// Longest answer in bytes.
pub const MAX_ANSWER: usize = 16 << 20;

/// Most faults in an answer, and the longest text of one in bytes.
pub const MAX_FAULTS: usize = 64;
/// See [`MAX_FAULTS`].
pub const MAX_FAULT_TEXT: usize = 8 * 1024;

/// One bundle to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleRequest {
    /// The project's directory.
    pub project: PathBuf,
    /// The module that is the app.
    pub entry: PathBuf,
    /// No file outside of this directory is read.
    pub root: PathBuf,
    /// An empty directory: files are written here and nowhere else.
    pub out: PathBuf,
    /// The directory that names of sources are relative to in messages.
    pub shown_from: PathBuf,
    /// Another `tsconfig.json` than the nearest one of each module.
    pub tsconfig: Option<PathBuf>,
    /// Expressions that names in the code are replaced by.
    pub define: BTreeMap<String, String>,
    /// Packages that others stand in for.
    pub alias: BTreeMap<String, String>,
    /// What files are, by their names, before the usual rules.
    pub rules: Vec<BundleRule>,
    /// Modules that are no files.
    pub builtins: Vec<BuiltinModule>,
}

/// What some files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleRule {
    /// What they are.
    pub kind: FileKind,
    /// Patterns of their paths from the project's directory.
    pub globs: Vec<String>,
}

/// What a file is to who imports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// A string.
    Text,
    /// An `ArrayBuffer`.
    Data,
    /// A `WebAssembly.Module`.
    CompiledWasm,
}

/// A module that is no file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltinModule {
    /// What is imported, as in `node:fs`.
    pub specifier: String,
    /// Whether this app may import it.
    pub state: BuiltinState,
}

/// Whether a module that is no file can be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BuiltinState {
    /// It can.
    Present,
    /// With this word in `compatibility_flags` only.
    NeedsFlag(String),
    /// nano has none.
    Missing,
}

/// What became of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// Why there is no bundle. Empty: there is one.
    pub errors: Vec<BundleFault>,
    /// What is to be known all the same.
    pub warnings: Vec<BundleFault>,
    /// Files that were read or looked for: the bundle may become another when one of them changes.
    pub files: Vec<PathBuf>,
}

/// What is wrong with a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFault {
    /// What is wrong, and what to do; it may have several lines.
    pub message: String,
    /// Where.
    pub place: Option<BundlePlace>,
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundlePlace {
    /// Relative to [`BundleRequest::shown_from`].
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The line itself with a mark below the column; empty where it is too long.
    pub excerpt: String,
}

/// A module that is no file, as `nano-worker modules` lists it: one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModule {
    /// What is imported, as in `node:fs`.
    pub specifier: String,
    /// With one of these words in `compatibility_flags` it may be imported; none: always.
    pub flags: Vec<String>,
    /// nano has none.
    pub missing: bool,
}

impl ListedModule {
    /// Its line.
    #[must_use]
    pub fn line(&self) -> String {
        let flags = if self.missing { vec!["-".to_owned()] } else { self.flags.clone() };
        std::iter::once(self.specifier.clone()).chain(flags).collect::<Vec<_>>().join(" ")
    }

    /// The reverse.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let specifier = words.next()?;
        let flags: Vec<_> = words.collect();
        let missing = flags.first().is_some_and(|flag| flag == "-");
        Some(Self { specifier, flags: if missing { Vec::new() } else { flags }, missing })
    }

    /// What it is to an app with these flags.
    #[must_use]
    pub fn for_app(self, flags: &[&str]) -> BuiltinModule {
        let state = match self.flags.first() {
            _ if self.missing => BuiltinState::Missing,
            Some(flag) if !self.flags.iter().any(|each| flags.contains(&each.as_str())) => {
                BuiltinState::NeedsFlag(flag.clone())
            }
            _ => BuiltinState::Present,
        };
        BuiltinModule { specifier: self.specifier, state }
    }
}

#[cfg(test)]
mod tests;
