//! The node's agent in a fleet: `nano-fleet agent`, a process of its own that follows the table of apps in etcd, keeps it
//! in `state_dir` and asks for reloads. nano starts it again when it ends; nothing that serves depends on it.

mod program;

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nano_config::{Config, Diagnostic, FleetConfig, working_directory};
use nano_fleet_link::{Fault, MAX_WATCHED, STATUS_EVERY_MS, ToAgent, ToNano, line};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc;

pub use program::NoAgent;
pub(crate) use program::{Prepared, find_agent, prepare};

use crate::reload::{ReloadError, Trigger};
use crate::supervisor::Supervisor;
use crate::worker::WorkerState;

/// Longest line of the agent, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// An agent that says nothing for so long has hung, and is ended.
const SILENCE: Duration = Duration::from_millis(6 * STATUS_EVERY_MS);

/// How often it is told what the node has to do.
const LOAD_EVERY: Duration = Duration::from_secs(5);

/// How often it is told the numbers of apps that it asked for.
const NUMBERS_EVERY: Duration = Duration::from_secs(1);

/// The wait before it is started again: the first, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// Messages for it that wait: one that does not read has hung.
const OUTBOX: usize = 64;

/// Keeps an agent running, until it is dropped. Must run in a `LocalSet`.
pub(crate) async fn run(supervisor: Rc<Supervisor>, program: PathBuf, refused: Vec<Fault>) {
    let (mut wait, longest) = WAITS;
    loop {
        let begun = Instant::now();
        let why = match Agent::start(&program) {
            Ok(agent) => agent.attend(&supervisor, &refused).await,
            Err(error) => format!("it cannot be started: {error}"),
        };
        supervisor.metrics.fleet().lost();
        supervisor.crons.agent_ended();
        *supervisor.fleet_status.borrow_mut() = None;
        wait = if begun.elapsed() > longest { WAITS.0 } else { wait };
        tracing::warn!(why, again_ms = crate::duration::millis(wait), "the fleet's agent ended; what serves goes on");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(longest);
    }
}

/// A running agent. Dropping it closes its standard input, at which it ends.
struct Agent {
    pid: u32,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Agent {
    fn start(program: &Path) -> io::Result<Self> {
        // Reaped with the orphans.
        let mut child = program::command(program, "agent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A terminal's signals are nano's.
            .process_group_of_its_own()
            .spawn()?;
        let pid = child.id();
        let missing = || io::Error::other("no pipe");
        let stdin = ChildStdin::from_std(child.stdin.take().ok_or_else(missing)?)?;
        let stdout = ChildStdout::from_std(child.stdout.take().ok_or_else(missing)?)?;
        Ok(Self { pid, stdin, stdout: BufReader::new(stdout) })
    }

    /// Talks to it until it ends; why it did.
    async fn attend(self, supervisor: &Rc<Supervisor>, refused: &[Fault]) -> String {
        let Self { pid, stdin, mut stdout } = self;
        let (outbox, waiting) = mpsc::channel(OUTBOX);
        let _ = outbox.try_send(node(&supervisor.config(), refused.to_vec()));
        let agent = Ears { outbox, watched: RefCell::default() };
        tokio::select! {
            why = listen(supervisor, &mut stdout, &agent, pid) => why,
            why = speak(stdin, waiting) => why,
            why = tell(supervisor, &agent) => why,
        }
    }
}

/// Where an agent is told something, and what of.
struct Ears {
    outbox: mpsc::Sender<ToAgent>,
    /// Apps whose numbers it wants.
    watched: RefCell<Vec<String>>,
}

/// Starts a group of its own.
trait OwnGroup {
    fn process_group_of_its_own(&mut self) -> &mut Self;
}

impl OwnGroup for Command {
    fn process_group_of_its_own(&mut self) -> &mut Self {
        std::os::unix::process::CommandExt::process_group(self, 0)
    }
}

async fn listen(supervisor: &Rc<Supervisor>, stdout: &mut BufReader<ChildStdout>, agent: &Ears, pid: u32) -> String {
    let mut text = Vec::new();
    loop {
        text.clear();
        let mut bounded = (&mut *stdout).take(MAX_LINE);
        match tokio::time::timeout(SILENCE, bounded.read_until(b'\n', &mut text)).await {
            Err(_) => {
                end(pid);
                return format!("it said nothing for {} s", SILENCE.as_secs());
            }
            Ok(Err(error)) => return format!("it cannot be heard: {error}"),
            Ok(Ok(0)) => return "it ended".to_owned(),
            Ok(Ok(_)) => {}
        }
        match serde_json::from_slice(&text) {
            Ok(message) => handle(supervisor, agent, message).await,
            Err(error) => {
                end(pid);
                return format!("it said what nano does not understand: {error}");
            }
        }
    }
}

/// Its standard output is open, so the number is its own still.
fn end(pid: u32) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    }
}

async fn speak(mut stdin: ChildStdin, mut waiting: mpsc::Receiver<ToAgent>) -> String {
    while let Some(message) = waiting.recv().await {
        let Ok(text) = line(&message) else { continue };
        if let Err(error) = stdin.write_all(text.as_bytes()).await {
            return format!("it does not listen: {error}");
        }
    }
    String::new()
}

/// Tells it now and then what the node has to do, and at once when the node's own configuration has changed.
async fn tell(supervisor: &Rc<Supervisor>, agent: &Ears) -> String {
    let mut text = own_text(&supervisor.config());
    let mut changes = supervisor.rewatch.subscribe();
    let mut ticks = tokio::time::interval(LOAD_EVERY);
    let mut counts = tokio::time::interval(NUMBERS_EVERY);
    counts.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            _ = ticks.tick() => load(supervisor),
            // While there is room for other messages, too.
            () = supervisor.crons.has_questions(), if agent.outbox.capacity() > OUTBOX / 2 => {
                ToAgent::Crons { runs: supervisor.crons.questions() }
            }
            _ = counts.tick() => {
                if agent.watched.borrow().is_empty() {
                    continue;
                }
                numbers(supervisor, &agent.watched.borrow())
            }
            changed = changes.changed() => {
                let config = supervisor.config();
                if changed.is_err() || own_text(&config) == text {
                    continue;
                }
                text = own_text(&config);
                node(&config, Vec::new())
            }
        };
        if agent.outbox.try_send(message).is_err() {
            return "it reads nothing".to_owned();
        }
    }
}

fn own_text(config: &Config) -> String {
    config.source_text().to_owned()
}

fn node(config: &Config, refused: Vec<Fault>) -> ToAgent {
    let file = config.file.clone().unwrap_or_default();
    program::node_message(own_text(config), &file, &working_directory(&file), refused)
}

fn load(supervisor: &Supervisor) -> ToAgent {
    let generations = supervisor.generations.borrow();
    let sum = |of: &dyn Fn(&crate::telemetry::AppMetrics) -> u64| {
        generations.values().map(|each| of(&each.app().metrics)).sum()
    };
    ToAgent::Load {
        in_flight: sum(&|app| app.requests_in_flight()),
        workers: sum(&|app| app.workers(WorkerState::Ready)),
        requests: sum(&|app| app.requests_started()),
    }
}

fn numbers(supervisor: &Supervisor, watched: &[String]) -> ToAgent {
    let generations = supervisor.generations.borrow();
    let of = |name: &String| Some((name.clone(), generations.get(name.as_str())?.app().metrics.numbers()));
    ToAgent::Numbers { apps: watched.iter().filter_map(of).collect() }
}

async fn handle(supervisor: &Rc<Supervisor>, agent: &Ears, message: ToNano) {
    match message {
        ToNano::Reload { id } => {
            let state_dir = supervisor.config().fleet.as_ref().map(|fleet| fleet.state_dir.clone());
            let faults = match supervisor.reload(Trigger::Fleet).await {
                Ok(_) => Vec::new(),
                Err(error) => faults(&error, &state_dir.unwrap_or_default()),
            };
            // The agent waits for it, whatever else waits to be said.
            let _ = agent.outbox.send(ToAgent::Reloaded { id, faults }).await;
        }
        ToNano::Watch { mut apps } => {
            apps.truncate(MAX_WATCHED);
            *agent.watched.borrow_mut() = apps;
        }
        ToNano::Status(status) => {
            supervisor.metrics.fleet().set(status.connected, status.revision, status.in_sync);
            supervisor.metrics.fleet().set_apps([status.ready, status.refused, status.pending]);
            supervisor.metrics.fleet().set_rollouts(status.rollouts);
            *supervisor.fleet_status.borrow_mut() = Some(status);
        }
        ToNano::Cron { id, granted } => supervisor.crons.answer(id, granted),
        ToNano::Log { level, message, app } => match level.as_str() {
            "error" => tracing::error!(app, "fleet: {message}"),
            "warn" => tracing::warn!(app, "fleet: {message}"),
            "info" => tracing::info!(app, "fleet: {message}"),
            _ => tracing::debug!(app, "fleet: {message}"),
        },
    }
}

/// The faults of a reload, those of the table's apps with their indexes.
fn faults(error: &ReloadError, state_dir: &Path) -> Vec<Fault> {
    let general = |message: String| Fault { app: None, name: String::new(), message };
    match error {
        ReloadError::Config(faults) | ReloadError::Apps(faults) => {
            faults.diagnostics().iter().map(|fault| of_table(fault, state_dir)).collect()
        }
        other => vec![general(other.to_string())],
    }
}

fn of_table(fault: &Diagnostic, state_dir: &Path) -> Fault {
    let index = fault.key.strip_prefix("apps[").and_then(|rest| rest.split_once(']')?.0.parse().ok());
    let app = index.filter(|_| fault.file.starts_with(state_dir));
    let message = if app.is_some() { fault.message.clone() } else { fault.to_string() };
    Fault { app, name: String::new(), message }
}

/// What `nanoctl status` says of it.
pub(crate) fn describe(fleet: &FleetConfig) -> serde_json::Value {
    let path = |path: &Path| path.display().to_string();
    serde_json::json!({
        "endpoints": fleet.endpoints,
        "prefix": fleet.prefix,
        "node": fleet.node,
        "ca": fleet.tls.ca.as_deref().map(path),
        "cert": fleet.tls.own.as_ref().map(|(cert, _)| path(cert)),
        "key": fleet.tls.own.as_ref().map(|(_, key)| path(key)),
        "user": fleet.user.as_ref().map(|(name, _)| name),
        "password_file": fleet.user.as_ref().map(|(_, file)| path(file)),
    })
}
