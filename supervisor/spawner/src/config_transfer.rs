//! A configuration on its way from the spawner, which can read all files, to the supervisor, which cannot: the text, what
//! the apps' paths lead to, what certificates' and secrets' files hold, or the faults. It travels in a memory file, since it may be larger than a packet.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nano_config::{
    AssetsPlace, CertificateFiles, Config, ConfigError, Diagnostic, Found, Module, Secret, SecretFile, Table,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::ConfigSource;

/// The result of reading the configuration.
#[derive(Serialize, Deserialize)]
pub struct ConfigTransfer {
    outcome: Result<ValidConfig, Vec<DiagnosticRecord>>,
}

#[derive(Serialize, Deserialize)]
struct ValidConfig {
    version: u64,
    text: String,
    /// The file and the text of a node's table of apps.
    table: Option<(Vec<u8>, String)>,
    modules: Vec<ModuleRecord>,
    certificates: Vec<CertificateRecord>,
    /// What the text calls it, where it is, and the secret.
    secrets: Vec<(String, Vec<u8>, String)>,
    warnings: Vec<DiagnosticRecord>,
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

impl DiagnosticRecord {
    fn of(fault: &Diagnostic) -> Self {
        Self {
            file: bytes(&fault.file),
            line: fault.line,
            column: fault.column,
            key: fault.key.clone(),
            message: fault.message.clone(),
            suggestion: fault.suggestion.clone(),
        }
    }
}

impl From<DiagnosticRecord> for Diagnostic {
    fn from(fault: DiagnosticRecord) -> Self {
        Self {
            file: path(fault.file),
            line: fault.line,
            column: fault.column,
            key: fault.key,
            message: fault.message,
            suggestion: fault.suggestion,
        }
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

fn path(bytes: Vec<u8>) -> PathBuf {
    std::ffi::OsString::from_vec(bytes).into()
}

impl ConfigTransfer {
    pub(crate) fn found(version: u64, text: String, table: Option<Table>, config: &Config) -> Self {
        let table = table.map(|table| (bytes(&table.file), table.text));
        let modules = config.apps.iter().map(|app| ModuleRecord {
            path: bytes(&app.path),
            root: bytes(&app.root),
            entry: app.entry.clone(),
            assets: app.assets.as_ref().map(|assets| (bytes(&assets.path), bytes(&assets.root))),
        });
        let certificates = config.tls.iter().flat_map(|tls| &tls.certificates);
        let certificates = certificates.map(|certificate| CertificateRecord::of(&certificate.files)).collect();
        let secrets =
            config.secret_files.iter().map(|(written, file)| (written.clone(), bytes(&file.path), file.text.clone()));
        let (modules, secrets) = (modules.collect(), secrets.collect());
        let warnings = config.warnings.iter().map(DiagnosticRecord::of).collect();
        Self { outcome: Ok(ValidConfig { version, text, table, modules, certificates, secrets, warnings }) }
    }

    pub(crate) fn faults(error: &ConfigError) -> Self {
        Self { outcome: Err(error.diagnostics().iter().map(DiagnosticRecord::of).collect()) }
    }

    /// The configuration and its version.
    ///
    /// # Errors
    /// The configuration's faults.
    pub fn config(self, source: &ConfigSource) -> Result<(u64, Config), ConfigError> {
        match self.outcome {
            Ok(ValidConfig { version, text, table, modules, certificates, secrets, warnings }) => {
                let table = table.map(|(file, text)| Table { text, file: path(file) });
                let modules = modules.into_iter().map(|ModuleRecord { path: at, root, entry, assets }| Module {
                    path: path(at),
                    root: path(root),
                    entry,
                    assets: assets.map(|(at, root)| AssetsPlace { path: path(at), root: path(root) }),
                });
                let secrets =
                    secrets.into_iter().map(|(written, at, text)| (written, SecretFile { path: path(at), text }));
                let found = Found {
                    modules: modules.collect(),
                    certificates: certificates.into_iter().map(CertificateRecord::files).collect(),
                    secrets: secrets.collect(),
                    warnings: warnings.into_iter().map(Diagnostic::from).collect(),
                };
                Ok((version, source.rebuild(&text, table.as_ref(), &found)?))
            }
            Err(faults) => match ConfigError::from_diagnostics(faults.into_iter().map(Diagnostic::from).collect()) {
                Some(error) => Err(error),
                None => Err(Diagnostic::at(
                    &nano_config::Location { file: PathBuf::new(), line: 0, column: 0 },
                    "",
                    "the configuration was refused without a reason",
                )
                .into()),
            },
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
