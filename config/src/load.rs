//! From a file to its text.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{ConfigError, Diagnostic, Place};
use crate::json::lines::Lines;
use crate::server::Config;
use crate::validate::{self, Look, Module};

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
    let bytes = read(path).map_err(|message| Diagnostic::at(&Place::whole(path), "", message))?;
    String::from_utf8(bytes).map_err(|error| not_utf8(error.as_bytes(), error.utf8_error().valid_up_to(), path).into())
}

/// Checks the text of a configuration. Relative paths count from the directory of `file`, apps' also from `cwd`; a
/// relative `file` counts from `cwd`. A byte-order mark is skipped.
///
/// # Errors
/// Every fault of the text.
pub fn parse(text: &str, file: &Path, cwd: &Path) -> Result<Config, ConfigError> {
    check(text, file, cwd, &Look::OnDisk)
}

/// [`parse`] for a process that may not look at the apps' directories: what one that may found there, one [`Module`] for
/// each app in the order of the text. The text must be the one that was found valid then.
///
/// # Errors
/// Every fault of the text; an app without a module is one.
pub fn parse_found(text: &str, file: &Path, cwd: &Path, modules: &[Module]) -> Result<Config, ConfigError> {
    check(text, file, cwd, &Look::Known(modules))
}

fn check(text: &str, file: &Path, cwd: &Path, look: &Look<'_>) -> Result<Config, ConfigError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(Diagnostic::at(&Place::whole(file), "", too_large()).into());
    }
    validate::document(text.strip_prefix('\u{feff}').unwrap_or(text), file, cwd, look)
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
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let before = before.strip_prefix('\u{feff}').unwrap_or(&before);
    let (line, column) = Lines::new(before).locate(before.len());
    let place = Place { file: path.to_path_buf(), line, column };
    Diagnostic::at(&place, "", "not UTF-8 from here on").with_suggestion(Some("save the file as UTF-8".to_owned()))
}

/// What relative paths count from. A server may outlive the directory it was started in; the file's own directory then
/// stands in for it.
#[must_use]
pub fn working_directory(file: &Path) -> PathBuf {
    std::env::current_dir().ok().or_else(|| file.parent().map(Path::to_path_buf)).unwrap_or_default()
}
