//! A configuration on its way from the spawner, which can read all files, to the supervisor, which cannot: the text, what
//! the apps' paths lead to and the certificates' files, or the faults. It travels in a memory file, since it may be larger than a packet.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nano_config::{AssetsPlace, CertificateFiles, Config, ConfigError, Diagnostic, Module, Secret};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

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
    certificates: Vec<CertificateRecord>,
}

/// [`CertificateFiles`] in serializable form.
#[derive(Serialize, Deserialize)]
pub(crate) struct CertificateRecord {
    cert: Vec<u8>,
    key: Vec<u8>,
    cert_pem: Vec<u8>,
    key_pem: Vec<u8>,
}

impl std::fmt::Debug for CertificateRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a certificate")
    }
}

impl CertificateRecord {
    pub(crate) fn of(files: &CertificateFiles) -> Self {
        Self {
            cert: bytes(&files.cert),
            key: bytes(&files.key),
            cert_pem: files.cert_pem.to_vec(),
            key_pem: files.key_pem.expose().to_vec(),
        }
    }

    pub(crate) fn files(mut self) -> CertificateFiles {
        CertificateFiles {
            cert: path(std::mem::take(&mut self.cert)),
            key: path(std::mem::take(&mut self.key)),
            cert_pem: std::mem::take(&mut self.cert_pem).into(),
            key_pem: Secret::new(std::mem::take(&mut self.key_pem)),
        }
    }
}

impl Drop for CertificateRecord {
    fn drop(&mut self) {
        self.key_pem.zeroize();
    }
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
        let certificates = config.tls.iter().flat_map(|tls| &tls.certificates);
        let certificates = certificates.map(|certificate| CertificateRecord::of(&certificate.files)).collect();
        Self { outcome: Ok(ValidConfig { version, text, modules: modules.collect(), certificates }) }
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
            Ok(ValidConfig { version, text, modules, certificates }) => {
                let modules = modules.into_iter().map(|ModuleRecord { path: at, root, entry, assets }| Module {
                    path: path(at),
                    root: path(root),
                    entry,
                    assets: assets.map(|(at, root)| AssetsPlace { path: path(at), root: path(root) }),
                });
                let certificates: Vec<_> = certificates.into_iter().map(CertificateRecord::files).collect();
                Ok((version, source.rebuild(&text, modules.collect(), &certificates)?))
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
    let mut text = Zeroizing::new(Vec::new());
    File::from(file).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests;
