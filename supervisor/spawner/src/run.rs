//! The spawner's process: answers the supervisor, supervises the workers' processes, and cleans up at its end.

mod assets;
mod certificates;
mod generations;
mod successor;
mod workers;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nano_protocol::ExitCode;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::geteuid;

use crate::certificates::ReadingCertificates;
use crate::descriptors;
use crate::generation::AppGeneration;
use crate::groups::{self, Groups};
use crate::inheritance::Inheritance;
use crate::listing::Listing;
use crate::load::{ConfigVersion, LoadOutcome, Loading};
use crate::packet::{Packet, Wait, receive, send};
use crate::shortage::explain;
use crate::signals;
use crate::source::ConfigSource;
use crate::spawn::{ProcessFactory, WorkerProcess};
use crate::uid::Uids;
use crate::watching::Watching;
use crate::wire::{Reply, Request, SocketFile, SpawnerRefusal};
use successor::Successor;
pub use successor::TAKE_OVER_FLAG;
use workers::{inspect, no_generation};

/// Replies that may wait for the supervisor to read them. While there are so many, no further request is read.
const MAX_PENDING_REPLIES: usize = 64;

/// How long killed workers may take to end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Runs until the supervisor ends. `arguments` are those after [`crate::SUBCOMMAND`].
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match Spawner::new(arguments) {
        Ok(mut spawner) => {
            let outcome = spawner.serve();
            spawner.clear_up();
            spawner.groups.close();
            match outcome {
                Ok(()) => ExitCode::Done,
                Err(error) => fail(&error),
            }
        }
        Err(error) => fail(&error),
    }
}

fn fail(error: &io::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "nano: the spawner ends: {}", explain(error));
    ExitCode::Failed
}

/// What poll(2) found ready.
struct ReadyEvents {
    workers: Vec<u64>,
    loading: bool,
    certificates: bool,
    /// Processes that list assets, by their index.
    listings: Vec<usize>,
    /// Watchers with messages, by their index.
    watchers: Vec<usize>,
    /// The process that waits for the nano that is to take over.
    successor: bool,
}

struct Spawner {
    /// Standard input.
    socket: OwnedFd,
    source: ConfigSource,
    factory: ProcessFactory,
    groups: Groups,
    /// Set by the first configuration; `None` if nano may not change users.
    uids: Option<Uids>,
    serving: Option<ConfigVersion>,
    loaded: Option<ConfigVersion>,
    /// The process that reads the next configuration.
    loading: Option<Loading>,
    /// The process that reads certificates anew.
    certificates: Option<ReadingCertificates>,
    /// The processes that list assets.
    listings: Vec<Listing>,
    /// How this nano was started, for one that takes over.
    inheritance: Option<OwnedFd>,
    /// Uids that apps of the nano before this one have.
    kept_uids: BTreeMap<String, u32>,
    /// The nano that is to take over.
    successor: Option<Successor>,
    watching: Watching,
    /// Socket files to remove at the end; `None` until the supervisor has sent them.
    sockets: Option<Vec<SocketFile>>,
    generations: BTreeMap<u64, AppGeneration>,
    workers: BTreeMap<u64, WorkerProcess>,
    /// The last number that was issued.
    number: u64,
    replies: VecDeque<(Reply, Option<OwnedFd>)>,
}

impl Spawner {
    fn new(mut arguments: impl Iterator<Item = OsString>) -> io::Result<Self> {
        let usage = || io::Error::new(io::ErrorKind::InvalidInput, "it is started by `nano serve` only");
        harden();
        descriptors::close_inherited();
        let program = arguments.next().ok_or_else(usage)?;
        let source = ConfigSource::from_arguments(arguments).ok_or_else(usage)?;
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        rustix::net::sockopt::socket_type(&socket).map_err(|_| usage())?;
        let factory = ProcessFactory::new(Path::new(&program))?;
        // The standard output is where nothing is to be written, or this.
        let inheritance = io::stdout().as_fd().try_clone_to_owned()?;
        let given = Inheritance::read(&inheritance).ok();
        let inheritance = given.is_some().then_some(inheritance);
        Ok(Self {
            socket,
            source,
            factory,
            groups: Groups::detect(),
            uids: None,
            serving: None,
            loaded: None,
            loading: None,
            certificates: None,
            listings: Vec::new(),
            inheritance,
            kept_uids: given.map(Inheritance::into_uids).unwrap_or_default(),
            successor: None,
            watching: Watching::default(),
            sockets: None,
            generations: BTreeMap::new(),
            workers: BTreeMap::new(),
            number: 0,
            replies: VecDeque::new(),
        })
    }

    /// Runs until the supervisor closes the socket.
    fn serve(&mut self) -> io::Result<()> {
        loop {
            // The kernel may hold a worker's group for a moment after its end.
            let swept = self.groups.sweep();
            let (socket, ended) = self.wait(self.patience(swept))?;
            self.watch();
            if let Some(loading) = &mut self.loading {
                loading.task.end_if_late();
            }
            if let Some(reading) = &mut self.certificates {
                reading.task.end_if_late();
            }
            self.listings.iter_mut().for_each(|listing| listing.task.end_if_late());
            self.reap(&ended.workers);
            if ended.successor {
                self.reap_successor();
            }
            if ended.loading {
                self.finish_loading();
            }
            if ended.certificates {
                self.finish_certificates();
            }
            self.finish_listings(&ended.listings);
            self.read_watchers(&ended.watchers);
            if socket.intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR)
                && self.replies.len() < MAX_PENDING_REPLIES
            {
                match receive(&self.socket, Wait::No) {
                    Ok(Some(packet)) => self.handle_packet(packet),
                    Ok(None) => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            if !self.send_replies()? {
                return Ok(());
            }
        }
    }

    /// The timeout until the next deadline or retry.
    fn patience(&self, swept: bool) -> PollTimeout {
        let due = [
            self.watching.due(),
            self.loading.as_ref().map(|loading| loading.task.until),
            self.certificates.as_ref().map(|reading| reading.task.until),
        ];
        let again = (!swept).then_some(Duration::from_millis(groups::RETRY_MS.into()));
        let due = due.into_iter().flatten().chain(self.listings.iter().map(|listing| listing.task.until));
        let left = due.map(|due| due.saturating_duration_since(Instant::now()));
        // Rounded up: poll(2) would return too early otherwise.
        let left = left.map(|left| left + Duration::from_millis(1)).chain(again).min();
        left.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX))
    }

    /// Waits for events: on the socket, of ended processes and of watchers.
    fn wait(&self, most: PollTimeout) -> io::Result<(PollFlags, ReadyEvents)> {
        let mut interest = PollFlags::empty();
        if self.replies.len() < MAX_PENDING_REPLIES {
            interest |= PollFlags::POLLIN;
        }
        if !self.replies.is_empty() {
            interest |= PollFlags::POLLOUT;
        }
        let mut watched = vec![PollFd::new(self.socket.as_fd(), interest)];
        watched.extend(self.processes());
        let processes = watched.len();
        watched.extend(self.watching.watchers.iter().map(|each| PollFd::new(each.messages.as_fd(), PollFlags::POLLIN)));
        let watchers = watched.len();
        // One that has ended and is not asked for yet would be ready again and again.
        let successor = self.successor.iter().filter(|each| each.runs());
        watched.extend(successor.map(|each| PollFd::new(each.pidfd.as_fd(), PollFlags::POLLIN)));
        poll_for(&mut watched, most)?;
        let socket = watched.first().and_then(PollFd::revents).unwrap_or(PollFlags::empty());
        let mut ended = self.ready_processes(watched.get(1..processes).unwrap_or_default());
        ended.successor = watched.get(watchers).is_some_and(|each| each.any() == Some(true));
        let watchers = watched.iter().take(watchers).skip(processes).enumerate();
        ended.watchers = watchers.filter(|(_, each)| each.any() == Some(true)).map(|(at, _)| at).collect();
        Ok((socket, ended))
    }

    /// The pidfds of the workers, then of the processes that list, then of those that read certificates and the
    /// configuration.
    fn processes(&self) -> impl Iterator<Item = PollFd<'_>> {
        let pidfds = self.workers.values().map(|worker| &worker.pidfd);
        let pidfds = pidfds.chain(self.listings.iter().map(|listing| &listing.task.pidfd));
        let pidfds = pidfds.chain(self.certificates.iter().map(|reading| &reading.task.pidfd));
        let pidfds = pidfds.chain(self.loading.iter().map(|loading| &loading.task.pidfd));
        pidfds.map(|pidfd| PollFd::new(pidfd.as_fd(), PollFlags::POLLIN))
    }

    fn ready_processes(&self, processes: &[PollFd<'_>]) -> ReadyEvents {
        let is_ready = |each: &PollFd<'_>| each.any().unwrap_or(false);
        let workers = self.workers.keys().zip(processes);
        let workers = workers.filter(|(_, each)| is_ready(each)).map(|(number, _)| *number).collect();
        let listings = (0..self.listings.len()).zip(processes.iter().skip(self.workers.len()));
        let listings = listings.filter(|(_, each)| is_ready(each)).map(|(at, _)| at).collect();
        ReadyEvents {
            workers,
            loading: self.loading.is_some() && processes.last().is_some_and(is_ready),
            certificates: self.certificates.is_some()
                && processes.get(self.workers.len() + self.listings.len()).is_some_and(is_ready),
            listings,
            watchers: Vec::new(),
            successor: false,
        }
    }

    fn reply(&mut self, reply: Reply, descriptor: Option<OwnedFd>) {
        self.replies.push_back((reply, descriptor));
    }

    /// Sends waiting replies as far as the socket takes them. Returns false when the supervisor is gone.
    fn send_replies(&mut self) -> io::Result<bool> {
        while let Some((reply, descriptor)) = self.replies.front() {
            let descriptors: Vec<_> = descriptor.iter().map(AsFd::as_fd).collect();
            match send(&self.socket, reply, &descriptors, Wait::No) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
            self.replies.pop_front();
        }
        Ok(true)
    }

    /// Decodes and handles a request, or refuses it. Descriptors that do not belong to it are closed.
    fn handle_packet(&mut self, packet: Packet) {
        let request = if packet.truncated {
            Err("it is too large".to_owned())
        } else {
            serde_json::from_slice(&packet.bytes).map_err(|error| format!("it cannot be read: {error}"))
        };
        match request {
            Ok(request) => self.handle(request, packet.descriptors),
            Err(why) => self.refuse(0, SpawnerRefusal::Request(why)),
        }
    }

    fn refuse(&mut self, id: u64, why: SpawnerRefusal) {
        self.reply(Reply::Refused { id, why }, None);
    }

    fn handle(&mut self, request: Request, descriptors: Vec<OwnedFd>) {
        match request {
            Request::Load { id } => self.load(id),
            Request::Commit { version } => self.commit(version),
            Request::Open { id, version, app } => match self.open(version, &app) {
                Ok(generation) => self.reply(Reply::Opened { id, generation }, None),
                Err(why) => self.refuse(id, why),
            },
            Request::Close { generation } => self.close(generation),
            Request::Spawn { id, purpose } => match self.spawn(purpose, descriptors) {
                Ok(worker) => self.reply_spawned(id, worker),
                Err(why) => self.refuse(id, why),
            },
            Request::Adopt { id, worker, generation } => match self.adopt(worker, generation) {
                Ok(layers) => self.reply(Reply::Adopted { id, layers }, None),
                Err(why) => self.refuse(id, why),
            },
            Request::Kill { worker } => {
                if let Some(worker) = self.workers.get(&worker) {
                    worker.kill();
                }
            }
            Request::Inspect { id, worker } => match self.workers.get(&worker).map(inspect) {
                Some(contradictions) => self.reply(Reply::Inspected { id, contradictions }, None),
                None => self.refuse(id, SpawnerRefusal::Request("there is no such worker".to_owned())),
            },
            Request::Watch { on } => self.watching.set(on),
            Request::Sweep { sockets } => {
                // Only the first one is trusted: later the supervisor may be compromised.
                if self.sockets.is_none() {
                    self.sockets = Some(sockets);
                } else {
                    self.refuse(0, SpawnerRefusal::Request("it has been said already".to_owned()));
                }
            }
            Request::LeaveFiles { paths } => {
                if let Some(sockets) = &mut self.sockets {
                    sockets.retain(|socket| !paths.contains(&socket.path));
                }
            }
            Request::StartSuccessor { id } => self.start_successor(id, descriptors),
            Request::EndSuccessor { id, keep } => self.end_successor(id, keep),
            Request::Module { id, generation, path, fresh } => {
                let Some(own) = self.generations.get_mut(&generation) else {
                    return self.refuse(id, no_generation());
                };
                match own.module(&path, fresh) {
                    Ok(file) => self.reply(Reply::Module { id, error: None }, Some(file.into())),
                    Err(error) => self.reply(Reply::Module { id, error: Some(error.into()) }, None),
                }
                self.watching.more();
            }
            Request::ListAssets { id, generation, fresh } => self.list_assets(id, generation, fresh),
            Request::Certificates { id } => self.read_certificates(id),
            Request::Asset { id, generation, path } => self.open_asset(id, generation, &path),
            Request::Compare { id, generation, files } => match self.generations.get(&generation) {
                Some(own) => self.reply(Reply::Compared { id, differ: own.directory.differ(&files) }, None),
                None => self.refuse(id, no_generation()),
            },
        }
    }

    fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn load(&mut self, id: u64) {
        if self.loading.is_some() {
            return self.refuse(id, SpawnerRefusal::Request("the configuration is being read".to_owned()));
        }
        let number = self.next();
        self.watching.about_to_read(&self.source);
        match Loading::start(id, number, &self.source) {
            Ok(loading) => self.loading = Some(loading),
            Err(error) => self.refuse(id, unreadable(&error)),
        }
    }

    fn finish_loading(&mut self) {
        let Some(loading) = self.loading.take() else { return };
        let id = loading.id;
        match loading.finish() {
            Ok((transfer, outcome)) => {
                // Another range takes effect at a restart only.
                if let (LoadOutcome::Valid(version), None) = (&outcome, &self.uids)
                    && geteuid().is_root()
                {
                    self.uids = Some(Uids::new(version.uid_base, std::mem::take(&mut self.kept_uids)));
                }
                let looked = match outcome {
                    LoadOutcome::Valid(version) => {
                        self.loaded = Some(version);
                        Vec::new()
                    }
                    LoadOutcome::Faulty(looked) => looked,
                };
                self.watching.was_read(looked);
                self.reply(Reply::Loaded { id }, Some(transfer));
            }
            Err(error) => self.refuse(id, unreadable(&error)),
        }
    }

    fn watch(&mut self) {
        let versions = [&self.serving, &self.loaded].into_iter().flatten();
        if let Err(error) = self.watching.start_if_due(&self.source, versions, &self.generations) {
            self.refuse(0, SpawnerRefusal::Process(format!("files cannot be watched: {}", explain(&error))));
        }
    }

    fn read_watchers(&mut self, ready: &[usize]) {
        let news = self.watching.read_messages(ready);
        if let Some(coverage) = news.coverage {
            self.reply(Reply::Covered(coverage), None);
        }
        // One such reply that waits is enough.
        if news.changed && !self.replies.iter().any(|(reply, _)| *reply == Reply::Changed) {
            self.reply(Reply::Changed, None);
        }
    }

    /// The supervisor is gone: ends all workers and removes what it left.
    fn clear_up(&mut self) {
        self.abandon_successor();
        for socket in self.sockets.iter().flatten() {
            socket.remove();
        }
        for worker in self.workers.values() {
            worker.kill();
        }
        let until = Instant::now() + SHUTDOWN_GRACE;
        while !self.workers.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            let mut watched: Vec<_> = self.processes().collect();
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
            if left.is_zero() || poll_for(&mut watched, timeout).is_err() {
                return;
            }
            let ended = self.ready_processes(&watched);
            drop(watched);
            self.reap(&ended.workers);
            if ended.loading {
                self.loading = None;
            }
            if ended.certificates {
                self.certificates = None;
            }
        }
    }
}

/// Waits until one of them is ready.
fn poll_for(watched: &mut [PollFd<'_>], most: PollTimeout) -> io::Result<()> {
    match poll(watched, most) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Gives up what this process does not need. It keeps its capabilities: a process in new namespaces begins with them,
/// and gives them up when it has entered its sandbox.
fn harden() {
    // Its memory may have held apps' secrets.
    let _ = prctl::set_dumpable(false);
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = prctl::set_name(c"nano-spawner");
    // The supervisor ends this process by closing the socket; a terminal's signals do not.
    signals::begin(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGTSTP]);
}

fn unreadable(error: &io::Error) -> SpawnerRefusal {
    SpawnerRefusal::Process(format!("the configuration cannot be read: {}", explain(error)))
}
