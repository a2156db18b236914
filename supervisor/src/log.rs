//! The log: one line per event on stderr, as JSON or for people, never blocking the code that logs; and a buffer of the
//! last lines for `nanoctl logs`.

mod layer;
mod line;
mod rate;
mod recent;
mod sink;
mod text;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use nano_config::{LogFormat, MinLogLevel};
use nano_protocol::LogLine;
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;

pub(crate) use line::{level_name, pretty_from_json, timestamp};
pub use rate::LogRate;
pub(crate) use recent::{LogReader, NextRecord};
pub use recent::{Recent, Record};
use sink::Sink;

/// Target of the access log. Off with `"access": false`.
pub const ACCESS: &str = "access";

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
    access: AtomicBool,
    recent: Arc<Recent>,
    sink: Sink,
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
            access: AtomicBool::new(settings.access),
            recent: Arc::default(),
            sink: Sink::start(io::stderr(), if pretty { line::dropped_pretty } else { line::dropped_json })?,
        };
        let logs = Self { shared: Arc::new(shared) };
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
        self.shared.access.store(settings.access, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
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

    /// Lines that were dropped because stderr was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.sink.dropped()
    }

    /// Waits until everything logged so far is written, but not longer than `most`.
    pub fn flush(&self, most: Duration) {
        self.shared.sink.flush(most);
    }

    /// The level that is logged from.
    pub(crate) fn level(&self) -> Level {
        level_at(self.shared.level.load(Ordering::Relaxed))
    }

    fn enabled(&self, target: &str, level: Level) -> bool {
        // From other crates only warnings and errors: nano does not vet the format of their debug lines.
        let of_apps = target == APP || target == ACCESS;
        let own = of_apps || target.starts_with("nano") && self.shared.voice == Voice::All;
        level <= self.level()
            && (own || level <= Level::WARN)
            && (target != ACCESS || self.shared.access.load(Ordering::Relaxed))
    }
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
