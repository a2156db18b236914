//! Secrets: values of `env` that stand in a file or in the environment, and not in `nano.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::address::Fault;
use crate::error::{quote, quote_path};

/// Most bytes of one secret.
pub(crate) const MAX_SECRET_BYTES: usize = 64 * 1024;

/// Most bytes of all secrets of a configuration.
const MAX_ALL_BYTES: usize = 16 << 20;

/// Where systemd puts a service's credentials (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A secret's file as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretFile {
    /// Where it was found.
    pub path: PathBuf,
    /// The secret, without the line end at the end of the file.
    pub text: String,
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile").field("path", &self.path).finish_non_exhaustive()
    }
}

const NOT_THE_NODE_S: &str = "apps of a fleet have no secrets of a node's files or environment";

/// How secrets are read.
pub(crate) enum SecretReader<'a> {
    /// Files from the disk, each once. Variables are left empty: the process that may read the files need not have the
    /// environment that is meant.
    Disk { directory: &'a Path, cwd: &'a Path, files: BTreeMap<String, Result<SecretFile, Fault>>, bytes: usize },
    /// Files as another process has read them, by what the configuration calls them. Variables from the environment.
    Known(&'a BTreeMap<String, SecretFile>),
    /// None: who writes this document must not have a node's files or environment.
    Refused,
}

impl<'a> SecretReader<'a> {
    pub(crate) fn on_disk(directory: &'a Path, cwd: &'a Path) -> Self {
        Self::Disk { directory, cwd, files: BTreeMap::new(), bytes: 0 }
    }

    /// The text of a file. No error has any of it.
    pub(crate) fn file(&mut self, written: &str) -> Result<String, Fault> {
        match self {
            Self::Refused => Err((NOT_THE_NODE_S.to_owned(), None)),
            Self::Known(files) => {
                files.get(written).map(|file| file.text.clone()).ok_or_else(|| ("it was not read".to_owned(), None))
            }
            Self::Disk { directory, cwd, files, bytes } => {
                if !files.contains_key(written) {
                    let found = find(written, directory, cwd);
                    *bytes += found.as_ref().map_or(0, |file| file.text.len());
                    files.insert(written.to_owned(), found);
                }
                if *bytes > MAX_ALL_BYTES {
                    return Err((format!("all secrets together are larger than {} MB", MAX_ALL_BYTES >> 20), None));
                }
                match files.get(written) {
                    Some(Ok(file)) => Ok(file.text.clone()),
                    Some(Err(fault)) => Err(fault.clone()),
                    None => Err(("it was not read".to_owned(), None)),
                }
            }
        }
    }

    /// The value of a variable. No error has any of it.
    pub(crate) fn variable(&self, name: &str) -> Result<String, Fault> {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(("expected the name of an environment variable".to_owned(), None));
        }
        if matches!(self, Self::Refused) {
            return Err((NOT_THE_NODE_S.to_owned(), None));
        }
        if matches!(self, Self::Disk { .. }) {
            return Ok(String::new());
        }
        let shown = quote(name);
        let value = std::env::var_os(name).ok_or_else(|| {
            let how = "a service has the variables of its unit (`Environment=`), not those of a shell".to_owned();
            (format!("the environment of nano has no {shown}"), Some(how))
        })?;
        let value =
            value.into_string().map_err(|_| (format!("the environment variable {shown} is not UTF-8"), None))?;
        match value.len() {
            0 => Err((format!("the environment variable {shown} is empty"), None)),
            length if length > MAX_SECRET_BYTES => {
                Err((format!("the environment variable {shown} is {TOO_LARGE}"), None))
            }
            _ => Ok(value),
        }
    }

    /// The files that were read.
    pub(crate) fn into_files(self) -> BTreeMap<String, SecretFile> {
        match self {
            Self::Known(files) => files.clone(),
            Self::Refused => BTreeMap::new(),
            Self::Disk { files, .. } => {
                files.into_iter().filter_map(|(written, file)| Some((written, file.ok()?))).collect()
            }
        }
    }
}

const TOO_LARGE: &str = "larger than a secret may be (64 KiB)";

/// Where a file is looked for: beside the configuration, in the working directory, among systemd's credentials.
pub(crate) fn places(written: &str, directory: &Path, cwd: &Path) -> Vec<PathBuf> {
    let mut places = vec![directory.join(written), cwd.join(written)];
    let credentials = std::env::var_os(CREDENTIALS).map(PathBuf::from).filter(|path| path.is_absolute());
    places.extend(credentials.map(|credentials| credentials.join(written)));
    places.dedup();
    places
}

fn find(written: &str, directory: &Path, cwd: &Path) -> Result<SecretFile, Fault> {
    if written.is_empty() || written.contains('\0') {
        return Err(("expected the path of a file".to_owned(), None));
    }
    let places = places(written, directory, cwd);
    for path in &places {
        match read(path) {
            Ok(text) => return Ok(SecretFile { path: path.clone(), text }),
            Err(ReadFault::Missing) => {}
            Err(ReadFault::Unusable(why)) => return Err((format!("{} {why}", quote_path(path)), None)),
        }
    }
    let places: Vec<String> = places.iter().map(|path| quote_path(path)).collect();
    let message = match places.as_slice() {
        [only] => format!("there is no {only}"),
        [first, second] => format!("there is neither {first} nor {second}"),
        _ => format!("there is none of {}", places.join(", ")),
    };
    Err((message, None))
}

/// A secret's file for who deploys: as a configuration in `directory` would find it. No error has any of it.
///
/// # Errors
/// It is not there, or is no secret: why.
pub fn read_secret(written: &str, directory: &Path, cwd: &Path) -> Result<SecretFile, String> {
    find(written, directory, cwd).map_err(|(why, _)| why)
}

enum ReadFault {
    Missing,
    Unusable(String),
}

/// The secret in a file. Its first bytes are no part of any message, whatever the file is.
fn read(path: &Path) -> Result<String, ReadFault> {
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => ReadFault::Missing,
        _ => ReadFault::Unusable(format!("cannot be read: {error}")),
    };
    // Before it is opened: a pipe would keep the reader waiting.
    if !std::fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(ReadFault::Unusable("is not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_SECRET_BYTES + 3).unwrap_or(u64::MAX);
    File::open(path).map_err(cannot)?.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    let mut text = String::from_utf8(bytes).map_err(|_| ReadFault::Unusable("is not UTF-8".to_owned()))?;
    // Editors, and `echo`, end a file with a line end that is no part of what was meant.
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    match text.len() {
        0 => Err(ReadFault::Unusable("is empty".to_owned())),
        length if length > MAX_SECRET_BYTES => Err(ReadFault::Unusable(format!("is {TOO_LARGE}"))),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests;
