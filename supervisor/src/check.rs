//! `nano check`: a configuration is read as `nano serve` would read it, and every app's module is loaded by a real
//! worker.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nano_config::{AppStart, Config, ConfigError};
use nano_spawner::{ConfigSource, explain};
use nix::unistd::geteuid;
use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::bundler::{self, BundlerError};
use crate::certificates;
use crate::fleet::{Fleet, NoProc, NoWorker, SandboxEnforcement, SpawnerError, StartedSpawner, find_worker};
use crate::identity::Identity;
use crate::limits::{self, TooLittle};
use crate::privileges::{give_up, harden};
use crate::project::{Output, Project, ProjectError, ProjectPath};
use crate::reload;
use crate::telemetry::{AppMetrics, Metrics};

/// How many workers load apps at once.
const AT_ONCE: usize = 4;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Faults of the file or the apps' modules.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no worker program.
    #[error(transparent)]
    NoWorker(#[from] NoWorker),
    /// There is no spawner.
    #[error(transparent)]
    Spawner(#[from] SpawnerError),
    /// Workers' sandboxes could not be inspected.
    #[error(transparent)]
    Proc(#[from] NoProc),
    /// Limits are too low.
    #[error(transparent)]
    Limits(#[from] TooLittle),
    /// It is no project.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// There is no bundle.
    #[error(transparent)]
    Bundler(#[from] BundlerError),
    /// What is wrong with a project.
    #[error("{}", .0.join("\n"))]
    Sources(Vec<String>),
    /// The system refused something.
    #[error("the check cannot be run: {}", explain(.0))]
    Io(#[from] io::Error),
}

impl CheckError {
    /// In the form of the control socket's errors: `error`, and of a configuration `code` and `faults`.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Self::Config(error) => {
                let faults: Vec<_> = error.diagnostics().iter().map(crate::control::fault_json).collect();
                json!({ "error": self.to_string(), "code": "config_invalid", "faults": faults })
            }
            _ => json!({ "error": self.to_string() }),
        }
    }
}

/// Checks the file and loads its apps. Blocks.
///
/// # Errors
/// Everything that is wrong, each with its place.
pub fn check(file: &Path) -> Result<Config, CheckError> {
    limits::raise()?;
    let root = geteuid().is_root();
    let started = StartedSpawner::start(&ConfigSource::File(file.to_owned()), &find_worker()?, None)?;
    harden();
    let (version, config) = started.load_uninterrupted()??;
    certificates::load(&config)?;
    let sandbox_enforcement = SandboxEnforcement::new(&config, root);
    sandbox_enforcement.check()?;
    // Not fatal: only workers talk to this process, and each reports the layers that it lacks.
    let _ = give_up(Identity::for_supervisor(config.uid_base));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    let (spawner, process) = {
        let _within = runtime.enter();
        started.connect()?
    };
    let fleet = Fleet::new(Rc::clone(&spawner), Arc::new(Metrics::default()), sandbox_enforcement, Duration::ZERO);
    let faults = local.block_on(&runtime, async {
        tokio::select! {
            faults = load_all(&config, version, &fleet) => Ok(faults),
            () = spawner.run() => Err(SpawnerError::Gone),
        }
    });
    // In this order: the tasks that use the spawner, then the spawner's client, then the spawner, which ends its
    // workers.
    drop((local, fleet, spawner));
    drop(process);
    let faults = faults?;
    match ConfigError::from_diagnostics(faults) {
        Some(error) => Err(error.into()),
        None => Ok(config),
    }
}

/// Checks a project as `nano dev` would serve it: makes its bundle, and loads that. What is to be known all the same.
/// Blocks.
///
/// # Errors
/// Everything that is wrong, each with its place.
pub fn check_project(path: &ProjectPath) -> Result<Vec<String>, CheckError> {
    let listed = bundler::listed_modules(&find_worker()?)?;
    let project = Project::read(path)?;
    let mut output = Output::new(0, None)?;
    let mut notes = project.notes.clone();
    let module = match &project.main {
        None => None,
        Some(main) => {
            let out = output.next()?;
            let bundle = bundler::bundle(&project.request(main, &out, &listed), None)?;
            if !bundle.errors.is_empty() {
                return Err(CheckError::Sources(bundle.errors.iter().map(bundler::fault).collect()));
            }
            notes.extend(bundle.warnings.iter().map(bundler::fault));
            Some(out)
        }
    };
    output.write(&project, module)?;
    match check(&output.config()) {
        Ok(_) => Ok(notes),
        // Without places in a configuration that nobody wrote.
        Err(CheckError::Config(error)) => {
            Err(CheckError::Sources(error.diagnostics().iter().map(|fault| fault.message.clone()).collect()))
        }
        Err(other) => Err(other),
    }
}

async fn load_all(config: &Config, version: u64, fleet: &Fleet) -> Vec<nano_config::Diagnostic> {
    let mut faults = Vec::new();
    let apps: Vec<_> = config.apps.iter().enumerate().collect();
    for apps in apps.chunks(AT_ONCE) {
        let mut started = Vec::new();
        for (index, app) in apps {
            let mut single = (*app).clone();
            single.settings.workers = 1;
            started.push((
                *index,
                *app,
                fleet.start(version, single, Arc::new(AppMetrics::default()), AppStart::Eager),
            ));
        }
        faults.extend(reload::wait_until_ready(&started).await);
        // Dropping it kills and reaps the workers.
    }
    faults
}
