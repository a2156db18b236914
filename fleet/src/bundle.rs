//! A bundle: an app's files as one immutable thing that is named by its hash. Its manifest lists every file with its size
//! and hash, in the order of paths; the SHA-256 of the manifest's bytes is the bundle's name. The files' bytes, one behind
//! the other, are cut into chunks. There are no modes, times, links or empty directories: two directories with the same
//! files are the same bundle.

pub(crate) mod pack;
pub(crate) mod unpack;

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// Most bytes of all files.
pub(crate) const MAX_BYTES: u64 = 32 << 20;
/// Most files.
pub(crate) const MAX_FILES: usize = 5000;
/// Largest manifest: it is one value in etcd.
pub(crate) const MAX_MANIFEST: usize = 1 << 20;
/// Bytes of a chunk. A request to etcd has 1.5 MiB at most.
pub(crate) const CHUNK: usize = 512 << 10;
const MAX_PATH: usize = 1024;
const MAX_NAME: usize = 255;

/// What a bundle consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) version: u32,
    pub(crate) files: Vec<FileEntry>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileEntry {
    /// Relative, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub(crate) sha256: String,
}

/// Why something is not a bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    #[error(
        "the manifest has {0} bytes, and may have {MAX_MANIFEST}: use fewer files, or put them into one by bundling"
    )]
    LargeManifest(usize),
    #[error("the manifest is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("manifests of version {0} are not known")]
    Version(u32),
    #[error("{0} files are too many: a bundle has {MAX_FILES} at most")]
    Files(usize),
    #[error("{0} bytes are too many: a bundle has {MAX_BYTES} at most")]
    Bytes(u64),
    #[error("{0:?} is no path of a bundle's file")]
    Path(String),
    #[error("{0:?} is there twice, or as a file and as a directory")]
    Twice(String),
    #[error("{what} does not match its checksum")]
    Checksum { what: String },
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error("{0} is neither a file nor a directory: bundles have no links or devices")]
    Kind(String),
    #[error("chunk {0} is missing or has a wrong size")]
    Chunk(usize),
}

impl Manifest {
    /// A manifest that is safe to unpack.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, BundleError> {
        if text.len() > MAX_MANIFEST {
            return Err(BundleError::LargeManifest(text.len()));
        }
        let manifest: Self = serde_json::from_slice(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), BundleError> {
        if self.version != 1 {
            return Err(BundleError::Version(self.version));
        }
        if self.files.len() > MAX_FILES {
            return Err(BundleError::Files(self.files.len()));
        }
        let total = self.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
        if total > MAX_BYTES {
            return Err(BundleError::Bytes(total));
        }
        let (mut files, mut directories) = (BTreeSet::new(), BTreeSet::new());
        for file in &self.files {
            if !is_path(&file.path) || !is_hex(&file.sha256) {
                return Err(BundleError::Path(file.path.chars().take(100).collect()));
            }
            let mut parent = file.path.as_str();
            while let Some((above, _)) = parent.rsplit_once('/') {
                directories.insert(above);
                parent = above;
            }
            if !files.insert(file.path.as_str()) {
                return Err(BundleError::Twice(file.path.clone()));
            }
        }
        match files.intersection(&directories).next() {
            Some(both) => Err(BundleError::Twice((*both).to_owned())),
            None => Ok(()),
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, BundleError> {
        let text = serde_json::to_vec(self)?;
        if text.len() > MAX_MANIFEST {
            return Err(BundleError::LargeManifest(text.len()));
        }
        Ok(text)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(crate) fn chunks(&self) -> usize {
        usize::try_from(self.bytes()).unwrap_or(usize::MAX).div_ceil(CHUNK)
    }
}

/// Relative, of plain components that every file system takes.
fn is_path(path: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.len() <= MAX_NAME;
    path.len() <= MAX_PATH && !path.chars().any(|char| char.is_control() || char == '\\') && path.split('/').all(part)
}

/// `sha256:` and the digits.
pub(crate) fn hash_of(manifest: &[u8]) -> String {
    format!("sha256:{}", sha256(manifest))
}

pub(crate) fn is_hash(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_hex)
}

fn is_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of its directory.
pub(crate) fn directory_name(hash: &str) -> String {
    hash.replace(':', "-")
}

#[cfg(test)]
mod tests;
