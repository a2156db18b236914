//! Where the account and the certificates are kept: in a folder for each authority's directory, since a certificate of a
//! staging environment must not serve when production is configured.
//!
//! ```text
//! STORAGE/lock                                   held by the nano that orders
//! STORAGE/acme.example-directory-1a2b3c4d/       0700
//!     account.json                               0600, as all files: the account's key
//!     certificates/a.example                     private key and chain in PEM
//!     failures/a.example                         why orders failed, and when the next is due
//! ```
//!
//! A file is written under another name and renamed, so that it is there whole or not at all.

use std::cell::RefCell;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use nano_config::{Config, ConfigError, Diagnostic};
use nix::fcntl::{Flock, FlockArg, OFlag};
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::downstream::tls::Certificate;
use crate::identity::Identity;

/// Largest file that is read.
const MAX_FILE: u64 = 1 << 20;

/// What begins so was left behind by a write that did not come to its end. No name begins with a dot.
const UNFINISHED: &str = ".new-";

/// Something in the storage cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {doing}: {source}", .path.display())]
pub(super) struct StorageError {
    path: PathBuf,
    doing: &'static str,
    source: io::Error,
}

impl StorageError {
    fn at(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self { path, doing, source }
    }
}

/// One storage, for one authority.
#[derive(Debug)]
pub(crate) struct Storage {
    root: PathBuf,
    own: PathBuf,
    lock: RefCell<Option<Flock<File>>>,
}

impl Storage {
    /// Makes what is missing of it.
    pub(super) fn open(root: &Path, directory: &str) -> Result<Self, StorageError> {
        let own = root.join(folder(directory));
        for path in [root, &own, &own.join("certificates"), &own.join("failures")] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
            made.map_err(StorageError::at(path, "nano cannot make this directory"))?;
        }
        let storage = Self { root: root.to_path_buf(), own, lock: RefCell::default() };
        // Whether files can be written is better known now than when a certificate was issued.
        let probe = storage.own.join(format!("{UNFINISHED}probe-{}", std::process::id()));
        let written = File::create(&probe).and_then(|_| fs::remove_file(&probe));
        written.map_err(StorageError::at(&storage.own, "nano cannot write here"))?;
        if storage.lock() {
            storage.tidy();
        }
        Ok(storage)
    }

    /// Whether this nano is the one that orders: no other has the storage.
    pub(super) fn lock(&self) -> bool {
        let mut lock = self.lock.borrow_mut();
        if lock.is_none() {
            let file =
                OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(self.root.join("lock"));
            *lock = file.ok().and_then(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock).ok());
        }
        lock.is_some()
    }

    /// Removes what writes that were cut off have left.
    fn tidy(&self) {
        for entry in fs::read_dir(&self.own).into_iter().flatten().flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    pub(super) fn account(&self) -> Entry {
        Entry { file: self.own.join("account.json") }
    }

    pub(super) fn certificate_entry(&self, name: &str) -> Entry {
        Entry { file: self.own.join("certificates").join(name) }
    }

    fn failure_entry(&self, name: &str) -> Entry {
        Entry { file: self.own.join("failures").join(name) }
    }

    /// The certificate of a name, if there is one that can serve. What is wrong with another is logged.
    pub(super) fn certificate(&self, name: &str) -> Option<Arc<Certificate>> {
        let entry = self.certificate_entry(name);
        let read = entry.read().map_err(|error| error.to_string());
        let usable = read.and_then(|bytes| {
            let certificate = bytes.map(|pem| Certificate::ordered(name, &pem)).transpose();
            certificate.map_err(|why| format!("{}: {why}", entry.file.display()))
        });
        match usable {
            Ok(certificate) => certificate.map(Arc::new),
            Err(error) => {
                tracing::warn!(error, "a certificate that was kept cannot be used, and is ordered anew");
                None
            }
        }
    }

    /// What is known of the failures of a name.
    pub(super) fn failure(&self, name: &str) -> Option<Failure> {
        let bytes = self.failure_entry(name).read().ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps the failures of a name, or forgets them.
    pub(super) async fn set_failure(&self, name: &str, failure: Option<&Failure>) -> Result<(), StorageError> {
        let entry = self.failure_entry(name);
        match failure.map(serde_json::to_vec) {
            Some(Ok(bytes)) => entry.write(Zeroizing::new(bytes)).await,
            Some(Err(error)) => Err(StorageError::at(&entry.file, "it cannot be written")(error.into())),
            None => entry.remove(),
        }
    }
}

/// One file.
#[derive(Debug)]
pub(super) struct Entry {
    file: PathBuf,
}

impl Entry {
    /// What is in it; `None`: there is no such file.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        let file =
            OpenOptions::new().read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()).open(&self.file);
        let failed = StorageError::at(&self.file, "it cannot be read");
        let read = file.and_then(|file| {
            let about = file.metadata()?;
            if !about.is_file() || about.len() > MAX_FILE {
                return Err(io::Error::other("it is no file, or too large"));
            }
            // Room for all of it at once: growing would leave copies of a key behind.
            let mut bytes =
                Zeroizing::new(Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0).saturating_add(1)));
            file.take(MAX_FILE).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes it, if it is there.
    pub(super) fn remove(&self) -> Result<(), StorageError> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StorageError::at(&self.file, "it cannot be removed")(error))
            }
            _ => Ok(()),
        }
    }

    /// Puts this into its place, beside what runs meanwhile.
    pub(super) async fn write(&self, bytes: Zeroizing<Vec<u8>>) -> Result<(), StorageError> {
        let file = self.file.clone();
        let written = tokio::task::spawn_blocking(move || replace(&file, &bytes)).await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map_err(StorageError::at(&self.file, "it cannot be written"))
    }
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let no_place = || io::Error::from(io::ErrorKind::InvalidInput);
    let folder = file.parent().ok_or_else(no_place)?;
    // `certificates` and `failures` have names of hosts in them, and nothing else.
    let top = if file.ends_with("account.json") { folder } else { folder.parent().ok_or_else(no_place)? };
    let unfinished = top.join(format!("{UNFINISHED}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished).and_then(|mut new| {
        new.write_all(bytes)?;
        new.sync_all()?;
        fs::rename(&unfinished, file)?;
        File::open(folder)?.sync_all()
    });
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// The folder of an authority: what its URL says, as far as it goes into a name, and enough of its hash to tell it from
/// others.
fn folder(directory: &str) -> String {
    let rest = directory.strip_prefix("https://").unwrap_or(directory);
    let plain = rest.chars().map(|char| if char.is_ascii_alphanumeric() || char == '.' { char } else { '-' });
    let plain: String = plain.take(64).collect();
    let hash = digest(&SHA256, directory.as_bytes());
    let hash = hash.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{}-{hash}", plain.trim_matches(['-', '.']))
}

/// Makes the directory that nano keeps certificates in the supervisor's own, before root is given up: `state_dir`, or
/// `storage` where that lies elsewhere. What is in it root neither reads nor changes, and a link is not followed: it may
/// come from a supervisor that was taken over.
///
/// # Errors
/// It cannot be, with the place of `storage` in the configuration.
pub(crate) fn prepare(config: &Config) -> Result<(), ConfigError> {
    let acme = config.tls.as_ref().and_then(|tls| tls.acme.as_ref());
    let (Some(acme), Some(identity)) = (acme, Identity::for_supervisor(config.uid_base)) else { return Ok(()) };
    let path = acme.state_dir.as_deref().unwrap_or(&acme.storage);
    let fault = |error| {
        let message = format!("{} cannot be nano's own: {error}", path.display());
        Diagnostic::at(&acme.location, "tls.acme.storage", message)
    };
    Ok(own(path, acme.state_dir.is_some(), identity.numbers()).map_err(fault)?)
}

fn own(path: &Path, is_nanos: bool, (uid, gid): (u32, u32)) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
    let directory = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let owner = directory.metadata()?.uid();
    if owner == uid {
        return Ok(());
    }
    if owner != 0 {
        return Err(io::Error::other(format!("it belongs to the user {owner}, and nano runs as {uid} (chown it)")));
    }
    if !is_nanos && fs::read_dir(path)?.next().is_some() {
        return Err(io::Error::other("it belongs to root and is not empty: name a directory for nano alone"));
    }
    fchown(&directory, Some(uid), Some(gid))
}

#[cfg(test)]
mod tests;
