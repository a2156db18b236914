//! Reads a configuration file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{ConfigError, Diagnostic, Location};
use crate::fleet::{FleetConfig, MAX_TABLE_BYTES, NEXT_TABLE, TABLE, Table};
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
    let text = read_text(path)?;
    let cwd = working_directory(path);
    let table = read_table(&text, path, &cwd)?;
    parse_with(&text, path, &cwd, table.as_ref())
}

/// Where a node of a fleet keeps its table and its apps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatePlace {
    /// `state_dir`.
    pub directory: PathBuf,
    /// `uid_base`, on which it depends whose that directory is.
    pub uid_base: Option<u32>,
}

/// Looks for that in a text, whatever else is wrong with it. `None`: it is of no fleet, or does not say.
#[must_use]
pub fn state_place(text: &str, file: &Path, cwd: &Path) -> Option<StatePlace> {
    let root = json::parse(text).ok()?;
    let (directory, uid_base) = validate::state_place(&root, file, cwd)?;
    Some(StatePlace { directory, uid_base })
}

/// The table of the fleet that this configuration is of: the one that a reload is to go over to, if there is one, else
/// the one that served last, else an empty one. `None`: it is of no fleet, or has faults, which [`parse_with`] finds.
///
/// # Errors
/// The one reason why the table cannot be read.
pub fn read_table(text: &str, file: &Path, cwd: &Path) -> Result<Option<Table>, ConfigError> {
    let Some(StatePlace { directory: state_dir, .. }) = state_place(text, file, cwd) else { return Ok(None) };
    for name in [NEXT_TABLE, TABLE] {
        let file = state_dir.join(name);
        let fault = |message: String| ConfigError::from(Diagnostic::at(&Location::whole(&file), "", message));
        match read_own(&file, MAX_TABLE_BYTES) {
            Ok(bytes) if bytes.len() > MAX_TABLE_BYTES => {
                return Err(fault(format!("the table is larger than {} MB", MAX_TABLE_BYTES >> 20)));
            }
            Ok(bytes) => {
                let text = String::from_utf8(bytes).map_err(|_| fault("the table is not UTF-8".to_owned()))?;
                return Ok(Some(Table { text, file }));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(fault(format!("the table of apps cannot be read: {error}"))),
        }
    }
    Ok(Some(Table::empty(&state_dir)))
}

/// What a configuration says of its fleet, whatever else is wrong with it: for a process that may not read all that the
/// configuration names.
///
/// # Errors
/// Every fault of `fleet`, and that there is none.
pub fn fleet_of(text: &str, file: &Path, cwd: &Path) -> Result<FleetConfig, ConfigError> {
    validate::fleet_alone(text, file, cwd)
}

/// The faults of a table on a node with this configuration, without those of the configuration itself.
///
/// # Errors
/// The faults of `fleet`.
pub fn table_faults(text: &str, file: &Path, cwd: &Path, table: &Table) -> Result<Vec<Diagnostic>, ConfigError> {
    validate::table_faults(text, file, cwd, table)
}

/// [`parse`] for a node of a fleet, with the table of its apps.
///
/// # Errors
/// Every fault of both texts; those of the table have its file.
pub fn parse_with(text: &str, file: &Path, cwd: &Path, table: Option<&Table>) -> Result<Config, ConfigError> {
    check((text, table), file, cwd, &Look::OnDisk)
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
    check((text, None), file, cwd, &Look::OnDisk)
}

/// [`parse_with`] for a process that may not read the apps' directories and secrets: `found` is what another process found there.
/// The text must be the one that was valid then. Secrets of the environment are read here, and not by [`parse`], which leaves
/// them empty: this is the process that the operator gave an environment.
///
/// # Errors
/// Every fault of the text; an app without a module is one, and a variable that is not set.
pub fn parse_found(
    text: &str,
    table: Option<&Table>,
    (file, cwd): (&Path, &Path),
    found: &Found,
) -> Result<Config, ConfigError> {
    check((text, table), file, cwd, &Look::Known(found))
}

/// Where the apps, certificates and secrets of a text are looked for, whether it is a valid configuration or not; nothing if it is no JSON.
#[must_use]
pub fn places_of_files(text: &str, file: &Path, cwd: &Path) -> Vec<PathBuf> {
    json::parse(text).map(|root| validate::places_of_files(&root, file, cwd)).unwrap_or_default()
}

fn check(
    (text, table): (&str, Option<&Table>),
    file: &Path,
    cwd: &Path,
    look: &Look<'_>,
) -> Result<Config, ConfigError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(Diagnostic::at(&Location::whole(file), "", too_large()).into());
    }
    if let Some(fault) = no_text_of_json(text, file) {
        return Err(fault.into());
    }
    validate::document((text, table), file, cwd, look)
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
    let bytes = read_bounded(path, MAX_FILE_BYTES).map_err(cannot)?;
    if bytes.len() > MAX_FILE_BYTES { Err(too_large()) } else { Ok(bytes) }
}

/// One byte more than `most`, if it is larger.
fn read_bounded(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(bound).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same of a file that a process without privileges wrote, for one that may have them: a link is not followed, and a
/// pipe is not waited for.
fn read_own(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Of `open(2)`, as Linux has them on x86-64.
const O_NOFOLLOW: i32 = 0o400_000;
const O_NONBLOCK: i32 = 0o4000;

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
