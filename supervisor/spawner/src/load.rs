//! Reads the configuration in a process of its own: the text has every app's secrets in it, and they must not stay in
//! the memory of the spawner or of anything that it starts later.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nano_config::Config;
use serde::{Deserialize, Serialize};

use crate::certificates::CertificatePaths;
use crate::config_transfer::ConfigTransfer;
use crate::forked_task::{ForkedTask, TaskError, memory, sealed, write};
use crate::requested_modules::RequestedModules;
use crate::source::ConfigSource;
use crate::watch::{Fingerprint, WatchedPaths};

/// How long reading the configuration and looking up its apps' paths may take.
const LOAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What the spawner keeps of one version of the configuration. It contains no secrets.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConfigVersion {
    pub(crate) number: u64,
    pub(crate) uid_base: Option<u32>,
    pub(crate) apps: HashMap<String, AppPolicy>,
    /// The files of its certificates.
    pub(crate) certificates: CertificatePaths,
    /// The files of secrets, and their states when they had been read.
    secrets: Vec<(Vec<u8>, Fingerprint)>,
}

/// The result of reading the configuration, for the spawner.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum LoadOutcome {
    Valid(ConfigVersion),
    /// The paths where apps, certificates and secrets were looked for, and their state: when one changes, the configuration may become valid.
    Faulty(Vec<(Vec<u8>, Fingerprint)>),
}

/// What the spawner keeps of one app: where its files are and how much memory its workers may use.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AppPolicy {
    root: Vec<u8>,
    path: Vec<u8>,
    entry: String,
    assets: Option<AssetsPolicy>,
    /// The state of `root` when it was read.
    seen: Fingerprint,
    /// `memory_mb` in bytes.
    pub(crate) memory: u64,
}

/// Where an app's static files are, and the state of that directory when it was read.
#[derive(Debug, Serialize, Deserialize)]
struct AssetsPolicy {
    root: Vec<u8>,
    path: Vec<u8>,
    seen: Fingerprint,
}

impl AppPolicy {
    /// The directory of its static files.
    pub(crate) fn assets(&self) -> Option<PathBuf> {
        self.assets.as_ref().map(|assets| OsString::from_vec(assets.root.clone()).into())
    }

    /// Whether it may have workers.
    pub(crate) fn has_module(&self) -> bool {
        !self.entry.is_empty()
    }

    pub(crate) fn root(&self) -> PathBuf {
        OsString::from_vec(self.root.clone()).into()
    }

    /// The path as it is written in the configuration, with its symbolic links.
    pub(crate) fn path(&self) -> PathBuf {
        OsString::from_vec(self.path.clone()).into()
    }

    /// The path to the directory of its modules: `path`, or its parent if `path` names the module itself.
    fn way(&self) -> PathBuf {
        let path = self.path();
        let names_module = path.file_name().is_some_and(|name| name == self.entry.as_str());
        match path.parent() {
            // A directory with the module's name that contains a module of that name is its own root.
            Some(parent) if names_module && !self.root().ends_with(&self.entry) => parent.to_owned(),
            _ => path,
        }
    }

    /// Adds what is to be watched for this app: the path to its directory, and the modules that its generations
    /// requested. If several requested the same module, the last one's state counts.
    pub(crate) fn add_places<'a>(
        &self,
        assets_seen: Option<u64>,
        requested: impl Iterator<Item = &'a RequestedModules>,
        places: &mut WatchedPaths,
    ) {
        if let Some(AssetsPolicy { path, seen, .. }) = &self.assets {
            let path = Path::new(OsStr::from_bytes(path));
            places.add(path, Some(*seen));
            places.add_tree(path, assets_seen);
        }
        if !self.has_module() {
            return;
        }
        let way = self.way();
        places.add(&way, Some(self.seen));
        let mut none = true;
        for (module, seen) in requested.flat_map(RequestedModules::iter) {
            places.add(&way.join(module), seen);
            none = false;
        }
        if none {
            places.add(&way.join(&self.entry), Some(Fingerprint::of(&self.root().join(&self.entry))));
        }
    }
}

impl ConfigVersion {
    /// Adds what is to be watched beside the apps.
    pub(crate) fn add_places(&self, places: &mut WatchedPaths) {
        for (path, seen) in &self.secrets {
            places.add(Path::new(OsStr::from_bytes(path)), Some(*seen));
        }
    }

    fn new(number: u64, config: &Config) -> Self {
        let apps = config.apps.iter().map(|app| {
            let bytes = |path: &Path| path.as_os_str().as_bytes().to_vec();
            let policy = AppPolicy {
                root: bytes(&app.root),
                path: bytes(&app.path),
                entry: app.entry.clone(),
                assets: app.assets.as_ref().map(|assets| AssetsPolicy {
                    root: bytes(&assets.root),
                    path: bytes(&assets.path),
                    seen: Fingerprint::of(&assets.root),
                }),
                seen: Fingerprint::of(&app.root),
                memory: app.settings.memory_bytes,
            };
            (app.name.clone(), policy)
        });
        let certificates = config.tls.iter().flat_map(|tls| &tls.certificates);
        let certificates = CertificatePaths::of(certificates.map(|certificate| &certificate.files));
        let secrets = config.secret_files.values().map(|file| {
            let path = file.path.as_os_str().as_bytes().to_vec();
            (path, Fingerprint::of(&file.path))
        });
        Self { number, uid_base: config.uid_base, apps: apps.collect(), certificates, secrets: secrets.collect() }
    }
}

/// A process that reads the configuration.
#[derive(Debug)]
pub(crate) struct Loading {
    /// The request's.
    pub(crate) id: u64,
    /// It may wait for a writer or a server that never answers.
    pub(crate) task: ForkedTask,
    /// For the supervisor: a [`ConfigTransfer`].
    transfer: File,
    /// For the spawner: a [`LoadOutcome`].
    version: File,
}

impl Loading {
    /// Starts the process. `number` is the version's number.
    pub(crate) fn start(id: u64, number: u64, source: &ConfigSource) -> io::Result<Self> {
        let (mut transfer, mut version) = (memory("configuration")?, memory("configuration")?);
        let task = ForkedTask::start(LOAD_TIMEOUT, || read(number, source, &mut transfer, &mut version))?;
        Ok(Self { id, task, transfer, version })
    }

    /// The result, once the process has ended: the file for the supervisor, and the outcome.
    pub(crate) fn finish(mut self) -> io::Result<(OwnedFd, LoadOutcome)> {
        self.task.finish().map_err(|error| match error {
            TaskError::Late => io::Error::other(format!(
                "it was not read within {} s: is it a file, and on a disk that answers?",
                LOAD_TIMEOUT.as_secs()
            )),
            TaskError::Io(error) => error,
            TaskError::Ended(how) => {
                io::Error::other(format!("the process that reads the configuration ended: {how:?}"))
            }
        })?;
        let mut text = Vec::new();
        self.version.rewind()?;
        self.version.read_to_end(&mut text)?;
        Ok((sealed(self.transfer)?, serde_json::from_slice(&text)?))
    }
}

fn read(number: u64, source: &ConfigSource, transfer: &mut File, version: &mut File) -> io::Result<()> {
    match source.load() {
        Ok((text, table, config)) => {
            write(transfer, &ConfigTransfer::found(number, text, table, &config))?;
            write(version, &LoadOutcome::Valid(ConfigVersion::new(number, &config)))
        }
        Err(error) => {
            write(transfer, &ConfigTransfer::faults(&error))?;
            let looked = source.places_of_files().into_iter().map(|path| {
                let seen = Fingerprint::of(&path);
                (path.into_os_string().into_vec(), seen)
            });
            write(version, &LoadOutcome::Faulty(looked.collect()))
        }
    }
}
