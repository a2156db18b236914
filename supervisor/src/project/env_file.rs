//! Secrets for development: `.dev.vars`, or `.env`, as wrangler reads them
//! (<https://developers.cloudflare.com/workers/local-development/environment-variables/>).

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Their names, without an environment.
pub(super) const NAMES: &[&str] = &[".dev.vars", ".env"];

/// Longest file in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Why they cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EnvFileError {
    /// The file.
    #[error("{}: {error}", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A line of it. Its text is a secret.
    #[error("{}:{line}: it is not NAME=VALUE", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
}

/// The values of a directory's file; of the environment's own one, if there is one.
pub(super) fn read(
    directory: &Path,
    environment: Option<&str>,
) -> Result<Option<BTreeMap<String, String>>, EnvFileError> {
    for name in NAMES {
        let own = environment.map(|environment| directory.join(format!("{name}.{environment}")));
        for path in own.into_iter().chain([directory.join(name)]) {
            let unreadable = |error| EnvFileError::Unreadable { path: path.clone(), error };
            match fs::metadata(&path) {
                Ok(found) if found.len() > MAX_FILE => {
                    return Err(unreadable(std::io::Error::other("it is larger than 1 MiB")));
                }
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
                Err(error) => return Err(unreadable(error)),
            }
            let text = fs::read_to_string(&path).map_err(unreadable)?;
            let values = parse(&text).map_err(|line| EnvFileError::Malformed { path: path.clone(), line })?;
            return Ok(Some(values));
        }
    }
    Ok(None)
}

/// Lines of `NAME=VALUE`, as the package dotenv reads them: values may be quoted, and quoted ones may have several lines.
/// The error is the line that is none.
fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut values = BTreeMap::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while !rest.is_empty() {
        let number = text.get(..text.len() - rest.len()).unwrap_or_default().matches('\n').count() + 1;
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = after;
            continue;
        }
        let trimmed = trimmed.strip_prefix("export ").unwrap_or(trimmed);
        let (name, value) = trimmed.split_once('=').ok_or(number)?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            return Err(number);
        }
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
        // The value's beginning in the whole text: it may go on behind this line.
        let quoted = quote.and_then(|quote| {
            let begin = rest.split_once('=')?.1.trim_start();
            let (inner, after) = begin.get(1..)?.split_once(quote)?;
            Some((quote, inner, after.split_once('\n').map_or("", |(_, after)| after)))
        });
        let (value, after) = match quoted {
            Some(('"', inner, after)) => (inner.replace("\\n", "\n").replace("\\r", "\r"), after),
            Some((_, inner, after)) => (inner.to_owned(), after),
            None => (value.split(" #").next().unwrap_or_default().trim_end().to_owned(), after),
        };
        values.insert(name.to_owned(), value);
        rest = after;
    }
    Ok(values)
}

#[cfg(test)]
mod tests;
