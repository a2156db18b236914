//! Reads a configuration file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{ConfigError, Diagnostic, Location};
use crate::json;
use crate::json::lines::LineIndex;
use crate::validate::{self, Found, Look};

/// Largest `nano.json`. Thousands of apps fit; a log file given by mistake does not.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// Reads and checks a configuration file.
///
/// # Errors
/// Every fault of the file, or the one reason why it cannot be read.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    parse(&read_text(path)?, path, &working_directory(path))
}

/// The text of a configuration file, for [`parse`].
///
/// # Errors
/// The one reason why it cannot be read.
pub fn read_text(path: &Path) -> Result<String, ConfigError> {
    let bytes = read(path)
        .map_err(|message| Diagnostic::at(&Location::whole(path), "", message).with_suggestion(meant(path)))?;
    String::from_utf8(bytes).map_err(|error| not_utf8(error.as_bytes(), error.utf8_error().valid_up_to(), path).into())
}

/// Checks the text of a configuration. Relative paths count from the directory of `file`, apps' also from `cwd`; a
/// relative `file` counts from `cwd`. A byte-order mark is a fault, as for other readers of JSON.
///
/// # Errors
/// Every fault of the text.
pub fn parse(text: &str, file: &Path, cwd: &Path) -> Result<Config, ConfigError> {
    check(text, file, cwd, &Look::OnDisk)
}

/// [`parse`] for a process that may not read the apps' directories and secrets: `found` is what another process found there.
/// The text must be the one that was valid then. Secrets of the environment are read here, and not by [`parse`], which leaves
/// them empty: this is the process that the operator gave an environment.
///
/// # Errors
/// Every fault of the text; an app without a module is one, and a variable that is not set.
pub fn parse_found(text: &str, file: &Path, cwd: &Path, found: &Found) -> Result<Config, ConfigError> {
    check(text, file, cwd, &Look::Known(found))
}

/// Where the apps, certificates and secrets of a text are looked for, whether it is a valid configuration or not; nothing if it is no JSON.
#[must_use]
pub fn places_of_files(text: &str, file: &Path, cwd: &Path) -> Vec<PathBuf> {
    json::parse(text).map(|root| validate::places_of_files(&root, file, cwd)).unwrap_or_default()
}

fn check(text: &str, file: &Path, cwd: &Path, look: &Look<'_>) -> Result<Config, ConfigError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(Diagnostic::at(&Location::whole(file), "", too_large()).into());
    }
    if let Some(fault) = no_text_of_json(text, file) {
        return Err(fault.into());
    }
    validate::document(text, file, cwd, look)
}

/// Common mistakes for which there is a better message than the first wrong character.
pub(crate) fn no_text_of_json(text: &str, file: &Path) -> Option<Diagnostic> {
    let at = |offset: usize| {
        let (line, column) = LineIndex::new(text).locate(offset);
        Location { file: file.to_path_buf(), line, column }
    };
    if text.starts_with('\u{feff}') {
        let how = "save it as UTF-8 without byte-order mark, or: sed -i '1s/^\\xef\\xbb\\xbf//' FILE".to_owned();
        let message = "the file begins with a byte-order mark, which JSON must not have (RFC 8259, section 8.1)";
        return Some(Diagnostic::at(&at(0), "", message).with_suggestion(Some(how)));
    }
    if text.trim().is_empty() {
        return Some(Diagnostic::at(&at(0), "", "the file is empty"));
    }
    let nul = text.find('\0')?;
    let how = "is it UTF-16, or damaged? save it as UTF-8".to_owned();
    Some(Diagnostic::at(&at(nul), "", "a NUL character, which no JSON has").with_suggestion(Some(how)))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("the configuration cannot be read: {error}");
    let mut bytes = Vec::new();
    let bound = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(cannot)?.take(bound).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > MAX_FILE_BYTES { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> String {
    format!("the configuration is larger than {} MB", MAX_FILE_BYTES >> 20)
}

fn not_utf8(bytes: &[u8], valid: usize, path: &Path) -> Diagnostic {
    let location = |line, column| Location { file: path.to_path_buf(), line, column };
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let how = "save it as UTF-8 without byte-order mark, or: iconv -f UTF-16 -t UTF-8 FILE".to_owned();
        return Diagnostic::at(&location(1, 1), "", "the file is UTF-16, and JSON is UTF-8").with_suggestion(Some(how));
    }
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let (line, column) = LineIndex::new(&before).locate(before.len());
    Diagnostic::at(&location(line, column), "", "not UTF-8 from here on")
        .with_suggestion(Some("save the file as UTF-8".to_owned()))
}

/// What was likely meant by the path of a configuration that cannot be read.
fn meant(path: &Path) -> Option<String> {
    if path.is_dir() {
        let within = path.join("nano.json");
        let serve = format!("`nano serve --app {0}` serves one app", path.display());
        return Some(if within.is_file() { format!("did you mean {}?", within.display()) } else { serve });
    }
    near_file(path).map(|near| format!("did you mean {}?", near.display()))
}

/// Most entries of a directory that are compared with a misspelt name.
const MAX_ENTRIES: usize = 4096;

/// The file in the same directory whose name is nearest to that of a missing file, if it is near enough to be a
/// misspelling.
#[must_use]
pub fn near_file(path: &Path) -> Option<PathBuf> {
    if path.exists() {
        return None;
    }
    let written = path.file_name()?.to_str()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = std::fs::read_dir(directory.unwrap_or(Path::new("."))).ok()?;
    let names = entries.take(MAX_ENTRIES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let near = names.map(|name| (strsim::osa_distance(written, &name), name));
    let slips = if written.chars().count() < 6 { 1 } else { 2 };
    let (_, name) = near.filter(|(distance, _)| *distance <= slips).min()?;
    Some(path.with_file_name(name))
}

/// What relative paths count from. A server may outlive the directory it was started in; the file's own directory then
/// stands in for it.
#[must_use]
pub fn working_directory(file: &Path) -> PathBuf {
    std::env::current_dir().ok().or_else(|| file.parent().map(Path::to_path_buf)).unwrap_or_default()
}
