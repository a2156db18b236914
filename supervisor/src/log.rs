//! The log: one line per event on stderr, as JSON or for people, never blocking the code that logs; and a buffer of the
//! last lines for `nanoctl logs`.

mod layer;
mod line;
mod rate;
mod recent;
mod sink;
mod text;

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nano_config::{AccessLog, LogFormat, MinLogLevel};
use nano_protocol::LogLine;
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;

pub(crate) use line::{level_name, pretty_from_json, timestamp};
pub use rate::LogRate;
pub(crate) use recent::{LogReader, NextRecord};
pub use recent::{Recent, Record};
use sink::Sink;

/// Target of lines of the access log that are about no request. Off with `"access": false`.
pub const ACCESS: &str = "access";

/// Target of the access log's line for each request, with fields. With `"access": "combined"` only those who follow the
/// log get it.
pub(crate) const REQUEST: &str = "access::request";

/// Target of the same line in the Combined Log Format, as a message.
pub(crate) const COMBINED: &str = "access::combined";

/// Target of apps' own lines.
pub const APP: &str = "nano::app";

/// Target of flight records: their lists are JSON already.
pub(crate) const FLIGHT: &str = "nano::flight";

/// The log of this process. Clones are the same log.
#[derive(Debug, Clone)]
pub struct Logs {
    shared: Arc<LogState>,
}

/// Whose lines there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// nano's and its apps'.
    All,
    /// The apps' and the access log; of nano's own, warnings and errors.
    Apps,
}

#[derive(Debug)]
struct LogState {
    pretty: bool,
    colour: bool,
    voice: Voice,
    level: AtomicU8,
    /// The level of the configuration. The one above differs where an operator has set another.
    configured: AtomicU8,
    /// Any access log.
    access: AtomicBool,
    /// The access log in the Combined Log Format.
    combined: AtomicBool,
    recent: Arc<Recent>,
    sink: Sink,
    /// The standard output, once that is used.
    requests: OnceLock<Sink>,
}

impl Logs {
    /// Starts the log and makes it the process's subscriber.
    ///
    /// # Errors
    /// Its thread cannot be started, or there is a subscriber already.
    pub fn start(settings: &nano_config::Log, voice: Voice) -> io::Result<Self> {
        let terminal = io::stderr().is_terminal();
        let pretty = match settings.format {
            Some(format) => format == LogFormat::Pretty,
            None => terminal,
        };
        let shared = LogState {
            pretty,
            colour: terminal && std::env::var_os("NO_COLOR").is_none(),
            voice,
            level: AtomicU8::new(level_index(settings.level)),
            configured: AtomicU8::new(level_index(settings.level)),
            access: AtomicBool::new(settings.access != AccessLog::Off),
            combined: AtomicBool::new(false),
            recent: Arc::default(),
            sink: Sink::start(io::stderr(), if pretty { line::dropped_pretty } else { line::dropped_json })?,
            requests: OnceLock::new(),
        };
        let logs = Self { shared: Arc::new(shared) };
        logs.set_access(settings.access)?;
        let subscriber = tracing_subscriber::registry().with(layer::LogLayer(logs.clone()));
        tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)?;
        Ok(logs)
    }

    /// Applies the settings that can change while nano runs: level and access log. A level that an operator has set stays
    /// until the configuration's changes.
    pub fn apply(&self, settings: &nano_config::Log) {
        let level = level_index(settings.level);
        if self.shared.configured.swap(level, Ordering::Relaxed) != level {
            self.shared.level.store(level, Ordering::Relaxed);
        }
        let failed = self.set_access(settings.access);
        tracing::callsite::rebuild_interest_cache();
        if let Err(error) = failed {
            tracing::error!(%error, "no access log: its thread cannot be started");
        }
    }

    /// Nothing is logged of requests where this fails.
    fn set_access(&self, access: AccessLog) -> io::Result<()> {
        self.shared.access.store(access != AccessLog::Off, Ordering::Relaxed);
        self.shared.combined.store(access == AccessLog::Combined, Ordering::Relaxed);
        if access == AccessLog::Combined && self.shared.requests.get().is_none() {
            // What is dropped is counted, and not reported among lines of another format.
            let _ = self.shared.requests.set(Sink::start(io::stdout(), |_| String::new())?);
        }
        Ok(())
    }

    /// Logs from this level on, whatever the configuration says, and returns the level until now.
    pub(crate) fn set_level(&self, level: Level) -> Level {
        let before = self.level();
        let index = LEVELS.iter().position(|each| *each == level).and_then(|index| u8::try_from(index).ok());
        self.shared.level.store(index.unwrap_or(0), Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
        before
    }

    /// The level of the configuration.
    pub(crate) fn configured_level(&self) -> Level {
        level_at(self.shared.configured.load(Ordering::Relaxed))
    }

    /// The buffer of the last lines, and the subscription to later ones.
    #[must_use]
    pub fn recent(&self) -> &Arc<Recent> {
        &self.shared.recent
    }

    /// Lines that were dropped because stderr, or stdout, took no more.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.sink.dropped() + self.shared.requests.get().map_or(0, Sink::dropped)
    }

    /// Waits until everything logged so far is written, but not longer than `most`.
    pub fn flush(&self, most: Duration) {
        self.shared.sink.flush(most);
        if let Some(requests) = self.shared.requests.get() {
            requests.flush(most);
        }
    }

    /// The level that is logged from.
    pub(crate) fn level(&self) -> Level {
        level_at(self.shared.level.load(Ordering::Relaxed))
    }

    fn enabled(&self, target: &str, level: Level) -> bool {
        let combined = self.shared.combined.load(Ordering::Relaxed);
        match target {
            // For programs, so `log.level` does not concern it.
            COMBINED => return combined,
            REQUEST if combined && !self.shared.recent.watched() => return false,
            REQUEST | ACCESS if !self.shared.access.load(Ordering::Relaxed) => return false,
            _ => {}
        }
        // From other crates only warnings and errors: nano does not vet the format of their debug lines.
        let of_apps = target == APP || is_access(target);
        let own = of_apps || target.starts_with("nano") && self.shared.voice == Voice::All;
        level <= self.level() && (own || level <= Level::WARN)
    }

    /// The least severe level of any line.
    fn most_verbose(&self) -> Level {
        if self.shared.combined.load(Ordering::Relaxed) { self.level().max(Level::INFO) } else { self.level() }
    }
}

/// Whether a line belongs to the access log.
fn is_access(target: &str) -> bool {
    matches!(target, ACCESS | REQUEST | COMBINED)
}

/// From the most severe, in the order of `log.level`.
const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];

fn level_at(index: u8) -> Level {
    LEVELS.get(usize::from(index)).copied().unwrap_or(Level::TRACE)
}

/// Its place in [`LEVELS`].
fn level_index(level: MinLogLevel) -> u8 {
    match level {
        MinLogLevel::Error => 0,
        MinLogLevel::Warn => 1,
        MinLogLevel::Info => 2,
        MinLogLevel::Debug => 3,
        MinLogLevel::Trace => 4,
    }
}

/// Logs why nano ends, if the log is JSON: as one line on stderr, in addition to the message for people. For times when
/// there is no log yet, or none any more.
pub(crate) fn last_error<const N: usize>(
    format: Option<LogFormat>,
    message: &str,
    fields: [(&'static str, serde_json::Value); N],
) {
    let json = format.map_or_else(|| !io::stderr().is_terminal(), |format| format == LogFormat::Json);
    if json {
        let _ = io::stderr().lock().write_all(line::last_error(message, fields).as_bytes());
    }
}

/// Logs one message of an app.
pub fn app_line(app: &str, pid: u32, line: &LogLine) {
    let LogLine { level, request_id, message, dropped } = line;
    let request_id = (!request_id.is_empty()).then_some(request_id.as_str());
    let dropped = (*dropped > 0).then_some(*dropped);
    macro_rules! log {
        ($level:ident) => {
            tracing::event!(target: APP, Level::$level, app, request_id, pid, dropped, "{message}")
        };
    }
    match level {
        nano_protocol::LogLevel::Debug => log!(DEBUG),
        nano_protocol::LogLevel::Info => log!(INFO),
        nano_protocol::LogLevel::Warn => log!(WARN),
        nano_protocol::LogLevel::Error => log!(ERROR),
    }
}
