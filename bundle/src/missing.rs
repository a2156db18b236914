//! Imports that lead nowhere: what each is, and what to do about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nano_protocol::bundle::{BuiltinState, BundleFault};

use crate::excerpt::{find_import, place};

/// Why an import leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// A module of Node.js or Cloudflare's that wants a word in `compatibility_flags`.
    NeedsFlag(String),
    /// A module of a platform that nano does not have.
    NoBuiltin,
    /// By URL.
    Url,
    /// A file or a package's export that is not there: the resolver's words.
    NotFound(String),
    /// A package that is not installed.
    NotInstalled,
    /// A file of so many MiB at least.
    TooLarge(u64),
    /// It leads there, outside of what is read.
    Outside(PathBuf),
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Missing {
    pub(crate) specifier: String,
    pub(crate) importer: PathBuf,
    pub(crate) why: Why,
}

impl Missing {
    /// What is wrong and what to do, in words.
    pub(crate) fn message(&self, root: &Path) -> String {
        let specifier = &self.specifier;
        let why = match &self.why {
            Why::NeedsFlag(flag) => format!("it needs \"{flag}\" in `compatibility_flags`"),
            Why::NoBuiltin if specifier.starts_with("cloudflare:") => {
                format!(
                    "nano has no {specifier}; of Cloudflare's modules it has cloudflare:workers and cloudflare:node"
                )
            }
            Why::NoBuiltin => format!("nano has no {specifier}"),
            Why::Url => "modules are not imported by URL: install the package, or copy the file".to_owned(),
            Why::NotFound(why) if why.is_empty() => "there is no such file".to_owned(),
            Why::NotFound(why) => why.clone(),
            Why::NotInstalled => {
                format!("the package is not installed: npm install {}", package_of(specifier))
            }
            Why::TooLarge(most) => format!("the file is larger than {most} MiB"),
            Why::Outside(path) => format!(
                "it leads to {}, outside of {}, and nothing else is read for this project",
                path.display(),
                root.display()
            ),
        };
        format!("Cannot import \"{specifier}\": {why}")
    }
}

/// The package that a bare specifier is of.
pub(crate) fn package_of(specifier: &str) -> &str {
    let slashes = specifier.match_indices('/').map(|(at, _)| at);
    let end = slashes.into_iter().nth(usize::from(specifier.starts_with('@')));
    end.and_then(|end| specifier.get(..end)).unwrap_or(specifier)
}

/// Whether this names a module that is no file, and whether it may be imported.
pub(crate) fn builtin<'b>(
    builtins: &'b BTreeMap<String, BuiltinState>,
    specifier: &str,
) -> Option<(String, &'b BuiltinState)> {
    if let Some((name, state)) = builtins.get_key_value(specifier) {
        return Some((name.clone(), state));
    }
    let name = format!("node:{specifier}");
    builtins.get(&name).map(|state| (name, state))
}

/// The faults of these, each with the place where it is imported.
pub(crate) fn faults(missing: &[Missing], root: &Path, shown_from: &Path) -> Vec<BundleFault> {
    let mut texts: BTreeMap<&Path, Option<String>> = BTreeMap::new();
    let fault = |missing: &'_ Missing| (missing.message(root), missing.importer.clone(), missing.specifier.clone());
    let mut faults = Vec::new();
    for (each, (message, importer, specifier)) in missing.iter().map(|each| (each, fault(each))) {
        let text = texts.entry(each.importer.as_path()).or_insert_with(|| std::fs::read_to_string(&importer).ok());
        let shown = shown(&importer, shown_from);
        let place = text.as_ref().and_then(|text| {
            let at = find_import(text, &specifier)?;
            Some(place(shown.clone(), text, at))
        });
        let message = if place.is_some() { message } else { format!("{message} (imported by {shown})") };
        faults.push(BundleFault { message, place });
    }
    faults
}

/// A path for people.
pub(crate) fn shown(path: &Path, from: &Path) -> String {
    path.strip_prefix(from).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests;
