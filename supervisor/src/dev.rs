//! `nano dev`: serves a project as production would, from a bundle that is made anew after each change.
//!
//! This process has one thread, reads the project, watches it and has `nano-bundle` make the bundle. A second `nano`
//! serves it ([`server`]), from a configuration and a bundle in a directory of their own ([`Output`]): its supervisor,
//! spawner and workers are those of `nano serve`, and know nothing of the project.

mod page;
mod server;
mod sources;

use std::io::{self, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use nano_protocol::bundle::ListedModule;
use nano_spawner::explain;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::bundler::{self, BundlerError};
use crate::duration::millis;
use crate::fleet::{NoWorker, find_worker};
use crate::printable;
use crate::project::{Output, Project, ProjectError, ProjectPath};
use server::{Server, ServerError};
use sources::Sources;

/// Port without `--port`: that of `wrangler dev`.
pub const DEV_PORT: u16 = 8787;

/// A series of changes ends when there is none for so long. Editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(15);

/// A series that does not end is taken for one after so long.
const MAX_SERIES: Duration = Duration::from_secs(1);

/// What to serve, and where.
#[derive(Debug)]
pub struct DevOptions {
    /// The project.
    pub project: ProjectPath,
    /// The addresses' port; 0: any.
    pub port: u16,
    /// Where to listen; `None`: this machine alone.
    pub ip: Option<IpAddr>,
}

/// Why a project is not served.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// It is none.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// There is no bundler.
    #[error(transparent)]
    Bundler(#[from] BundlerError),
    /// There is no worker program.
    #[error(transparent)]
    NoWorker(#[from] NoWorker),
    /// The system refused something.
    #[error("the project cannot be served: {}", explain(.0))]
    Io(#[from] io::Error),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevEnded {
    /// A signal asked for it.
    Stopped,
    /// The server ended by itself, and has said why.
    ServerEnded,
}

/// Serves a project until a signal ends it. Blocks. Call it on the only thread, after
/// [`begin`](crate::signals::begin).
///
/// # Errors
/// It cannot be served at all. What is wrong with its code is shown, and waited for.
pub fn dev(options: DevOptions) -> Result<DevEnded, DevError> {
    let worker = find_worker()?;
    // Whether it is a project at all is known before anything is started.
    let project = Project::read(&options.project)?;
    let output = Output::new(options.port, options.ip)?;
    output.write_placeholder()?;
    let stop: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect();
    let signals =
        SignalFd::with_flags(&stop, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(io::Error::from)?;
    let signals = Rc::new(signals);
    let server = Server::start(&output.config(), Rc::clone(&signals))?;
    let listed = bundler::listed_modules(&worker)?;
    let sources = Sources::new(project.directory.clone());
    let mut dev = Dev { options, output, server, listed, sources, signals, notes: Vec::new(), is_announced: false };
    match dev.run() {
        Ok(ended) => Ok(ended),
        Err(ServerError::Interrupted) => {
            dev.server.stop()?;
            Ok(DevEnded::Stopped)
        }
        // It has said why.
        Err(ServerError::Ended) => Ok(DevEnded::ServerEnded),
        Err(ServerError::Io(error)) => Err(error.into()),
    }
}

struct Dev {
    options: DevOptions,
    output: Output,
    server: Server,
    listed: Vec<ListedModule>,
    sources: Sources,
    signals: Rc<SignalFd>,
    /// What was said about the project last.
    notes: Vec<String>,
    /// Whether it was said where the project is served.
    is_announced: bool,
}

/// What woke the loop.
enum Woken {
    Signal,
    Changed,
}

/// What became of a change.
enum Built {
    /// It serves.
    Served { bundle: Duration },
    /// Nothing that is served is another.
    Same,
    /// Why it does not serve.
    Faults(Vec<String>),
}

impl Dev {
    fn run(&mut self) -> Result<DevEnded, ServerError> {
        self.server.wait_until_ready()?;
        loop {
            let begun = Instant::now();
            let built = self.build()?;
            self.report(built, begun)?;
            match self.wait()? {
                Woken::Signal => {
                    self.server.stop()?;
                    return Ok(DevEnded::Stopped);
                }
                Woken::Changed => {}
            }
        }
    }

    /// Makes the bundle of the project as it is now, and has it served.
    fn build(&mut self) -> Result<Built, ServerError> {
        let begun = SystemTime::now();
        let project = match Project::read(&self.options.project) {
            Ok(project) => project,
            Err(error) => {
                self.sources.keep()?;
                return Ok(Built::Faults(vec![error.to_string()]));
            }
        };
        self.say_notes(&project.notes);
        let bundling = Instant::now();
        let (module, files) = match &project.main {
            None => (None, Vec::new()),
            Some(main) => {
                let out = self.output.next()?;
                match bundler::bundle(&project.request(main, &out, &self.listed), Some(self.signals.as_fd())) {
                    Ok(bundle) if bundle.errors.is_empty() => {
                        for warning in &bundle.warnings {
                            say(&format!("warning: {}", bundler::fault(warning)));
                        }
                        (Some(out), bundle.files)
                    }
                    Ok(bundle) => {
                        self.sources.watch(begun, bundle.files, project.assets())?;
                        return Ok(Built::Faults(bundle.errors.iter().map(bundler::fault).collect()));
                    }
                    Err(BundlerError::Stopped) => return Err(ServerError::Interrupted),
                    Err(error) => {
                        self.sources.keep()?;
                        return Ok(Built::Faults(vec![error.to_string()]));
                    }
                }
            }
        };
        let bundle = bundling.elapsed();
        self.sources.watch(begun, files, project.assets())?;
        let assets_changed = self.sources.assets_changed();
        if !self.output.write(&project, module)? && !assets_changed {
            return Ok(Built::Same);
        }
        let faults = self.server.reload()?;
        if faults.is_empty() {
            self.output.served();
            return Ok(Built::Served { bundle });
        }
        Ok(Built::Faults(faults))
    }

    fn say_notes(&mut self, notes: &[String]) {
        if self.notes != notes {
            self.notes = notes.to_vec();
            for note in notes {
                say(note);
            }
        }
    }

    fn report(&mut self, built: Built, begun: Instant) -> Result<(), ServerError> {
        match built {
            Built::Served { bundle } => {
                self.server.show(None)?;
                if self.is_announced {
                    say(&format!("reloaded in {} ms (bundle: {} ms)", millis(begun.elapsed()), millis(bundle)));
                }
            }
            Built::Same => self.server.show(None)?,
            Built::Faults(faults) => {
                for fault in &faults {
                    say(&format!("error: {fault}"));
                }
                let until = if self.output.has_served() { "; the version before it is still served" } else { "" };
                say(&format!("waiting for a change{until}"));
                self.server.show(Some(page::html(&faults)))?;
            }
        }
        if !self.is_announced {
            self.is_announced = true;
            for address in self.server.addresses() {
                say(&format!("serving {} on http://{address}", self.options.project.path.display()));
            }
        }
        Ok(())
    }

    /// Waits for a signal, or for the end of a series of changes.
    fn wait(&mut self) -> Result<Woken, ServerError> {
        let mut series: Option<(Instant, Instant)> =
            self.sources.take_pending().then(|| (Instant::now(), Instant::now()));
        loop {
            let now = Instant::now();
            let left = match series {
                Some((first, last)) => {
                    let until = (last + QUIET).min(first + MAX_SERIES);
                    if until <= now {
                        return Ok(Woken::Changed);
                    }
                    PollTimeout::try_from(until - now + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO)
                }
                None => PollTimeout::NONE,
            };
            let watched = |fd| PollFd::new(fd, PollFlags::POLLIN);
            let messages = self.sources.messages();
            let mut all = vec![watched(self.signals.as_fd()), watched(self.server.as_fd())];
            all.extend(messages.map(watched));
            match poll(&mut all, left) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(io::Error::from(error).into()),
            }
            let ready: Vec<_> = all.iter().map(|each| each.any().unwrap_or(false)).collect();
            let is_ready = |at: usize| ready.get(at) == Some(&true);
            if is_ready(0) {
                return Ok(Woken::Signal);
            }
            if is_ready(1) {
                self.server.read()?;
            }
            if is_ready(2) && self.sources.read()? {
                let now = Instant::now();
                series = Some((series.map_or(now, |(first, _)| first), now));
            }
        }
    }
}

/// Says something to the developer.
fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "nano dev: {}", printable::lines(text));
}
