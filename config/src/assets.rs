//! `assets` of an app: a directory of files that are served without its worker.

use std::path::PathBuf;

use crate::error::Location;

/// An app's static files. Equality is about what is served: where it stands in the file does not count.
#[derive(Clone, Debug)]
pub struct AssetsConfig {
    /// `directory` as it was resolved: absolute, links and `..` kept.
    pub path: PathBuf,
    /// The directory: absolute, links resolved when the file was read, as [`crate::AppConfig::root`].
    pub root: PathBuf,
    /// What is answered where there is no file.
    pub not_found: NotFound,
    /// Under which paths HTML files are served.
    pub html_handling: HtmlHandling,
    /// Which requests go to the worker before any file is looked for.
    pub run_worker_first: WorkerFirst,
    /// Under which key of its environment the worker asks for files. One of `env` with this name comes first.
    pub binding: String,
    /// The location of `directory` in the file, for faults that are found when the files are listed.
    pub location: Location,
}

impl PartialEq for AssetsConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self { path, root, not_found, html_handling, run_worker_first, binding, location: _ } = self;
        *path == other.path
            && *root == other.root
            && *not_found == other.not_found
            && *html_handling == other.html_handling
            && *run_worker_first == other.run_worker_first
            && *binding == other.binding
    }
}

/// What is answered where there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// 404 without a page.
    None,
    /// The nearest `404.html`, upwards from the path.
    Page,
    /// `/index.html` with 200.
    SinglePageApplication,
}

impl NotFound {
    /// One of the words of the key; anything else is `none`.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "404-page" => Self::Page,
            "single-page-application" => Self::SinglePageApplication,
            _ => Self::None,
        }
    }
}

/// Under which paths HTML files are served; other spellings are redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HtmlHandling {
    /// `/a.html` at `/a`, `/a/index.html` at `/a/`.
    Auto,
    /// Both at `/a/`.
    Force,
    /// Both at `/a`.
    Drop,
    /// Under their names alone.
    None,
}

impl HtmlHandling {
    /// One of the words of the key; anything else is `auto-trailing-slash`.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "force-trailing-slash" => Self::Force,
            "drop-trailing-slash" => Self::Drop,
            "none" => Self::None,
            _ => Self::Auto,
        }
    }
}

/// Which requests go to the worker before any file is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerFirst {
    /// None: a file comes first.
    Never,
    /// All.
    Always,
    /// Those whose path a pattern matches, and no pattern of `except`.
    Paths {
        /// The patterns.
        patterns: Vec<PathPattern>,
        /// Those that were written with `!`.
        except: Vec<PathPattern>,
    },
}

impl WorkerFirst {
    /// Whether a request for this path, as it is in the URL, goes to the worker at once.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Paths { patterns, except } => {
                let any = |patterns: &[PathPattern]| patterns.iter().any(|pattern| pattern.matches(path));
                any(patterns) && !any(except)
            }
        }
    }
}

impl WorkerFirst {
    /// With how many patterns a path is compared.
    #[must_use]
    pub fn patterns(&self) -> usize {
        match self {
            Self::Never | Self::Always => 0,
            Self::Paths { patterns, except } => patterns.len() + except.len(),
        }
    }
}

/// The usual name of the binding.
pub(crate) const BINDING: &str = "ASSETS";

/// Longest name of a binding, in bytes.
pub(crate) const MAX_BINDING: usize = 256;

/// Most patterns of one app.
pub(crate) const MAX_PATTERNS: usize = 100;

/// Longest pattern, in bytes.
pub(crate) const MAX_PATTERN: usize = 100;

/// A path in which `*` stands for any number of any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(String);

impl PathPattern {
    /// Why this cannot be one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err("a pattern begins with `/`, or with `!/` for an exception".to_owned());
        }
        if text.len() > MAX_PATTERN {
            return Err(format!("a pattern has at most {MAX_PATTERN} bytes"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it matches all of a path.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        // Leftmost matches leave the most for the parts that follow.
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests;
