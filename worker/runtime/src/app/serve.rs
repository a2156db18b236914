//! A worker's life: Boot, the app's modules, Ready, requests until Drain, the end. One thread runs this and V8.
//!
//! The loop's round: sleep in poll(2) until a socket, a timer or a task of V8 is due; take what has come, dispatch it;
//! timers and tasks; then write everything that is to be sent, once per link. Where there is much to do a round ends
//! after the first call into the app's code that is over later than [`ROUND`], and the rest is done in the next ones
//! (`dispatch.rs`): what others wait for does not wait for all of it.

mod check;
mod control_modules;
mod dispatch;
mod job_queue;
mod sockets;

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nano_protocol::limits::MAX_ERROR_TEXT;
use nano_protocol::{
    AccessorStyle, Boot, BootFailed, CompatibilityFlags, ExitReason, Frame, Outbox, Ready, RequestAccessors,
    StreamViolation,
};
use nix::poll::{PollFd, PollFlags, ppoll};

use crate::app::App;
use crate::app::app_log::{AppLog, LogQueue, cut};
use crate::engine::counters::Counters;
use crate::engine::exception::{Location, ScriptError};
use crate::engine::heap_image::HeapImage;
use crate::engine::log_sink::LogLevel;
use crate::engine::modules::{SourceError, with_hint};
use crate::engine::platform;
use crate::engine::runtime::{ProgramOptions, RuntimeError};
use crate::engine::stream_budget::StreamBudget;
use crate::engine::watchdog::WatchdogThread;
use crate::exchange::link::{Link, LinkError};
use crate::exchange::request::Allowance;
use control_modules::{Asked, ControlModules};
use job_queue::{Job, JobQueue};
use sockets::Sockets;

/// How long a round works on what has come and what is due.
const ROUND: Duration = Duration::from_millis(10);
/// How old the supervisor's number of the bytes in streams may be. It changes with each chunk: too often to report each change.
const GAUGES_WITHIN: Duration = Duration::from_millis(100);
/// How long the last frames may take to be written.
const LAST_FRAMES_TIMEOUT: Duration = Duration::from_millis(250);

/// The sockets that a worker gets.
pub struct Connection {
    /// Boot, modules, logs.
    pub control: UnixStream,
    /// Requests, one link per shard of the supervisor.
    pub links: Vec<UnixStream>,
}

/// Why a worker ended that nano did not ask to end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A link failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A socket could not be prepared, or the watchdog not be started.
    #[error("cannot prepare the worker's sockets and threads: {0}")]
    Io(#[from] io::Error),
    /// The supervisor does not keep to the protocol.
    #[error("the supervisor broke the protocol: {0}")]
    Protocol(&'static str),
    /// The supervisor breaks the rules of streams.
    #[error("the supervisor broke the protocol: {0}")]
    Stream(#[from] StreamViolation),
    /// There is no runtime.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

impl ServeError {
    /// The exit status for this end.
    #[must_use]
    pub fn exit_status(&self) -> i32 {
        let reason = match self {
            Self::Link(LinkError::Closed | LinkError::Io(_)) => ExitReason::Restart,
            Self::Link(LinkError::Decode(_)) | Self::Protocol(_) | Self::Stream(_) => ExitReason::Protocol,
            Self::Runtime(RuntimeError::Memory(_)) => ExitReason::Heap,
            Self::Io(_) | Self::Runtime(_) => ExitReason::Startup,
        };
        reason.exit_status().into()
    }
}

/// A worker that has its threads but no app yet.
pub struct PreparedWorker {
    control: Link,
    links: Vec<Link>,
    watchdog: WatchdogThread,
    /// An isolate that was made ahead, and its limit of memory.
    app: Option<(u64, App)>,
}

impl PreparedWorker {
    /// Prepares everything that needs no app: V8 and the watchdog's thread. After this no thread is started any more.
    ///
    /// # Errors
    ///
    /// V8 or a thread cannot be started.
    pub fn prepare(connection: Connection) -> Result<Self, ServeError> {
        platform::initialize().map_err(RuntimeError::from)?;
        let supervisor: OwnedFd = connection.control.as_fd().try_clone_to_owned()?;
        let watchdog = WatchdogThread::start(supervisor)?;
        let links = connection.links.into_iter().map(Link::new).collect::<io::Result<_>>()?;
        Ok(Self { control: Link::new(connection.control)?, links, watchdog, app: None })
    }

    /// Makes an isolate ahead. It is used for an app with this limit of memory, in bytes; another app gets its own.
    ///
    /// # Errors
    ///
    /// There is no isolate.
    pub fn prepare_isolate(&mut self, snapshot: HeapImage, memory: u64) -> Result<(), ServeError> {
        self.app = Some((memory, App::without_program(snapshot, memory)?));
        Ok(())
    }

    /// Waits for `Adopt`: a spare gets its app, whose name is returned.
    ///
    /// # Errors
    ///
    /// See [`ServeError`]: the supervisor closed the link or broke the protocol.
    pub fn wait_for_adoption(&mut self) -> Result<String, ServeError> {
        match self.first_frame(&mut Link::scratch())? {
            Frame::Adopt { app } => Ok(app),
            _ => Err(ServeError::Protocol("a spare is not told that it is adopted")),
        }
    }

    /// The next frame of the control link.
    fn first_frame(&mut self, scratch: &mut [u8]) -> Result<Frame, ServeError> {
        loop {
            if let Some(frame) = self.control.next_frame()? {
                return Ok(frame);
            }
            let mut fds = [PollFd::new(self.control.as_fd(), PollFlags::POLLIN)];
            let _ = ppoll(&mut fds, None, None);
            self.control.receive(scratch)?;
        }
    }

    /// Waits for `Boot`, loads the app and serves until the end; or for `Check`, and checks apps until the end. Returns the
    /// exit status.
    ///
    /// # Errors
    ///
    /// See [`ServeError`]: the supervisor closed the link or broke the protocol.
    pub fn serve(mut self, snapshot: HeapImage) -> Result<i32, ServeError> {
        let mut scratch = Link::scratch();
        let boot = match self.first_frame(&mut scratch)? {
            Frame::Boot(boot) => boot,
            Frame::Check(first) => return check::run(self.control, first, snapshot, scratch),
            _ => return Err(ServeError::Protocol("the first frame is neither Boot nor Check")),
        };
        Worker::new(self, &boot, snapshot, scratch)?.run(&boot)
    }
}

/// How far the worker is.
#[derive(PartialEq, Eq)]
enum Phase {
    Loading,
    Serving,
    Draining,
}

fn boot_failed(app: &App, error: ScriptError) -> BootFailed {
    let path = app.runtime.modules.borrow().path_of(&error.location.script).unwrap_or_default();
    BootFailed {
        message: cut(&with_hint(error.message), MAX_ERROR_TEXT),
        path,
        line: error.location.line,
        column: error.location.column,
    }
}

struct Worker {
    app: App,
    sockets: Sockets,
    modules: Rc<RefCell<Asked>>,
    phase: Phase,
    scratch: Vec<u8>,
    /// What is to be done, each one call into the app's code.
    jobs: JobQueue,
    /// The link that comes first in the next round.
    next_link: usize,
    /// The link whose bodies have the next turn, and whether the next round begins with turns: the last one had no time.
    next_turn: usize,
    turns_first: bool,
    /// The last round had no time for timers: the next one begins with them.
    timers_first: bool,
    /// When to report the bytes in streams to the supervisor, if they changed.
    gauges_due: Option<Instant>,
}

impl Worker {
    fn new(prepared: PreparedWorker, boot: &Boot, snapshot: HeapImage, scratch: Vec<u8>) -> Result<Self, ServeError> {
        let control_outbox = Rc::new(RefCell::new(Outbox::default()));
        let log = Rc::new(RefCell::new(LogQueue::default()));
        let modules = Rc::new(RefCell::new(Asked::new(&control_outbox, 0)));
        let limits = &boot.limits;
        let mut app = match prepared.app {
            Some((memory, app)) if memory == limits.memory => app,
            other => {
                // V8 wants the older isolate to go before the newer one comes.
                drop(other);
                App::without_program(snapshot, limits.memory)?
            }
        };
        app.set_program(ProgramOptions {
            modules: Box::new(ControlModules::new(&modules)),
            log: Box::new(AppLog::new(Rc::clone(&log))),
            stream_budget: StreamBudget {
                max_stream_bytes: limits.stream_buffer,
                max_stream_text: limits.stream_buffer_text.clone(),
                max_total_bytes: limits.total_buffer,
                max_total_text: limits.total_buffer_text.clone(),
            },
            flags: boot.compatibility_flags,
        })?;
        {
            let mut requests = app.exchanges.requests.borrow_mut();
            requests.set_links(prepared.links.len());
            requests.allow_aborted(Allowance {
                handlers: usize::try_from(limits.max_concurrent).unwrap_or(usize::MAX),
                patience: Duration::from_millis(limits.timeout_ms.into()),
            });
        }
        app.runtime.watch(prepared.watchdog, Duration::from_millis(limits.cpu_ms.into()));
        app.runtime.modules.borrow_mut().show_as(&boot.shown);
        if boot.request_accessors == RequestAccessors::Auto {
            app.detect_accessors();
        }
        let exchanges = Rc::clone(&app.exchanges);
        let sockets = Sockets { control: prepared.control, control_outbox, log, links: prepared.links, exchanges };
        Ok(Self {
            app,
            sockets,
            modules,
            phase: Phase::Loading,
            scratch,
            jobs: JobQueue::default(),
            next_link: 0,
            next_turn: 0,
            turns_first: false,
            timers_first: false,
            gauges_due: None,
        })
    }

    fn run(mut self, boot: &Boot) -> Result<i32, ServeError> {
        let eval_at_start = boot.compatibility_flags.has_any_of(CompatibilityFlags::EVAL_AT_START);
        self.app.runtime.allow_code_generation(eval_at_start);
        let environment = self.app.set_environment(&boot.env);
        if environment.is_ok() {
            self.app.runtime.load_main(&boot.entry);
        }
        loop {
            if let Some(reason) = self.app.runtime.state.termination.reason() {
                return Ok(self.report_end(reason));
            }
            let outcome = match &environment {
                Err(fault) => Some(Err(ScriptError::new(fault.clone(), Location::default()))),
                Ok(()) => self.app.runtime.main_outcome().filter(|_| self.phase == Phase::Loading),
            };
            if let Some(outcome) = outcome {
                let started = outcome.map_err(|error| boot_failed(&self.app, error)).and_then(|()| self.start(boot));
                match started {
                    Ok(ready) => {
                        self.app.exchanges.fetches.borrow_mut().set_links(self.sockets.links.len());
                        self.send_stats();
                        self.sockets.push_after_log(&Frame::Ready(ready));
                        self.phase = Phase::Serving;
                    }
                    Err(failed) => {
                        self.app.runtime.state.log.borrow_mut().report_dropped_last();
                        self.sockets.push_after_log(&Frame::BootFailed(failed));
                        self.sockets.flush_last(Instant::now() + LAST_FRAMES_TIMEOUT);
                        return Ok(ExitReason::Startup.exit_status().into());
                    }
                }
            }
            if self.phase == Phase::Draining && self.is_done() && !self.receive_late()? && self.is_done() {
                self.app.runtime.state.log.borrow_mut().report_dropped_last();
                self.send_stats();
                self.sockets.flush_last(Instant::now() + LAST_FRAMES_TIMEOUT);
                return Ok(0);
            }
            self.flush()?;
            self.round()?;
            self.app.exchanges.send_new_counts();
            self.tell_gauges();
        }
    }

    /// Sends the gauges if they changed some time ago.
    fn tell_gauges(&mut self) {
        if !self.app.runtime.state.counters.get().is_some_and(Counters::gauges_changed) {
            self.gauges_due = None;
            return;
        }
        let now = Instant::now();
        if *self.gauges_due.get_or_insert(now + GAUGES_WITHIN) <= now {
            self.gauges_due = None;
            self.send_stats();
        }
    }

    /// Sends all counters and gauges on the control link.
    fn send_stats(&mut self) {
        if let Some(stats) = self.app.runtime.stats() {
            self.sockets.control_outbox.borrow_mut().push_stats(&stats);
        }
    }

    /// Whether nothing is in flight and nothing waits.
    fn is_done(&self) -> bool {
        !self.has_unfinished() && self.app.exchanges.is_done()
    }

    /// Hands the evaluated app to JavaScript's dispatcher.
    fn start(&mut self, boot: &Boot) -> Result<Ready, BootFailed> {
        // Its modules are evaluated.
        self.app.runtime.allow_code_generation(false);
        let style = match boot.request_accessors {
            RequestAccessors::Property => AccessorStyle::Property,
            RequestAccessors::Method => AccessorStyle::Method,
            RequestAccessors::Auto => match self.app.accessor_call() {
                None => AccessorStyle::Property,
                Some(call) => {
                    let text = format!(
                        "The app calls {call}: url, method and headers of incoming requests are methods for it. \
                         Set \"request_accessors\" to \"method\" or \"property\" to decide this yourself."
                    );
                    self.app.runtime.state.log.borrow_mut().write(LogLevel::Info, "", &text);
                    AccessorStyle::Method
                }
            },
        };
        match self.app.start(style) {
            Ok(()) => {
                let scheduled = self.app.handles_scheduled();
                Ok(Ready { v8: platform::v8_version().into(), accessors: style, scheduled })
            }
            Err(message) => {
                Err(BootFailed { message: cut(&message, MAX_ERROR_TEXT), path: boot.entry.clone(), line: 0, column: 0 })
            }
        }
    }

    /// Sleeps until something is due. Returns whether something came on the control link, and on which data links.
    fn wait(&mut self) -> (bool, Vec<usize>) {
        let deadline = match self.has_unfinished() {
            true => Some(Instant::now()),
            false => {
                let expiry = self.app.exchanges.requests.borrow().handlers_expire();
                self.app.runtime.next_deadline().into_iter().chain(self.gauges_due).chain(expiry).min()
            }
        };
        let ready = self.app.runtime.sleep(deadline, &mut self.sockets);
        self.sockets.ready(&ready)
    }

    fn receive_control(&mut self) -> Result<(), ServeError> {
        self.sockets.control.receive(&mut self.scratch)?;
        while let Some(frame) = self.sockets.control.next_frame()? {
            match frame {
                Frame::ModuleSource { id, source } => {
                    let Some(path) = self.modules.borrow_mut().answered(id) else {
                        return Err(ServeError::Protocol("a module that was not asked for"));
                    };
                    let source = source.map(|bytes| bytes.to_vec()).map_err(|error| SourceError(error.to_string()));
                    // Behind it may be a ping, which does not wait for what the module does.
                    self.jobs.push(Job::Module(path, source));
                }
                Frame::Ping(number) => {
                    self.app.runtime.state.log.borrow_mut().report_dropped();
                    self.send_stats();
                    let has_unreported = self.app.runtime.state.log.borrow().has_unreported();
                    let idle = !has_unreported
                        && !self.has_unfinished()
                        && self.app.exchanges.is_idle()
                        && self.app.runtime.is_idle();
                    self.sockets.push(&Frame::Pong { nonce: number, idle });
                }
                Frame::Drain => self.phase = Phase::Draining,
                Frame::CloseSockets => self.jobs.push(Job::CloseSockets),
                _ => return Err(ServeError::Protocol("a frame on the control link that belongs elsewhere")),
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ServeError> {
        self.sockets.flush_control()?;
        for index in 0..self.sockets.links.len() {
            match self.sockets.flush_link(index) {
                Err(LinkError::Closed) => self.close_link(index),
                flushed => flushed?,
            }
        }
        Ok(())
    }

    /// Reports why the worker ends, on every link. Returns the exit status.
    fn report_end(&mut self, reason: ExitReason) -> i32 {
        self.app.runtime.state.log.borrow_mut().report_dropped_last();
        self.app.exchanges.send_new_counts();
        self.send_stats();
        {
            let mut requests = self.app.exchanges.requests.borrow_mut();
            let culprit = self.app.runtime.state.termination.culprit().and_then(|key| requests.wire_id(key));
            for index in 0..self.sockets.links.len() {
                let culprit = culprit.filter(|(link, _)| *link == index).map(|(_, id)| id);
                if let Some(outbox) = requests.outbox(index) {
                    outbox.push(&Frame::Exiting { reason, culprit });
                }
            }
        }
        self.sockets.push_after_log(&Frame::Exiting { reason, culprit: None });
        self.sockets.flush_last(Instant::now() + LAST_FRAMES_TIMEOUT);
        reason.exit_status().into()
    }
}
