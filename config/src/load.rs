//! From a file to its text.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{ConfigError, Diagnostic, Place};
use crate::json::lines::Lines;
use crate::server::Config;
use crate::validate;

/// Largest `nano.json`. Thousands of apps fit; a log file given by mistake does not.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// Reads and checks a configuration file.
///
/// # Errors
/// Every fault of the file, or the one reason why it cannot be read.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let bytes = read(path).map_err(|message| Diagnostic::at(&Place::whole(path), "", message))?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => return Err(not_utf8(&bytes, error.valid_up_to(), path).into()),
    };
    parse(text, path, &working_directory(path))
}

/// Checks the text of a configuration. Relative paths count from the directory of `file`, apps' also from `cwd`; a
/// relative `file` counts from `cwd`. A byte-order mark is skipped.
///
/// # Errors
/// Every fault of the text.
pub fn parse(text: &str, file: &Path, cwd: &Path) -> Result<Config, ConfigError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(Diagnostic::at(&Place::whole(file), "", too_large()).into());
    }
    validate::document(text.strip_prefix('\u{feff}').unwrap_or(text), file, cwd)
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

/// A server may outlive the directory it was started in; the file's own directory then stands in for it.
fn working_directory(file: &Path) -> PathBuf {
    std::env::current_dir().ok().or_else(|| file.parent().map(Path::to_path_buf)).unwrap_or_default()
}
