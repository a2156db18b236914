//! A configuration on its way from the spawner, which can read all files, to the supervisor, which cannot: the text and
//! what the apps' paths lead to, or the faults. It travels in a memory file, since it may be larger than a packet.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nano_config::{AssetsPlace, Config, ConfigError, Diagnostic, Module};
use serde::{Deserialize, Serialize};

use crate::ConfigSource;

/// The result of reading the configuration.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfigTransfer {
    outcome: Result<ValidConfig, Vec<DiagnosticRecord>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ValidConfig {
    version: u64,
    text: String,
    modules: Vec<ModuleRecord>,
}

/// A [`Module`] in serializable form. Paths need not be UTF-8.
#[derive(Debug, Serialize, Deserialize)]
struct ModuleRecord {
    path: Vec<u8>,
    root: Vec<u8>,
    entry: String,
    /// `path` and `root` of its assets.
    assets: Option<(Vec<u8>, Vec<u8>)>,
}

/// A [`Diagnostic`] in serializable form.
#[derive(Debug, Serialize, Deserialize)]
struct DiagnosticRecord {
    file: Vec<u8>,
    line: usize,
    column: usize,
    key: String,
    message: String,
    suggestion: Option<String>,
}

fn bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

fn path(bytes: Vec<u8>) -> PathBuf {
    std::ffi::OsString::from_vec(bytes).into()
}

impl ConfigTransfer {
    pub(crate) fn found(version: u64, text: String, config: &Config) -> Self {
        let modules = config.apps.iter().map(|app| ModuleRecord {
            path: bytes(&app.path),
            root: bytes(&app.root),
            entry: app.entry.clone(),
            assets: app.assets.as_ref().map(|assets| (bytes(&assets.path), bytes(&assets.root))),
        });
        Self { outcome: Ok(ValidConfig { version, text, modules: modules.collect() }) }
    }

    pub(crate) fn faults(error: &ConfigError) -> Self {
        let faults = error.diagnostics().iter().map(|fault| DiagnosticRecord {
            file: bytes(&fault.file),
            line: fault.line,
            column: fault.column,
            key: fault.key.clone(),
            message: fault.message.clone(),
            suggestion: fault.suggestion.clone(),
        });
        Self { outcome: Err(faults.collect()) }
    }

    /// The configuration and its version.
    ///
    /// # Errors
    /// The configuration's faults.
    pub fn config(self, source: &ConfigSource) -> Result<(u64, Config), ConfigError> {
        match self.outcome {
            Ok(ValidConfig { version, text, modules }) => {
                let modules = modules.into_iter().map(|ModuleRecord { path: at, root, entry, assets }| Module {
                    path: path(at),
                    root: path(root),
                    entry,
                    assets: assets.map(|(at, root)| AssetsPlace { path: path(at), root: path(root) }),
                });
                Ok((version, source.rebuild(&text, modules.collect())?))
            }
            Err(faults) => {
                let faults = faults.into_iter().map(|fault| Diagnostic {
                    file: path(fault.file),
                    line: fault.line,
                    column: fault.column,
                    key: fault.key,
                    message: fault.message,
                    suggestion: fault.suggestion,
                });
                match ConfigError::from_diagnostics(faults.collect()) {
                    Some(error) => Err(error),
                    None => Err(Diagnostic::at(
                        &nano_config::Location { file: PathBuf::new(), line: 0, column: 0 },
                        "",
                        "the configuration was refused without a reason",
                    )
                    .into()),
                }
            }
        }
    }
}

/// Reads the descriptor of [`crate::wire::Reply::Loaded`].
///
/// # Errors
/// It cannot be read or is malformed.
pub fn receive_config(file: OwnedFd) -> io::Result<ConfigTransfer> {
    let mut text = Vec::new();
    File::from(file).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests;
