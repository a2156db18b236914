//! `tls`: the certificates of the server, and what it says to clients without TLS.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::acme::AcmeConfig;
use crate::address::Fault;
use crate::error::{Location, quote_path};
use crate::hostname::HostPattern;

/// Largest file of certificates or of a key.
const MAX_PEM_BYTES: usize = 1 << 20;

/// `tls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// At least one without `acme`; no hostname is in two of them.
    pub certificates: Vec<CertificateConfig>,
    /// `acme`: certificates for the other hostnames are ordered.
    pub acme: Option<AcmeConfig>,
    /// `redirect_http`: requests without TLS for hosts that have a certificate are sent to `https`.
    pub redirect_http: bool,
    /// `hsts_s`: seconds for `Strict-Transport-Security`; 0: no such header.
    pub hsts_s: u64,
}

/// An entry of `tls.certificates`.
#[derive(Clone, Debug)]
pub struct CertificateConfig {
    /// Names and wildcards, at least one; a wildcard stands for one label, as in certificates (RFC 6125 §6.4.3).
    pub hostnames: Vec<HostPattern>,
    /// The files.
    pub files: CertificateFiles,
    /// Where `cert` and `key` are in the configuration.
    pub locations: [Location; 2],
}

/// What a configuration says does not depend on where it says it.
impl PartialEq for CertificateConfig {
    fn eq(&self, other: &Self) -> bool {
        self.hostnames == other.hostnames && self.files == other.files
    }
}

impl Eq for CertificateConfig {}

/// The files of a certificate, as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// Where the chain was found, absolute if the working directory is.
    pub cert: PathBuf,
    /// Where the private key was found.
    pub key: PathBuf,
    /// The chain's PEM.
    pub cert_pem: Arc<[u8]>,
    /// The key's PEM.
    pub key_pem: Secret,
}

/// Bytes that are shown nowhere, and overwritten when the last copy is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<Vec<u8>>>);

impl Secret {
    /// Takes the bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

impl CertificateFiles {
    /// Reads both files again, from where they were found.
    ///
    /// # Errors
    /// Why one of them cannot be read, for people.
    pub fn read_again(&self) -> Result<Self, String> {
        Ok(Self {
            cert_pem: read(&self.cert)?.to_vec().into(),
            key_pem: Secret(Arc::new(read(&self.key)?)),
            cert: self.cert.clone(),
            key: self.key.clone(),
        })
    }
}

/// Where a relative path leads: beside the configuration, else in the working directory.
pub(crate) fn places(text: &str, directory: &Path, cwd: &Path) -> Vec<PathBuf> {
    let mut places = vec![directory.join(text), cwd.join(text)];
    places.dedup();
    places
}

/// The first of the paths that leads to anything, with what is there.
pub(crate) fn find(text: &str, directory: &Path, cwd: &Path) -> Result<(PathBuf, Zeroizing<Vec<u8>>), Fault> {
    if text.is_empty() {
        return Err(("the path must not be empty".to_owned(), None));
    }
    if text.contains('\0') {
        return Err(("a path must not hold a NUL character".to_owned(), None));
    }
    let places = places(text, directory, cwd);
    match places.iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Ok((path.clone(), read(path).map_err(|why| (why, None))?)),
        // What may not be looked at is named as such.
        None => {
            let refused = places.iter().find_map(|path| match path.symlink_metadata() {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Some((path, error)),
                _ => None,
            });
            let message = match (refused, places.as_slice()) {
                (Some((path, error)), _) => format!("{} cannot be read: {error}", quote_path(path)),
                (None, [beside, within]) => {
                    format!("there is neither {} nor {}", quote_path(beside), quote_path(within))
                }
                (None, _) => {
                    places.first().map_or_else(String::new, |path| format!("there is no {}", quote_path(path)))
                }
            };
            Err((message, None))
        }
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let shown = quote_path(path);
    let cannot = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    // A pipe would be waited for.
    if !path.metadata().map_err(cannot)?.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    // Room for all of it at once: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PEM_BYTES + 1));
    let bound = u64::try_from(MAX_PEM_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(cannot)?.take(bound).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > MAX_PEM_BYTES {
        return Err(format!("{shown} is larger than {} KB: is it a PEM file?", MAX_PEM_BYTES >> 10));
    }
    let mut exact = Zeroizing::new(Vec::with_capacity(bytes.len()));
    exact.extend_from_slice(&bytes);
    Ok(exact)
}

#[cfg(test)]
mod tests;
