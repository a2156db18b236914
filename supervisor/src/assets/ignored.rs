//! `.assetsignore`: which files are left out, with the patterns of `.gitignore`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use nano_spawner::AssetList;

use super::rule_file::MAX_LINE;

/// Most patterns. A long `.gitignore` has some hundred.
const MAX_PATTERNS: usize = 1000;

/// Most bytes of patterns times most names that they are compared with.
const MAX_WORK: usize = 1 << 30;

/// How long comparing may take. Patterns can be made for which it takes much longer than for others.
const MAX_TIME: Duration = Duration::from_secs(10);

/// How many names are compared between two looks at the clock.
const LOOK_EVERY: usize = 64;

/// The patterns, and what they made of directories.
#[derive(Debug)]
pub(super) struct Ignored {
    patterns: Gitignore,
    lines: usize,
    directories: HashMap<String, bool>,
    compared: usize,
    begun: Instant,
}

impl Ignored {
    /// The patterns of a text, for the files of this list. An error has its line.
    pub(super) fn parse(text: &str, list: &AssetList) -> Result<Self, (usize, String)> {
        let mut builder = GitignoreBuilder::new("");
        let (mut count, mut bytes) = (0, 0);
        for (index, line) in text.lines().enumerate() {
            let wrong = |why: String| (index + 1, why);
            let is_pattern = !line.trim().is_empty() && !line.starts_with('#');
            if line.len() > MAX_LINE {
                return Err(wrong(format!("the line is longer than {MAX_LINE} bytes")));
            }
            count += usize::from(is_pattern);
            bytes += if is_pattern { line.len() } else { 0 };
            if count > MAX_PATTERNS {
                return Err(wrong(format!("there are more than {MAX_PATTERNS} patterns")));
            }
            if bytes.saturating_mul(list.files.len()) > MAX_WORK {
                let most = MAX_WORK / list.files.len().max(1);
                let files = list.files.len();
                return Err(wrong(format!("for {files} files the patterns may have {most} bytes together")));
            }
            builder.add_line(None, line).map_err(|error| wrong(error.to_string()))?;
        }
        let lines = text.lines().count();
        let patterns = builder.build().map_err(|error| (lines, error.to_string()))?;
        Ok(Self { patterns, lines, directories: HashMap::new(), compared: 0, begun: Instant::now() })
    }

    /// Whether this file is left out.
    pub(super) fn has(&mut self, path: &str) -> Result<bool, (usize, String)> {
        if self.patterns.is_empty() {
            return Ok(false);
        }
        match self.compare(path, false)? {
            Some(verdict) => Ok(verdict),
            None => self.directory(path),
        }
    }

    /// What the nearest directory that a pattern matches makes of what is in it. Each is compared once.
    fn directory(&mut self, path: &str) -> Result<bool, (usize, String)> {
        let mut unknown = Vec::new();
        let mut verdict = false;
        let mut above = path;
        while let Some((directory, _)) = above.rsplit_once('/') {
            if let Some(known) = self.directories.get(directory) {
                verdict = *known;
                break;
            }
            unknown.push(directory);
            if let Some(found) = self.compare(directory, true)? {
                verdict = found;
                break;
            }
            above = directory;
        }
        self.directories.extend(unknown.into_iter().map(|directory| (directory.to_owned(), verdict)));
        Ok(verdict)
    }

    fn compare(&mut self, path: &str, is_directory: bool) -> Result<Option<bool>, (usize, String)> {
        self.compared += 1;
        if self.compared.is_multiple_of(LOOK_EVERY) && self.begun.elapsed() > MAX_TIME {
            return Err((self.lines, format!("comparing files with the patterns took over {} s", MAX_TIME.as_secs())));
        }
        Ok(match self.patterns.matched(path, is_directory) {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        })
    }
}

#[cfg(test)]
mod tests;
